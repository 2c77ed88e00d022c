"""`viton prepare`: run.py does it, jobs.py says what there is to do, folder.py is what is written."""

from __future__ import annotations

from viton_cli.pipelines.prepare.run import prepare

__all__ = ["prepare"]
