"""`viton evaluate`: pictures.py compares results with true pictures, perception.py joints and labels with true ones."""

from __future__ import annotations

from viton_cli.pipelines.evaluate.pictures import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
