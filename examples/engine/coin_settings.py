"""Settings of an engine that tosses coins; a study is read, and judged, with this module alone."""

from typing import Annotated, Literal

from pydantic import Field

from beyondbase.engines import NO_MATTER, EngineSettings


class CoinSettings(EngineSettings):
    """A coin in the place of a model: the model of an arm is its chance of heads, such as "0.3"."""

    implementation = "coin_engine:CoinEngine"
    loads_weights = False
    engine: Literal["coin"] = "coin"
    sides: Literal["heads or tails", "yes or no"] = Field("heads or tails", description="what it says")
    pause: Annotated[float, NO_MATTER] = Field(0.0, ge=0, description="seconds before each toss")
