"""Make viton_cli/methods/quality.json: how the signs of a result lead to its likely error, and how well that tells.

    python tests/benchmarks/fit_quality.py WARDROBE [--every N] [--table FILE] [--out viton_cli/methods/quality.json]

WARDROBE is a data set of that format. Its people whose id ends in 7, on whom stage 1 was not trained, are dressed in
garments of which the true picture is known: each N-th of these try-ons as it is, and each person once in every way of
`SPOILT` (product turned, cut off; photo blurred, torso hidden), so that things are seen to go wrong. The error is the
mean absolute difference from the truth, of 255, where truth and photo differ. Every other of these people serves for
the fit, the rest for what is printed: Spearman's rank correlation of quality and error.

--table keeps what was measured, a line a try-on, and what it holds is not measured again; --fit measures nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.optimize import nnls
from scipy.stats import spearmanr

from viton_cli import TryOn
from viton_cli.checkpoints import shipped
from viton_cli.data.wardrobe import HELD_OUT, Wardrobe
from viton_cli.errors import VitonError
from viton_cli.files import read_photo
from viton_cli.methods.quality import QualityModel
from viton_cli.methods.signs import SIGNS
from viton_cli.metrics.case import DIFFERS
from viton_cli.records import Photo

Picture = np.ndarray[Any, np.dtype[np.uint8]]
RIDGE = 1.0  # weight of the sum of squares, of signs in units of their spread


def blurred(image: Picture) -> Picture:
    small = Image.fromarray(image).resize((image.shape[1] // 7, image.shape[0] // 7))
    return np.asarray(small.resize(image.shape[1::-1], Image.Resampling.BILINEAR))


def hidden(image: Picture) -> Picture:
    out = image.copy()
    out[int(0.3 * len(out)) : int(0.45 * len(out))] = (120, 110, 90)
    return out


# Name -> what is spoilt, and how.
SPOILT: dict[str, tuple[str, Callable[[Picture], Picture]]] = {
    "turned": ("garment", lambda image: np.ascontiguousarray(np.rot90(image))),
    "upside": ("garment", lambda image: np.ascontiguousarray(image[::-1, ::-1])),
    "cropped": ("garment", lambda image: np.ascontiguousarray(image[: int(0.55 * len(image))])),
    "halved": ("garment", lambda image: np.ascontiguousarray(image[:, : int(0.55 * image.shape[1])])),
    "coarse": ("person", blurred),
    "hidden": ("person", hidden),
}


def spoilt(photo: Photo, what: str, how: str) -> Photo:
    """A photo, spoilt if it is the one that this way spoils."""
    if not how or SPOILT[how][0] != what:
        return photo
    return replace(photo, image=SPOILT[how][1](photo.image), source=None, original=None)


def wanted(data: Wardrobe, every: int) -> Iterator[tuple[str, str, str]]:
    """Person, garment and way of spoiling of every try-on to be measured."""
    rows = [(row.person, row.garment) for row in data.triplets("val") if row.unpaired and row.kind != "lower"]
    yield from ((*row, "") for row in rows[::every])
    people: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        people.setdefault(row[0].split("_")[0], []).append(row)
    for number, of_person in enumerate(people.values()):
        for at, how in enumerate(SPOILT):
            yield (*of_person[(5 * at + number) % len(of_person)], how)


def measure(data: Wardrobe, engine: TryOn, person: str, garment: str, how: str) -> dict[str, Any]:
    """One line of the table; "signs" is missing where the pair was refused."""
    row: dict[str, Any] = {"name": f"{person}__{garment}{how}", "how": how}
    photo = read_photo(data.root / f"image/{person}.jpg")
    truth = data.truth(person, garment)
    assert truth is not None
    true = read_photo(truth).image.astype(float)
    try:
        product = spoilt(read_photo(data.root / f"cloth/{garment}.jpg"), "garment", how)
        result = engine.dress(engine.find(spoilt(photo, "person", how)), engine.cut(product))
    except VitonError as error:
        return row | {"fail": str(error)}
    differs = np.abs(true - photo.image).max(2) > DIFFERS
    return row | {"error": float(np.abs(true - result.image)[differs].mean()), "signs": result.signs}


def fit(rows: list[dict[str, Any]]) -> QualityModel:
    """Weights of at least 0 that say the log of the error best, small ones preferred."""
    signs = np.array([[row["signs"][name] for name in SIGNS] for row in rows])
    target = np.log([row["error"] for row in rows])
    mean, spread = signs.mean(0), np.maximum(signs.std(0), 1e-4)
    design = np.concatenate(((signs - mean) / spread, np.sqrt(RIDGE) * np.eye(len(SIGNS))))
    found, _ = nnls(design, np.concatenate((target - target.mean(), np.zeros(len(SIGNS)))))
    weights = {name: round(float(w), 4) for name, w in zip(SIGNS, found / spread)}
    base = float(target.mean() - (found / spread) @ mean)
    limits = {name: round(1.5 * float(top), 4) for name, top in zip(SIGNS, signs.max(0))}
    usual = {name: round(float(m), 4) for name, m in zip(SIGNS, mean)}
    deviation = float((target - base - signs @ (found / spread)).std())
    return QualityModel(round(base, 4), weights, limits, round(deviation, 4), usual)


def report(model: QualityModel, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rank correlations on rows that the model has not seen: of all of them, and of those that were not spoilt."""
    told: dict[str, Any] = {}
    for name, part in (("all", rows), ("as they are", [row for row in rows if not row["how"]])):
        quality = [model(row["signs"]) for row in part]
        errors = [row["error"] for row in part]
        told[name] = {"n": len(part), "rank correlation": round(-float(spearmanr(quality, errors)[0]), 3)}
        print(f"{name}: n {len(part)}, rank correlation {told[name]['rank correlation']:.2f}")
        for low, high in ((0.0, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 0.9), (0.9, 1.01)):
            inside = [error for q, error in zip(quality, errors) if low <= q < high]
            if inside:
                print(f"  quality {low:.2f} .. {min(high, 1):.2f}: n {len(inside):3d}, error {np.mean(inside):.1f}")
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wardrobe", type=Path)
    parser.add_argument("--every", type=int, default=2)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--weights", help="folder of the networks' weights; by default the shipped ones")
    parser.add_argument("--out", type=Path, default=Path("viton_cli/methods/quality.json"))
    given = parser.parse_args()
    data, engine = Wardrobe(given.wardrobe), TryOn(weights=given.weights, kind="top")
    known = given.table.read_text().splitlines() if given.table and given.table.exists() else []
    rows = [json.loads(line) for line in known]
    done = {row["name"] for row in rows}
    for person, garment, how in () if given.fit else wanted(data, given.every):
        if f"{person}__{garment}{how}" not in done:
            rows.append(measure(data, engine, person, garment, how))
            if given.table:
                with given.table.open("a") as stream:
                    stream.write(json.dumps(rows[-1]) + "\n")
    rows = [row for row in rows if row.get("signs")]
    people = sorted({row["name"].split("_")[0] for row in rows if row["name"].split("_")[0].endswith(HELD_OUT)})
    half = people[::2]
    model = fit([row for row in rows if row["name"].split("_")[0] in half])
    told = report(model, [row for row in rows if row["name"].split("_")[0] not in half])
    made = {
        "base": model.base, "spread": model.spread, "weights": model.weights, "limits": model.limits,
        "usual": model.usual,
        "made with": {
            "script": "tests/benchmarks/fit_quality.py", "people": half, "reported on": people[1::2],
            "weights": given.weights or {name: str(one["sha256"])[:12] for name, one in shipped().items()},
            "report": told,
        },
    }  # fmt: skip
    given.out.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
