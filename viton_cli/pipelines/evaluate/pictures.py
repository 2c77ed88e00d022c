"""`viton evaluate`: results measured, each score with protocol, n, interval, and that of the photo left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from viton_cli.config import EvaluateConfig, ScoringConfig
from viton_cli.devices import use_device
from viton_cli.engines.overlap import read_ahead
from viton_cli.engines.progress import Progress
from viton_cli.errors import BadConfig, BadImage, MissingExtra, NotFetched, NothingUsable
from viton_cli.files import Entries, check_apart, expand, write_text
from viton_cli.metrics import METRICS, Metric, Score, Tools, Which
from viton_cli.metrics.case import IN_MEMORY
from viton_cli.metrics.regions import FEWEST
from viton_cli.pipelines.evaluate.groups import groups_of, read_groups
from viton_cli.pipelines.evaluate.loading import Loader, sizes
from viton_cli.pipelines.evaluate.matching import Item, listed, match
from viton_cli.pipelines.evaluate.scoring import SEEN, Measured, rows_as_csv, scores_of, warnings_of


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Scores, and what the reader of them should know.

    Attributes:
        scores: Over all pictures of a kind, then by group.
        notes: Warnings, one line each.
        missing: Measure to the command that brings what it needs.
        measured: One entry a result.
        plan: What would be done, of a dry run.
    """

    scores: list[Score]
    notes: list[str]
    missing: dict[str, str] = field(default_factory=dict)
    measured: list[Measured] = field(default_factory=list)
    plan: str = ""

    def __repr__(self) -> str:
        scores = [score for score in self.scores if not score.group]
        told = ", ".join(f"{score.name} {score.value:.4f} (n={score.n})" for score in scores)
        return f"<{self.plan or told or 'no scores'}>"


def evaluate(config: EvaluateConfig, progress: Progress | None = None) -> Evaluation:
    """Score the results of one folder. See `evaluate_folder`; writes `config.rows` if that is wanted."""
    if config.rows is not None:
        check_apart(config.rows, [*expand(config.results), *read_beside(config)], option="--rows")
        if config.rows.suffix.lower() != ".csv":
            raise BadConfig(f"--rows {config.rows}: must be a .csv file")
    found = evaluate_folder(config.results, config, progress)
    if config.rows is not None and not config.dry_run:
        write_text(config.rows, rows_as_csv(found.measured))
    return found


def read_beside(config: ScoringConfig) -> list[Path]:
    """Every file and folder that is read beside the results."""
    several = [entry for entries in (config.reference, config.person, config.labels) for entry in entries or ()]
    return [*expand(several), *(path for path in (config.pairs, config.groups) if path is not None)]


def evaluate_folder(results: Entries, config: ScoringConfig, progress: Progress | None = None) -> Evaluation:
    """Score results.

    Raises:
        UnknownName: An unknown measure.
        NothingUsable: Nothing of the results can be measured.
        BadImage: A picture cannot be read, or sizes are mixed: a score over part of the set would mislead.
    """
    progress = progress or Progress()
    metrics, missing = make_metrics(config)
    items, notes = match(results, config)
    if config.dry_run:
        plan = f"would score {len(items)} results by {', '.join(config.metrics)}"
        return Evaluation([], notes, missing, plan=plan)
    found_sizes = sizes(items)
    if len(found_sizes) > 1 and not config.mixed_sizes:
        told = ", ".join(f"{count} of {width}x{height}" for (width, height), count in sorted(found_sizes.items())[:4])
        raise BadImage(f"{listed(results)}: results of different sizes ({told}): a score would depend on the mixture; "
                       "give --mixed-sizes to allow it")  # fmt: skip
    loader = Loader(config, {need for metric in metrics for need in metric.needs})
    groups = read_groups(config.groups) if config.groups else {}
    measured = []
    progress.start(len(items), "picture")
    # Large pictures wait on the disk, but while they are unpacked they are in memory: one at a time.
    large = max(width * height for width, height in found_sizes) > IN_MEMORY
    workers = 1 if large else config.workers
    for item, future in read_ahead(
        items, lambda item: _measure(item, metrics, loader, groups), workers, 0 if large else None
    ):
        measured.append(future.result())
        progress.advance(item.name)
    scores, unsaid = scores_of(metrics, measured, config, loader)
    if not scores:
        raise NothingUsable(f"{listed(results)}: nothing can be measured: {'; '.join(notes[:2]) or 'no true pictures'}")
    notes += warnings_of(scores, measured, config, groups)
    return Evaluation(scores, notes, {**missing, **unsaid}, measured)


def make_metrics(config: ScoringConfig) -> tuple[list[Metric], dict[str, str]]:
    """The measures that can be taken, and of the others what they lack.

    Raises:
        UnknownName: No such measure. BadWeights: A given weight file is not what it should be.
    """
    use_device(config.device)
    names = list(METRICS) if config.metrics == ["all"] else list(dict.fromkeys(config.metrics))
    classes = {name: METRICS.get(name) for name in names}
    encoder = None
    if "encoder-mmd" in names:
        from viton_cli.perception.builtin.features import EncoderFeatures

        encoder = EncoderFeatures()
    tools = Tools(config.inception, config.alexnet, config.vgg16, encoder)
    metrics, missing = [], {}
    for name, make in classes.items():
        try:
            metrics.append(make(tools))
        except (MissingExtra, NotFetched) as error:
            missing[name] = str(error)
    return metrics, missing


def _measure(item: Item, metrics: Sequence[Metric], loader: Loader, groups: dict[str, dict[str, str]]) -> Measured:
    person, own_groups = groups_of(item.person, groups)
    case = loader.case(item, person)
    paired = item.paired
    if paired is None and case.truth and case.photo:
        paired = int(case.differs.sum()) < FEWEST
    measured = Measured(item, person, own_groups, "" if paired is None else "paired" if paired else "unpaired")
    for metric in metrics:
        if not all(case.has(need) for need in metric.needs):
            continue
        wanted: list[Which] = [*SEEN, "truth"] if _is_network(metric) and not metric.needs else list(SEEN)
        for which in wanted:
            if not case.has(which) and which != "result":
                continue
            with loader.lock if _is_network(metric) else _Free():
                row = metric.measure(case, which)
            if row is not None:
                measured.rows[metric.name, which] = row
    return measured


class _Free:
    """A lock nobody waits for."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def _is_network(metric: Metric) -> bool:
    return metric.name in ("encoder-mmd", "lpips", "lpips-vgg", "is", "fid", "kid")
