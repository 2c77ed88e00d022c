"""Garment masks against true masks, as they are and on other backgrounds.

    python tests/benchmarks/bench_garment_masks.py PHOTOS MASKS

PHOTOS is a folder of garment photos, MASKS one of masks of the same names (PNG, white = garment). Printed: the mean and
the worst overlap (intersection over union, inside of the back counted in), the share of 0.97 and of 0.85, how many were
refused, and processor seconds a photo.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from viton_cli.errors import NoGarmentFound
from viton_cli.files import list_photos, read_mask, read_photo
from viton_cli.perception.garments import cut_garment
from viton_cli.records import Photo

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]


def jpeg(image: Picture, quality: int) -> Picture:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream).convert("RGB"))


def lay(image: Picture, mask: Floats, ground: Floats) -> Picture:
    """The garment on another background."""
    return np.clip(image * mask[..., None] + ground * (1 - mask[..., None]), 0, 255).astype(np.uint8)


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


def main(photos: Path, masks: Path) -> None:
    overlaps: dict[str, list[float]] = {}
    refused: dict[str, int] = {}
    seconds = []
    for name, path in list_photos(photos):
        image = read_photo(path, name).image
        mask = read_mask(masks / f"{name}.png", image.shape[:2])
        for variant, picture in variants(image, mask).items():
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
    print(f"{'variant':16} {'n':>4} {'mean':>6} {'worst':>6} {'>=.97':>6} {'>=.85':>6} refused")
    for variant, values in overlaps.items():
        scores = np.array(values)
        print(
            f"{variant:16} {len(scores):4d} {scores.mean():6.3f} {scores.min():6.3f} {(scores >= 0.97).mean():6.2f} "
            f"{(scores >= 0.85).mean():6.2f} {refused.get(variant, 0):5d}"
        )
    print(f"processor seconds a photo: mean {np.mean(seconds):.2f}, most {max(seconds):.2f}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
