"""How many of 30 pairs that are bad on purpose are warned of or refused, and how many of 70 good ones.

    python tests/benchmarks/bench_lights.py EXAMPLES WARDROBE CCP GARMENTS [--table FILE]

EXAMPLES holds people/ and clothes/ (those of the project); WARDROBE and CCP are data sets of these formats, CCP with
keypoints/coco18.json; GARMENTS holds folders of photos of single garments. Thresholds were set on people of WARDROBE
whose id ends in 7, 2 and 4 and on what they wear: nobody and nothing of that is used here.

Bad, five of each: trousers and skirts; the two photos swapped; a garment on a model; sheer (the product mixed with its
ground); cropped (the product, the person); arms crossed (photos of CCP by their given joints, which are not ours).
Good: people of EXAMPLES in its clothes, and people of CCP, whose id ends in 3, in tops of GARMENTS.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from viton_cli import TryOn
from viton_cli.errors import VitonError
from viton_cli.files import read_photo
from viton_cli.lights import light_of
from viton_cli.perception.garments.cut import cut_garment
from viton_cli.records import Photo
from viton_cli.vocabulary import labels as L

EACH, GOOD = 5, 35
USED = "724"  # last digits of the people on whom thresholds were set
TOPS = ("t-shirt", "longsleeve", "shirt")
Case = tuple[str, Photo, Photo]


def pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def part(photo: Photo, box: tuple[float, float]) -> Photo:
    """The rows of a photo between two shares of its height."""
    top, bottom = (int(share * photo.size[0]) for share in box)
    return replace(photo, image=np.ascontiguousarray(photo.image[top:bottom]), source=None, original=None)


def sheer(photo: Photo) -> Photo:
    """A product of which 30 % is left over its ground."""
    mask = cut_garment(photo).mask[..., None]
    ground = np.median(photo.image[mask[..., 0] < 0.1], 0)
    image = photo.image + 0.7 * mask * (ground - photo.image)
    return replace(photo, image=image.round().astype(np.uint8), source=None, original=None)


def joints_of(ccp: Path) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """(18, 3) x, y, score of each photo with a person, by the name of the photo."""
    told = json.loads((ccp / "keypoints/coco18.json").read_text())
    return {name: np.array(joints, float) for name, joints in told.items() if joints is not None}


def is_crossed(joints: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    """Both wrists before the chest and each on the other side, all of it surely seen."""
    right, left = joints[L.R_WRIST], joints[L.L_WRIST]
    neck, hips = joints[L.NECK], (joints[L.R_HIP] + joints[L.L_HIP]) / 2
    sure = min(joints[j, 2] for j in (L.R_WRIST, L.L_WRIST, L.R_SHOULDER, L.L_SHOULDER, L.R_HIP, L.L_HIP)) > 0.6
    chest = all(neck[1] < wrist[1] < neck[1] + 0.75 * (hips[1] - neck[1]) for wrist in (right, left))
    apart = joints[L.L_SHOULDER, 0] - joints[L.R_SHOULDER, 0]
    return bool(sure and chest and apart > 0 and right[0] - left[0] > 0.15 * apart)


def is_plain(joints: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    """From the front, upright, both wrists beside the body or below the belt."""
    trunk = joints[[L.R_SHOULDER, L.L_SHOULDER, L.R_HIP, L.L_HIP, L.R_ELBOW, L.L_ELBOW, L.R_WRIST, L.L_WRIST]]
    right, left, hips = joints[L.R_SHOULDER], joints[L.L_SHOULDER], (joints[L.R_HIP] + joints[L.L_HIP]) / 2
    tall = hips[1] - joints[L.NECK, 1]
    beside = all(
        wrist[1] > joints[L.NECK, 1] + 0.85 * tall or not right[0] < wrist[0] < left[0]
        for wrist in (joints[L.R_WRIST], joints[L.L_WRIST])
    )
    return bool(trunk[:, 2].min() > 0.7 and left[0] - right[0] > 0.5 * tall and beside)


def cases(examples: Path, wardrobe: Path, ccp: Path, garments: Path) -> Iterator[Case]:
    """Every pair: what it is, the person's photo, the garment's photo. The same each time."""
    rng = random.Random(3)
    people, clothes = (pictures(examples / name) for name in ("people", "clothes"))
    tops = [path for kind in TOPS for path in pictures(garments / kind)]
    joints = joints_of(ccp)
    photos = {path.stem: path for path in pictures(ccp / "photos")}
    lower = [path for path in pictures(wardrobe / "cloth") if path.stem[-1] == "l" and path.stem[4] not in USED]
    crossed = [name for name in sorted(joints) if name in photos and is_crossed(joints[name])]
    plain = [name for name in sorted(joints) if name in photos and name[-1] == "3" and is_plain(joints[name])]
    street = [photos[name] for name in sorted(photos)]

    def pick(paths: list[Path], count: int) -> list[Photo]:
        return [read_photo(path) for path in rng.sample(paths, min(count, len(paths)))]

    yield from (("lower", *pair) for pair in zip(pick(people, EACH), pick(lower, EACH)))
    yield from (("swapped", *pair) for pair in zip(pick(clothes, EACH), pick(people, EACH)))
    yield from (("on a model", *pair) for pair in zip(pick(people, EACH), pick(street, EACH)))
    yield from (("sheer", person, sheer(top)) for person, top in zip(pick(people, EACH), pick(clothes, EACH)))
    for number, (person, top) in enumerate(zip(pick(people, EACH), pick(clothes, EACH))):
        whole = number % 2
        yield "cropped", person if whole else part(person, (0.0, 0.42)), part(top, (0.0, 0.6)) if whole else top
    yield from (("crossed", *p) for p in zip(pick([photos[name] for name in crossed], EACH), pick(clothes, EACH)))
    rendered = rng.sample([(person, top) for person in people for top in clothes], GOOD)
    yield from (("good, rendered", read_photo(person), read_photo(top)) for person, top in rendered)
    worn = zip(pick([photos[name] for name in plain], GOOD), pick(tops, GOOD))
    yield from (("good, photos", *pair) for pair in worn)


def judge(engine: TryOn, case: Case) -> dict[str, Any]:
    """One line of the table: light and what was said."""
    kind, person, garment = case
    row: dict[str, Any] = {"kind": kind, "person": person.id, "garment": garment.id, "quality": None}
    try:
        result = engine.dress(engine.find(person), engine.cut(garment))
    except VitonError as error:
        return row | {"light": "failed", "said": [str(error)]}
    faults = [str(check) for check in result.checks if light_of([check]) != "good"]
    return row | {"light": light_of(result.checks), "said": faults, "quality": result.quality}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("examples", "wardrobe", "ccp", "garments"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--table", type=Path, help="keeps what was found, a line a pair, and is carried on with")
    given = parser.parse_args()
    engine = TryOn()
    rows = (
        [json.loads(line) for line in given.table.read_text().splitlines()]
        if given.table and given.table.exists()
        else []
    )
    for number, case in enumerate(cases(given.examples, given.wardrobe, given.ccp, given.garments)):
        if number < len(rows):
            continue
        rows.append(judge(engine, case))
        if given.table:
            with given.table.open("a") as stream:
                stream.write(json.dumps(rows[-1]) + "\n")
    for kind in dict.fromkeys(row["kind"] for row in rows):
        of_kind = [row for row in rows if row["kind"] == kind]
        told = {light: sum(row["light"] == light for row in of_kind) for light in ("failed", "bad", "doubtful", "good")}
        print(f"{kind:16} n {len(of_kind):3d}  " + "  ".join(f"{light} {count}" for light, count in told.items()))
    for name in ("bad", "good"):
        of_name = [row for row in rows if row["kind"].startswith("good") == (name == "good")]
        noticed = sum(row["light"] != "good" for row in of_name)
        print(f"{name}: {noticed} of {len(of_name)} warned of or refused ({noticed / max(len(of_name), 1):.0%})")


if __name__ == "__main__":
    main()
