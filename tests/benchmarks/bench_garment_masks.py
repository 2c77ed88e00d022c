"""Garment masks against true masks, as they are and on other backgrounds.

    python tests/benchmarks/bench_garment_masks.py PHOTOS MASKS [EVERY]

PHOTOS is a folder of garment photos, MASKS one of masks of the same names (PNG, white = garment). With EVERY = 6, only
the first and then every sixth, those which `train_garment --keep-out 6` does not learn from. Printed: the mean and the
worst overlap (intersection over union, inside of the back counted in), the share of 0.97 and of 0.85, how many were
refused, and processor seconds a photo.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from viton_cli.errors import NoGarmentFound
from viton_cli.files import list_photos, read_mask, read_photo
from viton_cli.perception.garments.cut import cut_garment
from viton_cli.records import Photo

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
TINTS = ((248, 248, 248), (214, 216, 220), (232, 214, 190), (120, 150, 190))


def jpeg(image: Picture, quality: int) -> Picture:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream).convert("RGB"))


def lay(image: Picture, mask: Floats, ground: Floats) -> Picture:
    """The garment on another background."""
    return np.clip(image * mask[..., None] + ground * (1 - mask[..., None]), 0, 255).astype(np.uint8)


def near_white(image: Picture, mask: Floats) -> Floats:
    """(H, W, 3) the garment bleached: its own folds and prints at a quarter of their contrast, about 236."""
    grey = image.mean(-1, keepdims=True)
    return np.clip(236 + 0.25 * (grey - grey[mask > 0.5].mean()), 0, 250) * np.ones(3, np.float32)


def hard_cases(image: Picture, mask: Floats, first: int) -> Iterator[tuple[str, Picture]]:
    """The garment, as it is and near white, with every mixture of shadow, vignette, noise and JPEG on four tints.

    The tint changes from mixture to mixture and, with `first`, from garment to garment. On the lightest one the ground
    is 12 levels brighter than a near-white garment.
    """
    height, width = mask.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    shifted = np.roll(mask, (int(0.015 * height), int(0.02 * width)), (0, 1))
    cast = 1 - 0.3 * ndimage.gaussian_filter(shifted, 0.012 * height)[..., None]
    fall = (1 - 0.13 * (x * x + y * y))[..., None]
    grain = np.random.default_rng(first).normal(0, 5, image.shape).astype(np.float32)
    for index in range(32):
        shadow, vignette, noise, strong, white = (bool(index >> bit & 1) for bit in range(5))
        tint = TINTS[(first + index + index // 4) % len(TINTS)]
        cloth = near_white(image, mask) if white else image.astype(np.float32)
        ground = np.ones((height, width, 1), np.float32) * np.array(tint, np.float32)
        light = fall if vignette else np.float32(1)
        picture = cloth * mask[..., None] + ground * (cast if shadow else 1) * (1 - mask[..., None])
        picture = picture * light + (grain if noise else 0)
        words = [w for w, on in zip(("shadow", "vignette", "noise"), (shadow, vignette, noise)) if on]
        name = f"{'near-white' if white else 'own colour'}, {' + '.join(words) or 'even light'}"
        yield name, jpeg(np.clip(picture, 0, 255).astype(np.uint8), 50 if strong else 92)


def variants(image: Picture, mask: Floats) -> dict[str, Picture]:
    """The photo as it is, compressed, and the garment on eight other grounds."""
    height, width = mask.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    white = np.ones((height, width, 3), np.float32)
    slope = (215 - 25 * x - 20 * y)[..., None] * np.array([1, 0.98, 0.95], np.float32)
    shifted = np.roll(mask, (int(0.015 * height), int(0.02 * width)), (0, 1))
    shadow = 1 - 0.35 * ndimage.gaussian_filter(shifted, 0.012 * height)
    grain = np.random.default_rng(0).normal(0, 6, image.shape).astype(np.float32)
    pale = 235 + (image.mean(-1, keepdims=True) - image[mask > 0.5].mean()) * 0.08 * white
    dark = 25 + (image.mean(-1, keepdims=True) - image[mask > 0.5].mean()) * 0.1 * white
    return {
        "as it is": image,
        "JPEG 30": jpeg(image, 30),
        "tint": lay(image, mask, white * (225, 205, 190)),
        "blue": lay(image, mask, white * (90, 120, 190)),
        "dark": lay(image, mask, white * (60, 62, 66)),
        "slope": lay(image, mask, slope),
        "vignette": lay(image, mask, (240 - 36 * (x * x + y * y))[..., None] * white),
        "shadow": lay(image, mask, 235 * shadow[..., None] * white),
        "noise": np.clip(lay(image, mask, white * 218) + grain, 0, 255).astype(np.uint8),
        "white on white": jpeg(lay(np.clip(pale, 0, 246), mask, white * 252), 90),
        "black on black": jpeg(lay(np.clip(dark, 0, 255), mask, white * 48), 85),
    }


def main(photos: Path, masks: Path, every: int) -> None:
    overlaps: dict[str, list[float]] = {}
    refused: dict[str, int] = {}
    seconds = []
    for number, (name, path) in enumerate(list_photos(photos)[::every]):
        image = read_photo(path, name).image
        mask = read_mask(masks / f"{name}.png", image.shape[:2])
        for variant, picture in [*variants(image, mask).items(), *hard_cases(image, mask, number)]:
            start = time.process_time()
            try:
                garment = cut_garment(Photo(name, picture))
            except NoGarmentFound:
                refused[variant] = refused.get(variant, 0) + 1
                continue
            finally:
                seconds.append(time.process_time() - start)
            found = garment.mask if garment.inner is None else garment.mask + garment.inner
            a, b = found > 0.5, mask > 0.5
            overlaps.setdefault(variant, []).append(float((a & b).sum() / (a | b).sum()))
    print(f"{'variant':38} {'n':>4} {'mean':>6} {'worst':>6} {'>=.97':>6} {'>=.85':>6} refused")
    overlaps["all"] = list(chain.from_iterable(overlaps.values()))
    for variant, values in overlaps.items():
        scores = np.array(values)
        missing = refused.get(variant, 0) if variant != "all" else sum(refused.values())
        print(
            f"{variant:38} {len(scores):4d} {scores.mean():6.3f} {scores.min():6.3f} {(scores >= 0.97).mean():6.2f} "
            f"{(scores >= 0.85).mean():6.2f} {missing:5d}"
        )
    print(f"processor seconds a photo: mean {np.mean(seconds):.2f}, most {max(seconds):.2f}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) == 4 else 1)
