"""The settings of `viton demo`."""

from __future__ import annotations

from pydantic import Field

from viton_cli.config.base import Inputs
from viton_cli.config.models import MethodConfig


class DemoConfig(MethodConfig):
    """`viton demo`."""

    command = "demo"

    host: str = Field("127.0.0.1", description="Address to listen on; by default only this machine reaches the page.")
    port: int = Field(7860, ge=0, le=65535, description="Port to listen on; 0: any that is free.")
    person: Inputs | None = Field(None, description="Example photos of people; by default examples/people, if here.")
    clothes: Inputs | None = Field(None, description="Example garments, likewise; by default examples/clothes.")
    threads: int | None = Field(None, ge=1, le=512, description="Threads of the networks; by default two.")
    dry_run: bool = Field(False, description="Load everything, say what address the page would have, and open none.")
