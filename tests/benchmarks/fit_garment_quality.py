"""Fit the weights of `garment_quality.WEIGHTS`, and say how well the quality then tells good masks from poor ones.

    python tests/benchmarks/fit_garment_quality.py PHOTOS [EVERY] [WEIGHTS.safetensors]

PHOTOS is a folder of garment photos in folders named by kind; only the first and then every EVERY-th (default 6) are
used, those which `train_garment --keep-out 6` does not learn from. Their garments, as far as two simple methods agree
on them, are laid on each other's grounds, so that the true mask is known. Half of the pictures serve for the fit, half
for what is printed: by quality, how many masks overlap the true one by 0.85 or more.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.optimize import minimize
from skimage.color import rgb2lab

from viton_cli.checkpoints import load_weights
from viton_cli.files import list_photos
from viton_cli.perception.garments import cut as garments
from viton_cli.perception.garments import edge as garment_edge
from viton_cli.perception.garments import plain as garment_plain
from viton_cli.perception.garments import segmenter as garment_segmenter
from viton_cli.perception.garments.quality import signs
from viton_cli.training.garments.examples import kept_in, labelled
from viton_cli.training.garments.scenes import Bank

SHAPES = ((448, 320), (384, 384), (320, 448))
PICTURES = 160


def measure(photos: Path, every: int, network: garment_segmenter.GarmentSegmenter) -> np.ndarray:
    """(n, 4): sharpness, clarity, agreement, true overlap; one row a cut."""
    paths = [path for _, path in list_photos(photos)]
    held_out = sorted(set(paths) - set(kept_in(paths, every)))
    bank = Bank(list(labelled(held_out, None)))
    rng = np.random.default_rng(7)
    rows = []
    for number in range(PICTURES):
        scene = bank.compose(SHAPES[number % len(SHAPES)], rng)
        picture = ((scene.image.transpose(1, 2, 0) + 1) * 127.5).astype(np.uint8)
        if (scene.mask > 0.5).mean() < 0.02:
            continue
        small = garments.shrink(picture)
        lab = rgb2lab(small / 255).astype(np.float32)
        true = np.asarray(Image.fromarray(scene.mask).resize(lab.shape[1::-1], Image.Resampling.BILINEAR)) > 0.5
        chance = garments.resize(garment_segmenter.look(picture, network).chance, lab.shape[:2])
        cuts = [garment_edge.follow(chance, lab)]
        plain = garment_plain.cut_plain(small, lab)
        if plain.plainness > garments.PLAIN:
            cuts.append(plain.mask)
        rows += [[*signs(cut, lab, chance), (cut & true).sum() / max(1, (cut | true).sum())] for cut in cuts]
    return np.array(rows)


def fit(rows: np.ndarray) -> np.ndarray:
    """Weights whose logistic is nearest to the overlap (cross entropy, as for a probability)."""
    x = np.column_stack([np.ones(len(rows)), rows[:, :3]])

    def loss(weights: np.ndarray) -> float:
        chance = np.clip(1 / (1 + np.exp(-x @ weights)), 1e-6, 1 - 1e-6)
        entropy = -(rows[:, 3] * np.log(chance) + (1 - rows[:, 3]) * np.log(1 - chance)).mean()
        return float(entropy + 1e-4 * np.square(weights[1:]).sum())

    return minimize(loss, np.array([-2.0, 1.0, 1.0, 3.0])).x


def main(photos: Path, every: int, weights: Path | None) -> None:
    if weights is None:
        network = garment_segmenter.network()
    else:
        network = garment_segmenter.GarmentSegmenter()
        network.load_state_dict(load_weights(weights)[0])
        network.eval()
    rows = measure(photos, every, network)
    found = fit(rows[::2])
    print("WEIGHTS =", tuple(float(w) for w in found.round(2)))
    rest = rows[1::2]
    quality = 1 / (1 + np.exp(-(found[0] + rest[:, :3] @ found[1:])))
    print(f"{'quality':12} {'n':>4} {'overlap':>8} {'>=.85':>6}")
    edges = (0.0, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
    for low, high in pairwise(edges):
        part = rest[(quality >= low) & (quality < high), 3]
        if part.size:
            print(f"{low:.2f} .. {high:.2f} {part.size:4d} {part.mean():8.3f} {(part >= 0.85).mean():6.2f}")
    print(f"rank correlation {np.corrcoef(quality.argsort().argsort(), rest[:, 3].argsort().argsort())[0, 1]:.2f}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3, 4):
        sys.exit(__doc__)
    main(
        Path(sys.argv[1]),
        int(sys.argv[2]) if len(sys.argv) > 2 else 6,
        Path(sys.argv[3]) if len(sys.argv) > 3 else None,
    )
