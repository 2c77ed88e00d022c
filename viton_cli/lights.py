"""How far a result can be trusted, in words: checks, each with a severity, and the light that they come to.

A check speaks of one step of the flow and may name what to do about it. Severities: "info" is worth knowing and no
fault; "warn" makes a result doubtful: look at it; "bad" says that it is most likely wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

Severity = Literal["info", "warn", "bad"]
SEVERITIES: tuple[Severity, ...] = ("info", "warn", "bad")
LIGHTS = ("good", "doubtful", "bad", "failed")  # the first three are what a result of each severity is
SAY_KIND = "say what it is (--kind top, outerwear or dress)"  # the cure of checks that this settles
# The steps of the flow that a check may speak of.
STEPS = ("photo", "joints", "labels", "product", "layout", "places", "warp", "result")


class Check(str):
    """A check in words: the text itself, which also knows its severity.

    Attributes:
        severity: See the module.
        step: Of `STEPS`, where it went wrong; "" where that cannot be said.
        cure: What to do about it, in words; "" where nothing is known.
    """

    severity: Severity
    step: str
    cure: str

    def __new__(cls, text: str, severity: Severity = "warn", step: str = "", cure: str = "") -> Check:
        check = super().__new__(cls, text)
        check.severity, check.step, check.cure = severity, step, cure
        return check

    def as_dict(self) -> dict[str, str]:
        """For manifests and `--json`."""
        told = {"severity": self.severity, "text": str(self), "step": self.step, "cure": self.cure}
        return {name: value for name, value in told.items() if value}


def as_dict(check: str) -> dict[str, str]:
    """A check for manifests and `--json`; a plain text is a warning."""
    return (check if isinstance(check, Check) else Check(check)).as_dict()


def check_of(entry: object) -> Check:
    """A check as a manifest has it: an object, or a plain text, which is a warning."""
    if isinstance(entry, Check):
        return entry
    if not isinstance(entry, Mapping):
        return Check(str(entry))
    severity = entry.get("severity")
    words: dict[str, Any] = {name: str(entry.get(name) or "") for name in ("text", "step", "cure")}
    return Check(words["text"], severity if severity in SEVERITIES else "warn", words["step"], words["cure"])


def light_of(checks: Iterable[object]) -> str:
    """The light of a result with these checks: that of the most severe one."""
    worst = max((SEVERITIES.index(check_of(check).severity) for check in checks), default=0)
    return LIGHTS[worst]
