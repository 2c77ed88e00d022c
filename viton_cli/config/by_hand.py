"""Settings that correct by hand what the networks get wrong: how garments are worn, and what is known of people."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from viton_cli.config.base import Config, Inputs

Sleeves = Literal["none", "short", "long"]


class Worn(Config):
    """How garments are worn."""

    sleeves: Sleeves | None = Field(None, description="How long the sleeves are; by default as predicted.")
    length: float | None = Field(
        None, ge=0.4, le=2.5, description="Where the hem lies below the neck; 1 is the hips. By default as predicted."
    )
    tuck: bool | None = Field(None, description="Worn tucked in, or over the lower clothes; by default as predicted.")


class OfPeople(Config):
    """What is known of people better than perception knows it. Files are named as the photos."""

    person_mask: Inputs | None = Field(None, description="Masks that are white on the person, named as the photos.")
    joints: Inputs | None = Field(None, description="OpenPose JSON files of the joints, named as the photos.")
    labels: Inputs | None = Field(None, description="PNG files of this toolkit's labels, named as the photos.")
    who: str | None = Field(None, description="Which person: 1 is the leftmost; or a box, X0,Y0,X1,Y1 in pixels.")
