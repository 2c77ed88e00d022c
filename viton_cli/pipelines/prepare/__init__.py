"""`viton prepare`: run.py does it, jobs.py says what there is to do, folder.py is what is written, and export.py writes
that once more for the code of others."""

from __future__ import annotations

from viton_cli.pipelines.prepare.run import prepare

__all__ = ["prepare"]
