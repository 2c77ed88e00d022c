"""What a pipeline tells while it works, and its summary. The command line draws it; from Python it is silent."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from viton_cli.files import Manifest


class Progress:
    """Says nothing. The command line's `Console` overrides every method."""

    def start(self, total: int, unit: str) -> None:
        """So many items lie ahead."""

    def advance(self, name: str, count: int = 1) -> None:
        """`count` items are finished, the last of them `name`."""

    def note(self, text: str) -> None:
        """Something worth knowing."""

    def check(self, text: str, severity: str) -> None:
        """What a check says of an item; its severity is one of `lights.SEVERITIES`."""

    def problem(self, text: str) -> None:
        """An item failed; `text` is one line that names it and the cause."""

    def defect(self, error: BaseException) -> None:
        """The toolkit itself failed on an item."""


@dataclass(repr=False)
class Summary:
    """What became of the items of a run: what it prints at its end, and its report in Python.

    Attributes:
        unit: What was counted ("pair", "photo").
        out: Where the results are.
        ok, skipped, failed: Made, found finished, failed.
        lights: How many of those made or found finished have each of `lights.LIGHTS`; None where nothing has.
        aside: How many of them are set aside for their quality.
        unfit: How many of them count as failures by --fail-on.
        quality: The lowest of theirs; None where none is known.
        checks: What was said of them: severity, text and of how many `results`.
        seconds: Wall clock of the work itself, loading of the networks left out.
        problems: One line for each cause of failure.
        defects: How many failed by a defect of the toolkit and not by their input.
        planned: Set by a dry run: how many would be made.
        is_main: False in the helping processes of a distributed run, which print nothing.
    """

    unit: str
    out: str
    ok: int = 0
    skipped: int = 0
    failed: int = 0
    lights: dict[str, int] | None = None
    aside: int = 0
    unfit: int = 0
    quality: float | None = None
    checks: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    defects: int = 0
    planned: int | None = None
    is_main: bool = True

    @property
    def pace(self) -> float:
        """Seconds an item that was worked on."""
        return self.seconds / max(self.ok + self.failed, 1)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The manifest of the folder that was written, one entry an item, those of earlier runs too."""
        return Manifest(Path(self.out) / "manifest.jsonl").read() if Path(self.out).is_dir() else []

    @property
    def results(self) -> list[Path]:
        """The pictures that a try-on folder holds, or the one picture that was written."""
        if self.ok and Path(self.out).is_file():
            return [Path(self.out)]
        return [Path(self.out) / str(entry["output"]) for entry in self.entries if entry.get("output")]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        entry = asdict(self)
        del entry["is_main"]
        if self.lights is None:  # work that has none
            for name in ("lights", "aside", "unfit", "quality", "checks"):
                del entry[name]
        entry[f"seconds_per_{self.unit}"] = round(self.pace, 3) if self.ok else None
        return entry

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        if self.planned is not None:
            return f"would make {_count(self.planned, self.unit)}, {self.skipped} finished already: {self.out}"
        pace = f"; {self.pace:.2f} s a {self.unit}" if self.ok else ""
        told = {"doubtful": 0, "bad": 0, **(self.lights or {})} if self.lights is not None else {}
        lights = "".join(f", {told[light]} {light}" for light in ("doubtful", "bad") if light in told)
        aside = f", {self.aside} set aside" if self.aside else ""
        counts = f"{lights}{aside}, {self.failed} failed, {self.skipped} skipped"
        return f"{_count(self.ok, self.unit)} done{counts}{pace}: {self.out}"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" + ("" if number == 1 else "s")
