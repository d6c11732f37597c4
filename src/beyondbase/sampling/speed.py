"""How fast a sample set was drawn, so that the next one can be planned."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from beyondbase.files import write_whole

SPEED_FILE = "speed.json"
_BEYOND = 2**53


class Speed(BaseModel):
    """What was drawn in how long, the loading of the model left out.

    Attributes:
        completions: How many.
        tokens: How many they had.
        seconds: How long it took.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    completions: int = Field(ge=1)
    tokens: int = Field(ge=1)
    seconds: float = Field(gt=0)

    @classmethod
    def of_all(cls, speeds: Sequence[Self]) -> Self:
        """Add up what several sets took."""
        return cls(
            completions=sum(speed.completions for speed in speeds),
            tokens=sum(speed.tokens for speed in speeds),
            seconds=sum(speed.seconds for speed in speeds),
        )

    @property
    def rate(self) -> float:
        """Tokens per second."""
        return self.tokens / self.seconds


def read_speed(folder: Path) -> Speed | None:
    """Read how fast a set was drawn, or None where nobody measured it."""
    try:
        found = Speed.model_validate_json((folder / SPEED_FILE).read_bytes())
    except (OSError, ValidationError):
        # A plan is no worse than without it.
        return None
    # Nor is it without figures that nobody can have measured.
    return found if max(found.completions, found.tokens) < _BEYOND else None


def add_speed(folder: Path, speed: Speed) -> None:
    """Add what one run took to that of those before.

    Raises:
        OSError: It cannot be written.
    """
    before = read_speed(folder)
    whole = speed if before is None else Speed.of_all([before, speed])
    write_whole(whole.model_dump_json(indent=1) + "\n", folder / SPEED_FILE)
