"""`viton tryon --watch`: photos are tried on as they arrive, until Ctrl-C."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Progress, Summary
from viton_cli.engines.share import Share
from viton_cli.errors import BadConfig, NothingUsable
from viton_cli.files import has_pattern
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.inputs import PIPE, is_folder
from viton_cli.pipelines.tryon.plan import Plan, plan_of

PAUSE = 1.0  # seconds from look to look: a file that did not change in that time is whole
State = tuple[int, int]  # size and time of change of a file


def watch(
    config: TryOnConfig,
    tools: Tools,
    progress: Progress,
    fill: Callable[[Plan, Tools, Progress], Summary],
    wait: Callable[[float], None] = time.sleep,
) -> Summary:
    """Try on what is there and then what arrives, until Ctrl-C.

    A photo is taken once it has not changed from one look to the next, so that one that is still being copied is left
    until it is whole. A pair that failed is tried again when one of its files has changed.

    Args:
        config, tools, progress: See `run.tryon`.
        fill: Makes the pairs of a plan. wait: Sleeps.

    Returns:
        What was made since the beginning. Ctrl-C while nothing is at work ends the watch; at work it is passed on.

    Raises:
        BadConfig: Settings that a watch cannot follow. NothingUsable: A folder that is not there.
    """
    _check(config)
    share, arrived, said, done = Share(), Arrived(), set[str](), Summary("pair", config.out)
    failed: dict[tuple[str, str], object] = {}  # pairs, and what they were made from
    progress.note(f"watching for photos, until Ctrl-C; results in {config.out}")
    while True:
        plan = _plan(config, share, tools, progress, arrived, said)
        if plan is not None:
            sources = plan.folder.sources
            again = {pair for pair, inputs in failed.items() if pair in plan.pairs and sources.of(*pair) == inputs}
            plan = plan.without(again)
        if plan is not None and plan.ahead:
            made = fill(plan, tools, progress)
            done = _sum(done, made)
            failed |= {pair: sources.of(*pair) for pair in plan.folder.failed() if pair in plan.pairs}
        try:
            wait(PAUSE)
        except KeyboardInterrupt:  # nothing was at work
            return done


class Arrived:
    """Which files have not changed since the last look."""

    def __init__(self) -> None:
        self.before: dict[Path, State] = {}
        self.now: dict[Path, State] = {}
        self.taken: dict[Path, State] | None = None

    def look(self) -> None:
        """Begin a new look."""
        self.before, self.now = self.now, {}

    def is_whole(self, path: Path) -> bool:
        """Whether a file is as it was at the last look, and not empty."""
        try:
            status = os.stat(path)
        except OSError:
            return False
        self.now[path] = status.st_size, status.st_mtime_ns
        return status.st_size > 0 and self.before.get(path) == self.now[path]

    def has_changed(self, whole: list[Path]) -> bool:
        """Whether these files are others than the last time it was asked."""
        taken = {path: self.now[path] for path in whole if path in self.now}
        changed, self.taken = taken != self.taken, taken
        return changed


def _plan(
    config: TryOnConfig, share: Share, tools: Tools, progress: Progress, arrived: Arrived, said: set[str]
) -> Plan | None:
    """What there is to do by now; None if nothing has arrived since it was last asked."""
    arrived.look()
    once = _Once(progress, said)
    try:
        plan = plan_of(config, share, tools, once, arrived.is_whole)
    except NothingUsable:  # not yet
        return None
    return plan if arrived.has_changed(plan.files) else None


class _Once(Progress):
    """Passes each note on once, however often the folders are looked at."""

    def __init__(self, progress: Progress, said: set[str]) -> None:
        self.progress, self.said = progress, said

    def note(self, text: str) -> None:
        if text not in self.said:
            self.said.add(text)
            self.progress.note(text)


def _check(config: TryOnConfig) -> None:
    others = {
        "--pairing zip": config.pairing == "zip", "--limit": config.limit, "--shuffle": config.shuffle,
        "--shard": config.shard, "--dry-run": config.dry_run, "--overwrite": config.overwrite,
        "--engine ray": config.engine == "ray",
        "a picture from a pipe": PIPE in (*config.person, *config.clothes),
        f"--out {config.out}, which is no folder": not is_folder(config.out),
        "several processes": int(os.environ.get("WORLD_SIZE", "1")) > 1,
    }  # fmt: skip
    for what in (what for what, given in others.items() if given):
        raise BadConfig(f"--watch takes whatever arrives: it does not go with {what}")
    for entry in (*config.person, *config.clothes):
        if not has_pattern(entry) and not Path(entry).expanduser().exists():
            raise NothingUsable(f"{entry}: no such file or folder")


def _sum(done: Summary, made: Summary) -> Summary:
    problems = list(dict.fromkeys((*done.problems, *made.problems)))
    ok, failed, defects = done.ok + made.ok, done.failed + made.failed, done.defects + made.defects
    seconds = done.seconds + made.seconds
    # What is said of results is said of all there are by now, and so is `made` already.
    return replace(made, ok=ok, skipped=0, failed=failed, seconds=seconds, problems=problems, defects=defects)
