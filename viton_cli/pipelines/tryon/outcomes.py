"""What becomes of the pairs of a run: counted, told, and put into the folder, whoever makes them."""

from __future__ import annotations

from collections.abc import Iterable

from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import VitonError
from viton_cli.lights import check_of
from viton_cli.pages.index import LiveIndex
from viton_cli.pipelines.swapped import SwapGuess
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.plan import Plan


class Outcomes:
    """Counts the pairs of a plan and tells of them.

    Args:
        plan: The pairs. tools: Say whether photos of people and garments are swapped.
        done, progress: Hear what became of each.
    """

    def __init__(self, plan: Plan, tools: Tools, done: Summary, progress: Progress) -> None:
        self.tools, self.folder = tools, plan.folder
        self.done, self.progress = done, progress
        self.swap = swap_guess(plan, tools)
        self.told: set[str] = set()
        self.lost: list[tuple[str, str, VitonError]] = []  # filled by the writing threads
        self.index, self.total = LiveIndex(plan.folder), sum(map(len, plan.ahead.values()))

    def refresh(self) -> None:
        """Write the page, if that is due."""
        self.index.refresh(self.total - self.done.ok - self.done.failed)

    def count_lost(self) -> None:
        """Count the pairs as failed that could not be written."""
        for person, garment, error in self.lost:
            self.folder.write_failure(person, garment, self.cause(error, person))
            self.done.ok, self.done.failed = self.done.ok - 1, self.done.failed + 1

    def made(self, person: str, garment: str, checks: Iterable[str]) -> None:
        """A pair was made. Of what is said of the result alone, what is bad is told."""
        for check in map(check_of, checks):
            if check.severity == "bad":
                self.progress.check(f"{self.folder.output(person, garment).name}: {check}", "bad")
        self.done.ok += 1
        self.progress.advance(self.folder.output(person, garment).name)

    def failed(self, person: str, garment: str, cause: str) -> None:
        """A pair failed."""
        self.folder.write_failure(person, garment, cause)
        self.done.failed += 1
        self.progress.advance(self.folder.output(person, garment).name)

    def cause(self, error: Exception, name: str) -> str:
        """The cause in one line; told once, however many pairs it fails."""
        if isinstance(error, VitonError):
            cause = str(error)
        else:
            cause = f"{name}: defect of the toolkit: {type(error).__name__}: {' '.join(str(error).split())}"
            self.done.defects += 1
            self.progress.defect(error)
        if cause not in self.told:
            self.told.add(cause)
            self.done.problems.append(cause)
            self.progress.problem(cause)
        return cause

    def notes(self, name: object, checks: Iterable[str]) -> None:
        """What is said of a photo."""
        for check in map(check_of, checks):
            self.progress.check(f"{name}: {check}", check.severity)


def swap_guess(plan: Plan, tools: Tools) -> SwapGuess:
    """The guess that --person and --clothes were given for each other."""
    files = (path for id, path in plan.clothes.files.items() if id not in plan.clothes.given)
    return SwapGuess(len(plan.wanted), files, tools)
