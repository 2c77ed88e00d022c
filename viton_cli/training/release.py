"""`viton train release`: the weights of runs as files to use and to ship.

OUT/NAME.safetensors    half precision, or eight bits a weight where that was asked for
OUT/manifest.json       of each: hash, architecture, scores, settings, and the stage 1 that a stage 2 was trained on
OUT/sources.json        what they were trained on, by whom, under which licence

`viton tryon --weights OUT` uses them; the package's own `weights/` is such a folder.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from torch import Tensor

from viton_cli.checkpoints import FOLDER, load_network, load_weights, save_weights
from viton_cli.config import STAGES, ReleaseConfig
from viton_cli.config.yaml_text import NotSettings, read_yaml_file
from viton_cli.data.base import Entry
from viton_cli.errors import BadConfig, VitonError
from viton_cli.files import check_apart, look, sha256, write_text
from viton_cli.perception.builtin.network import PerceptionNet
from viton_cli.perception.perceive import open_perception
from viton_cli.training.pairs.sources import open_sources, source_of
from viton_cli.training.perception.calibrate import calibrate, halves
from viton_cli.training.perception.measure import measured

log = logging.getLogger(__name__)
LICENCE = "Apache-2.0"
UNSTATED = "not stated"
# Settings of a run that say how its weights came about.
TOLD = ("preset", "steps", "batch", "accumulate", "lr", "schedule", "ema", "precision", "augment", "perceptual", "seed")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Release:
    """What was released.

    Attributes:
        out: The folder. manifest: As written. sources: As written.
        notes: What a reader of the manifest should know. planned_only: Nothing was written, of a dry run.
    """

    out: Path
    manifest: dict[str, dict[str, Any]]
    sources: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    planned_only: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"out": str(self.out), "weights": self.manifest, "sources": self.sources, "notes": self.notes}

    def __str__(self) -> str:
        lines = []
        for name, entry in self.manifest.items():
            if self.planned_only:
                lines.append(f"would release {entry['from']} as {self.out / name}.safetensors")
                continue
            scores = "".join(f", {key} {value:.4g}" for key, value in entry.get("scores", {}).items())
            lines.append(f"{self.out / name}.safetensors: {entry['megabytes']} MB{scores}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def release(config: ReleaseConfig, runs: list[Path], say: Say = log.info) -> Release:
    """Write the weights of runs to a folder.

    Args:
        config: The settings. runs: Folders of `viton train`; no two of them with weights of the same network.
        say: Gets lines of progress.

    Raises:
        BadConfig: No run, or two with the same network; the folder is not this command's.
        BadWeights: Weights are damaged, or not finite in half precision. BadDataset: Calibration finds no photos.
    """
    found = _weights_of(runs)
    strange = sorted(set(config.eight_bits) - set(found))
    if strange:
        raise BadConfig(f"--eight-bits {strange[0]}: no run has weights of that name; there are {', '.join(found)}")
    read = [*runs, *([config.sources] if config.sources else [])]
    check_apart(config.out, read)
    known = _known_sources(config.sources or FOLDER / "sources.json")
    files = [f"{name}.safetensors" for name in STAGES]
    if config.dry_run:
        planned = {
            name: {"from": str(path), "scores": load_weights(path)[1].get("scores", {})} for name, path in found.items()
        }
        return Release(config.out, planned, planned_only=True)
    ledger = look(config.out, "release", config.force, [*files, "manifest.json", "sources.json"])
    ledger.begin()
    done = Release(config.out, {})
    try:
        for name, path in found.items():
            done.manifest[name] = _released(name, path, config, say)
            say(f"{name}: {config.out / name}.safetensors")
    except VitonError:
        ledger.give_back()
        raise
    _check_stage1(done, found)
    done.sources.extend(_sources(found, known, done.notes))
    write_text(config.out / "sources.json", json.dumps(done.sources, indent=1, ensure_ascii=False) + "\n")
    write_text(config.out / "manifest.json", json.dumps(done.manifest, indent=1, sort_keys=True) + "\n")
    return done


def _weights_of(runs: list[Path]) -> dict[str, Path]:
    """Name of each network to its weight file."""
    found: dict[str, Path] = {}
    for run in runs:
        here = {name: run / f"{name}.safetensors" for name in STAGES if (run / f"{name}.safetensors").is_file()}
        if not here:
            raise BadConfig(f"{run}: no run of viton train with weights ({', '.join(STAGES)}.safetensors)")
        for name, path in here.items():
            if name in found:
                raise BadConfig(f"{path}: {found[name]} is of the same network; give one of these runs")
            found[name] = path
    return {name: found[name] for name in STAGES if name in found}


def _released(name: str, path: Path, config: ReleaseConfig, say: Say) -> dict[str, Any]:
    """Write one network's file; returns its entry of the manifest."""
    tensors, meta = load_weights(path)
    settings = _settings(path)
    entry: dict[str, Any] = {"licence": LICENCE, "trained_as": sha256(path)}
    entry["settings"] = {key: settings[key] for key in TOLD if settings.get(key) is not None}
    note = path.parent / name / "last.txt"
    if note.is_file():
        words = note.read_text(encoding="utf-8").split()
        entry |= {"steps": int(words[1]), "minutes": float(words[3])}
    held_out: list[Entry] = []
    if name == "perception" and config.calibrate:
        tensors, entry["calibration"], held_out = _calibrated(path, settings, say)
    target, eight = config.out / f"{name}.safetensors", name in config.eight_bits
    scores = meta.pop("scores", {})
    save_weights(target, tensors, meta, half=True, eight_bits=eight)
    if held_out:
        say(f"{name}: scored on the {len(held_out)} validation photos that calibration did not look at")
        seen = measured(open_perception("builtin", "builtin", target, target), held_out, say)
        scores = {score.name: score.value for score in seen}
        entry["scored_on"] = len(held_out)
    entry["scores"] = {key: round(float(value), 4) for key, value in scores.items()}
    entry |= {"bits": 8 if eight else 16, "megabytes": round(target.stat().st_size / 1e6, 2), "sha256": sha256(target)}
    return {**meta, **entry}


