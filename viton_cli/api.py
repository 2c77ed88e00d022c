"""The commands as functions: each takes a command's settings by name and returns a report of what was done.

Nothing is printed: what is worth knowing goes to the log "viton_cli" (`logging.basicConfig(level="INFO")` shows it),
and a failed photo stands in the report.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from viton_cli.config import STAGES, Config, EvaluateConfig, PrepareConfig, TrainConfig, TryOnConfig, load

if TYPE_CHECKING:
    from viton_cli.engines.progress import Summary
    from viton_cli.pipelines.evaluate import Evaluation
    from viton_cli.training.report import TrainReport

Entries = str | Path | Sequence[str | Path]
F = TypeVar("F", bound=Callable[..., Any])


def _with_settings_of(model: type[Config], **own_names: str) -> Callable[[F], F]:
    """Give a function the signature of a command: its own parameters, then every other setting by name, with kind,
    default and meaning.

    Args:
        model: The command's settings. own_names: The function's own parameters, and the setting each stands for.
    """

    def make(function: F) -> F:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        taken = {own_names.get(p.name, p.name) for p in own}
        fields = {name: field for name, field in model.model_fields.items() if name not in taken}
        others = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.get_default(call_default_factory=True),
                annotation=field.annotation,
            )
            for name, field in fields.items()
        ]
        function.__signature__ = signature.replace(parameters=[*own, *others])  # type: ignore[attr-defined]
        told = [f"    {name}: {field.description}" for name, field in fields.items()]
        function.__doc__ = "\n".join([inspect.cleandoc(function.__doc__ or ""), "", "Settings:", *told])
        return function

    return make


@_with_settings_of(TryOnConfig, people="person")
def tryon(people: Entries, clothes: Entries, out: str | Path, **settings: Any) -> Summary:
    """Dress people in clothes, as `viton tryon` does.

    Args:
        people, clothes: Files, folders or patterns, one or several. out: The folder to write, or one picture.

    Returns:
        The report: counts, causes of failures, and `results`, the pictures.

    Raises:
        VitonError: Nothing could be begun.
    """
    from viton_cli.pipelines.tryon import tryon as run

    return run(load(TryOnConfig, flags={"person": people, "clothes": clothes, "out": str(out), **settings}))


@_with_settings_of(PrepareConfig, people="person")
def prepare(
    people: Entries | None = None, clothes: Entries | None = None, out: str | Path | None = None, **settings: Any
) -> Summary:
    """Write a prepared folder, as `viton prepare` does.

    Args:
        people, clothes: Files, folders or patterns, one or several; or `dataset` and `format` instead.
        out: The folder to write.

    Returns:
        The report.

    Raises:
        VitonError: Nothing could be begun.
    """
    from viton_cli.pipelines.prepare import prepare as run

    people = settings.pop("person", people)
    return run(load(PrepareConfig, flags={"person": people, "clothes": clothes, "out": out, **settings}))


@_with_settings_of(TrainConfig)
def train(
    data: str | Path | Sequence[str | Path], out: str | Path, stage: str = "both", **settings: Any
) -> TrainReport:
    """Train the networks, as `viton train` does.

    Args:
        data: Prepared folder, or FORMAT:PATH of a data set; one or several.
        out: Folder of the run.
        stage: "stage1", "stage2", "both" one after the other, or another part that `viton train` knows, which then has
            the settings of that part's command.

    Returns:
        The report: for each part its weights, its best and its last step, and the scores of the best.

    Raises:
        VitonError: Data, settings or weights cannot be used. KeyboardInterrupt: Stopped, and can be resumed.
    """
    from viton_cli.training.report import train_all

    entries = [data] if isinstance(data, (str, Path)) else list(data)
    given = {"data": [str(entry) for entry in entries], "out": out, **settings}
    return train_all(stage, load(STAGES.get(stage, TrainConfig), flags=given))


@_with_settings_of(EvaluateConfig)
def evaluate(results: Entries, reference: Entries | None = None, **settings: Any) -> Evaluation:
    """Score results against true pictures, as `viton evaluate` does.

    Args:
        results: Results: files, folders or patterns, one or several. reference: True pictures, given likewise.

    Returns:
        The report: scores with their protocol and n, and notes.

    Raises:
        VitonError: Nothing to compare, or a picture that cannot be read.
    """
    from viton_cli.pipelines.evaluate import evaluate as run

    return run(load(EvaluateConfig, flags={"results": results, "reference": reference, **settings}))
