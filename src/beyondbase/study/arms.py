"""The arms of a study: one model at one sampling setting each, and what they must have in common."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from beyondbase.messages import place, quote, suggest
from beyondbase.study.fields import Text
from beyondbase.study.tables import Table

Role = Literal["base", "rl", "distilled", "instruct", "teacher", "guess"]

# The name of all tasks of a study together.
ALL_TASKS = "all-tasks"

# A task and an arm: what names a sample set, or the counts of an arm.
Key = tuple[str, str]


class Arm(Table):
    """One model at one sampling setting."""

    role: Role = Field(description="what the arm is to the study")
    model: str = Field("", description="the model's name on the Hub, or any name that finds it again")
    revision: str = ""
    base: str | None = Field(None, description="the base arm that this arm starts from")
    repeats: str | None = Field(
        None, description="the arm whose model this one draws from again, at another temperature"
    )
    entropy_matched: bool = Field(
        default=False, description="whether that temperature gives it the entropy of its base"
    )
    paired: bool = Field(
        default=True,
        description="whether claims judge it beside its base; if false, only together with other arms",
    )
    secondary: bool = Field(
        default=False,
        description="whether it is a further look, such as another seed, that waits until others are decided",
    )
    algorithm: str | None = None
    step: int | None = Field(None, ge=0)
    kl: float | None = Field(None, ge=0)
    rollouts: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    n: int | None = Field(
        None, ge=1, lt=2**20, description="how many completions of each problem; that of [sampling] if absent"
    )
    max_tokens: int | None = Field(None, ge=1)
    prompt: Text | None = Field(None, description="a prompt of its own; that of [sampling] if absent")
    adapter: Text | None = Field(None, description="a LoRA adapter upon the model")
    url: Text | None = Field(None, description="the server of this arm; that of [engine] if absent")
    chance: Text | None = Field(
        None,
        description="a .csv file of its exact chances, for an arm that guesses, relative to the study file",
    )
    note: str = ""
    labels: dict[str, str] = Field(default_factory=dict)


def bases_of(arms: Mapping[str, Arm]) -> list[str]:
    """The arms that others start from: of role base, and no repeat of another."""
    return [name for name, arm in arms.items() if arm.role == "base" and arm.repeats is None]


def base_problems(arms: Mapping[str, Arm]) -> Iterator[str]:
    """What is wrong with the bases that arms start from, and with models that are not named."""
    bases = bases_of(arms)
    if not bases:
        yield 'arms: found none with role = "base"; add the arm that the others are compared with'
        return
    for name, arm in arms.items():
        # A repeat at another temperature may be set beside a base at that temperature.
        fit = bases if arm.repeats is None else [one for one in arms if arms[one].role == "base"]
        at, known = place("arms", name, "base"), ", ".join(fit)
        hint = suggest(arm.base or "", fit)
        if arm.role == "base" and arm.base is not None:
            yield f"{at}: found {quote(arm.base)} on an arm with role base; delete this key"
        elif arm.base is not None and arm.base not in fit:
            yield f"{at}: found {quote(arm.base)}; use an arm with role base: {known}{hint}"
        elif arm.role != "base" and arm.base is None and arm.repeats is None and len(bases) > 1:
            yield f"{at}: missing, and {len(bases)} arms have role base; add one of {known}"
        if arm.role != "guess" and not arm.model:
            yield f"{place('arms', name, 'model')}: missing; add {Arm.model_fields['model'].description}"


def chance_problems(arms: Mapping[str, Arm], *, counted: bool) -> Iterator[str]:
    """What is wrong with arms that guess: they have exact chances, or counts where the study has counts."""
    for name, arm in arms.items():
        at = place("arms", name, "chance")
        if arm.role != "guess" and arm.chance is not None:
            found = f"found {quote(arm.chance)} on an arm with role {arm.role}"
            yield f'{at}: {found}; delete it, or use role = "guess"'
        elif arm.role == "guess" and arm.chance is None and not counted:
            use = f"add {Arm.model_fields['chance'].description}"
            yield f"{at}: missing, and arms with role guess are not sampled; {use}"


def pair_problems(arms: Mapping[str, Arm]) -> Iterator[str]:
    """What is wrong with arms that are not to be judged beside their base, or after others."""
    for name, arm in arms.items():
        if not arm.paired and (arm.role in {"base", "guess"} or arm.repeats is not None):
            kind = f"role {arm.role}" if arm.repeats is None else f"repeats = {quote(arm.repeats)}"
            at = place("arms", name, "paired")
            use = "use it on a trained model that other arms are judged with, or delete it"
            yield f"{at}: found false on an arm with {kind}; {use}"
        if arm.secondary and arm.role in {"base", "guess"}:
            at, use = place("arms", name, "secondary"), "use it on a trained model, or delete it"
            yield f"{at}: found true on an arm with role {arm.role}; {use}"


def repeat_problems(arms: Mapping[str, Arm]) -> Iterator[str]:
    """What is wrong with arms that draw from the model of another at another temperature."""
    first = [name for name, arm in arms.items() if arm.repeats is None and arm.role != "guess"]
    for name, arm in arms.items():
        at = place("arms", name, "repeats")
        if arm.repeats is None:
            if arm.entropy_matched:
                use = "add repeats, the arm whose model it draws from"
                yield f"{place('arms', name, 'entropy_matched')}: found true on an arm without repeats; {use}"
        elif arm.repeats not in first:
            use = f"use an arm that repeats no other: {', '.join(first)}{suggest(arm.repeats, first)}"
            yield f"{at}: found {quote(arm.repeats)}; {use}"
        else:
            yield from _differences(name, arm, arms[arm.repeats])


def _differences(name: str, arm: Arm, first: Arm) -> Iterator[str]:
    for key in ("role", "model", "revision", "adapter"):
        if getattr(arm, key) != getattr(first, key):
            found = f"found {quote(getattr(arm, key))}, and {quote(getattr(first, key))} on {arm.repeats!r}"
            yield f"{place('arms', name, key)}: {found}, which this arm repeats; make them the same"
    if arm.temperature is None:
        use = f"add that at which this arm repeats {quote(arm.repeats)}"
        yield f"{place('arms', name, 'temperature')}: missing; {use}"
    at = place("arms", name, "entropy_matched")
    if arm.entropy_matched and arm.role != "rl":
        yield f"{at}: found true on an arm with role {arm.role}; use it on one with role rl"
    if arm.entropy_matched and arm.base not in {None, first.base}:
        use = f"delete it: the entropy is to be that of the base of {quote(arm.repeats)}"
        yield f"{place('arms', name, 'base')}: found {quote(arm.base)}; {use}"
