"""The lights of a run: what its results' checks come to, counted from the manifest when the run has ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Summary
from viton_cli.files import Manifest
from viton_cli.lights import LIGHTS, check_of, light_of

FAILING = {"bad": ("bad",), "warn": ("bad", "doubtful"), "never": ()}  # --fail-on: the lights that count as failures


def verdict_of(checks: Iterable[str], quality: float | None) -> dict[str, Any]:
    """What a manifest says of how far a result can be trusted: its light, its quality and its checks."""
    told = [check_of(check) for check in dict.fromkeys(checks)]
    return {
        "light": light_of(told),
        "quality": None if quality is None else round(quality, 3),
        "checks": [check.as_dict() for check in told],
    }


def count_lights(done: Summary, config: TryOnConfig, entries: Iterable[Mapping[str, Any]]) -> None:
    """Put the lights of results into a run's summary: of those made and of those found finished, so that a second run
    says, and ends, as the first did.

    Args:
        done: The summary. config: Says from which light on a result counts as failed.
        entries: Of the manifest, one a result of the run.
    """
    lights = dict.fromkeys(LIGHTS[:3], 0)
    seen: dict[str, dict[str, Any]] = {}
    lowest: list[float] = []
    for entry in entries:
        if entry.get("status") != "ok":
            continue
        checks = [check_of(check) for check in entry.get("checks") or []]
        light = entry["light"] if entry.get("light") in lights else light_of(checks)
        lights[light] += 1
        done.aside += bool(entry.get("aside"))
        for check in checks:
            seen.setdefault(str(check), {**check.as_dict(), "results": 0})["results"] += 1
        if isinstance(entry.get("quality"), (int, float)):
            lowest.append(float(entry["quality"]))
    done.lights, done.checks = lights, list(seen.values())
    done.quality = min(lowest, default=None)
    done.unfit = sum(lights[light] for light in FAILING[config.fail_on])


def entries_of(manifest: Manifest, pairs: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    """What a manifest says of the pairs of a run."""
    wanted = set(pairs)
    return [entry for entry in manifest.read() if (entry.get("person"), entry.get("garment")) in wanted]


def without_aside(wanted: Mapping[str, list[str]], entries: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The pairs of a run, those left out whose results are set aside."""
    aside = {(entry["person"], entry["garment"]) for entry in entries if entry.get("aside")}
    left = {person: [g for g in garments if (person, g) not in aside] for person, garments in wanted.items()}
    return {person: garments for person, garments in left.items() if garments}
