"""`viton tryon` and `TryOn`: api.py is one pair at a time, run.py a folder of them.

given.py is what Python may give, result.py what it gets, folder.py what is written.
"""

from __future__ import annotations

from viton_cli.pipelines.tryon.api import TryOn
from viton_cli.pipelines.tryon.result import TryOnResult
from viton_cli.pipelines.tryon.run import tryon

__all__ = ["TryOn", "TryOnResult", "tryon"]