def _calibrated(
    path: Path, settings: dict[str, Any], say: Say
) -> tuple[dict[str, Tensor], dict[str, Any], list[Entry]]:
    """Perception's tensors with its calibration, what that was, and the photos that are left to score it on.

    Raises:
        BadConfig: The run's data give no photos for it.
    """
    net, meta = load_network(path, "perception", lambda meta: PerceptionNet(int(meta["width"])))
    people = [
        entry
        for dataset in open_sources(settings.get("data") or [])
        for entry in dataset.entries("val")
        if entry.kind == "person"
    ]
    chosen, held_out = halves(people)
    labelled = [entry for entry in chosen if entry.labels() is not None]
    if not labelled or not held_out:
        raise BadConfig(
            f"{path}: too few validation photos with labels in {settings.get('data')} to calibrate by one half and "
            "score on the other; --no-calibrate releases the weights as they are"
        )
    say(f"perception: calibrated on {len(labelled)} validation photos")
    done = calibrate(net, labelled, (int(meta["size"][0]), int(meta["size"][1])))
    return dict(net.state_dict()), done.as_dict(), held_out


def _check_stage1(done: Release, found: dict[str, Path]) -> None:
    """Say whether stage 2 was trained on the stage 1 that lies beside it."""
    if "stage2" not in found:
        return
    meant = done.manifest["stage2"].get("stage1")
    if meant is None:
        done.notes.append("stage2: its run does not say which stage 1 it was trained on")
    elif "stage1" in done.manifest:
        same = done.manifest["stage1"]["trained_as"] == meant
        done.manifest["stage2"]["stage1_is_beside"] = same
        if not same:
            done.notes.append("stage2: it was trained on another stage 1 than the one released with it")


def _settings(path: Path) -> dict[str, Any]:
    """The resolved settings beside a run's weights; none if there are none to read."""
    file = path.parent / path.stem / "config.yaml"
    try:
        values = read_yaml_file(file) if file.is_file() else {}
    except (NotSettings, OSError) as error:
        raise BadConfig(f"{file}: {error}") from None
    return values if isinstance(values, dict) else {}


def _known_sources(file: Path) -> list[dict[str, Any]]:
    try:
        entries = [dict(entry) for entry in json.loads(file.read_text(encoding="utf-8"))]
        for entry in entries:
            _ = entry["name"], entry["licence"], entry["from"]
        return entries
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadConfig(f"{file}: not a list of sources, each with name, licence and from ({error})") from None


def used_by(path: Path, seen: frozenset[Path] = frozenset()) -> list[str]:
    """What weights of a run were trained on: FORMAT:FOLDER of each data set, photos:FOLDER, init:FILE.

    Weights they began with or were taught by count with what those were trained on, where their run is there.
    """
    settings = _settings(path)
    used = [f"{kind}:{folder.name}" for kind, folder in map(source_of, settings.get("data") or [])]
    used += [f"photos:{Path(settings[key]).name}" for key in ("photos", "nobody") if settings.get(key)]
    for key in ("init", "teacher"):
        before = Path(str(settings.get(key) or ""))
        if not before.name:
            continue
        deeper = used_by(before, seen | {path}) if before not in seen and before.is_file() else []
        used += deeper or [f"init:{before.name}"]
    return list(dict.fromkeys(used))


def _sources(found: dict[str, Path], known: list[dict[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
    """The sources that the weights were trained on, and by which; what none of the known is, with its licence open."""
    behind: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for name, path in found.items():
        for used in used_by(path):
            fits = [one for one in known if any(fnmatch(used, pattern) for pattern in one.get("data", ()))]
            if not fits:
                notes.append(f"{name}: no source is known for {used}, its licence is {UNSTATED}; name it in --sources")
            for one in fits or [{"name": used, "licence": UNSTATED, "from": UNSTATED, "data": [used]}]:
                behind.setdefault(one["name"], (one, []))[1].append(name)
    return [{**one, "weights": list(dict.fromkeys(names))} for one, names in behind.values()]
