"""How well and how fast garments are warped: both variants, scikit-image's splines, the original if at hand.

    python tests/benchmarks/bench_warp.py                                         drawn shapes
    python tests/benchmarks/bench_warp.py --garments cloth-mask --targets worn    folders of masks with the same names
    python tests/benchmarks/bench_warp.py ... --pairs pairs.txt --joints pose     "TARGET GARMENT" lines; OpenPose JSON

A target is a mask (any non-zero or above half is cloth) or, with --labels 5,6,7, a label image. Prints intersection
over union of the warped garment mask with the target, folded area, and milliseconds of processor time on one core. The
original's MATLAB code runs where `octave` (with its image package) is on the path and --original names the folder
`shape_context` of a copy of github.com/xthan/VITON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage.draw import polygon2mask
from skimage.transform import ThinPlateSplineTransform, warp

from viton_cli.core.warp import fit_warps
from viton_cli.core.warp.outline_matching import register_outlines
from viton_cli.core.warp.outlines import clean, contours
from viton_cli.core.warp.tps import fit_tps, pixel_grid, rescale, sample

Mask = NDArray[np.float32]
SIZE = (256, 192)
# The published code as its shape_context_warp.m calls it: garment masks in 1.png, 2.png ..., targets in 1t.png ...
# For each a text file: processor seconds, then for a 10 x 10 grid of target pixels the garment pixels they read.
ORIGINAL = """
warning('off', 'all'); pkg load image; addpath('{code}'); rand('state', 0);
if ~exist('hungarian'), addpath('{folder}'); end
for k = 1:{count}
  try
    V1 = double(imread(sprintf('{folder}/%d.png', k)) > 127); V2 = double(imread(sprintf('{folder}/%dt.png', k))) / 255;
    [h, w] = size(V2); n = 10; from = cputime;
    V1 = medfilt2(imfill(V1));
    [~, ~, moved] = tps_main(V1, V2, n, repmat(V1, [1 1 3]), 0);
    [gx, gy] = meshgrid(linspace(1, w, n), linspace(1, h, n));
    [x, y] = meshgrid(linspace(-2 * w, 2 * w, 4 * w + 1), linspace(-2 * h, 2 * h, 4 * h + 1));
    [~, nearest] = min(dist2([gx(:), gy(:)], moved'), [], 2);
    table = [gx(:), gy(:), x(:)(nearest), y(:)(nearest)] - 1;
    dlmwrite(sprintf('{folder}/%d.txt', k), [cputime - from, 0, 0, 0; table], ' ');
  catch problem
    printf('%d: %s\\n', k, problem.message);
  end
end
"""
# The published code calls a function that is not among its files: rows_of(j) is the row that goes with column j.
HUNGARIAN = """
function rows_of = hungarian(cost)
  n = rows(cost); u = zeros(1, n); v = zeros(1, n + 1); p = zeros(1, n + 1);
  for i = 1:n
    p(n + 1) = i; j = n + 1; least = inf(1, n); done = false(1, n + 1); from = zeros(1, n);
    do
      done(j) = true; open = ~done(1:n);
      reduced = cost(p(j), :) - u(p(j)) - v(1:n);
      nearer = open & reduced < least;
      least(nearer) = reduced(nearer); from(nearer) = j;
      waiting = least; waiting(~open) = inf; [delta, next] = min(waiting);
      u(p(done)) += delta; v(done) -= delta; least(open) -= delta;
      j = next;
    until p(j) == 0
    while j <= n
      p(j) = p(from(j)); j = from(j);
    end
  end
  rows_of = p(1:n);
end
"""


@dataclass
class Pair:
    """A garment mask, a target mask and, if known, the wearer's joints in target pixels."""

    name: str
    garment: Mask
    target: Mask
    joints: NDArray[np.float64] | None = None
    seen: NDArray[np.bool_] | None = None


def drawn(count: int = 24) -> list[Pair]:
    """Shirts drawn with sleeves of any length, laid flat and worn with the arms anywhere from hanging to raised."""
    rng = np.random.default_rng(0)
    pairs = []
    for k in range(count):
        length, cuff = rng.uniform(30, 100), rng.uniform(11, 17)
        masks = []
        for angles in (np.full(2, rng.uniform(0.5, 0.8)), rng.uniform(0.15, 1.1, 2)):
            scale = 1.0 if not masks else rng.uniform(0.6, 0.8)
            waist, hem, drop = rng.uniform(32, 38), rng.uniform(36, 44), rng.uniform(120, 165)
            outline = []
            for sign, angle in ((1.0, angles[0]), (-1.0, angles[1])):
                along, across = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
                tip, end = np.array([36.0, 8.0]), np.array([36.0, 16.0]) + length * along
                armpit = np.array([34.0, 42.0])
                side = [(0, 8), (16, 0), tip, end + cuff * across * 0.6, end - cuff * across * 0.6, armpit]
                side += [(waist, 90), (hem, drop), (0, drop + 3)]
                points = np.array([np.asarray(p, float) for p in side]) * scale * [sign, 1] + [96, 40]
                outline.append(points if sign > 0 else points[::-1])
            polygon = np.concatenate(outline)
            masks.append(polygon2mask(SIZE, polygon[:, ::-1]).astype(np.float32))
        pairs.append(Pair(f"drawn{k:02d}", masks[0], masks[1]))
    return pairs


def read(path: Path, labels: list[int] | None) -> Mask:
    """A mask file, or a label image's chosen labels."""
    with Image.open(path) as image:
        if labels:
            return np.isin(np.asarray(image), labels).astype(np.float32)
        return np.asarray(image.convert("L"), np.float32) / 255


def folders(args: argparse.Namespace) -> list[Pair]:
    """Pairs of mask files."""
    garments, targets = ({p.stem: p for p in sorted(folder.iterdir())} for folder in (args.garments, args.targets))
    if args.pairs:
        lines = args.pairs.read_text().replace(",", " ").splitlines()
        names = [tuple(Path(word).stem for word in line.split()[:2]) for line in lines if len(line.split()) > 1]
    else:
        names = [(name, name) for name in targets]
    pairs = []
    for target, garment in names:
        if target not in targets or garment not in garments:
            continue
        labels = [int(x) for x in args.labels.split(",")] if args.labels else None
        pair = Pair(f"{target} {garment}", read(garments[garment], None), read(targets[target], labels))
        pose = args.joints / f"{target}_keypoints.json" if args.joints else None
        if pose and pose.exists():
            people = json.loads(pose.read_text())["people"]
            values = np.array(people[0]["pose_keypoints_2d"]).reshape(-1, 3)
            order = list(range(18)) if len(values) == 18 else [*range(8), *range(9, 19)]
            pair.joints, pair.seen = values[order, :2], values[order, 2] > 0
        pairs.append(pair)
    return pairs[: args.count]


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union at one half."""
    return float(((a > 0.5) & (b > 0.5)).sum() / max(((a > 0.5) | (b > 0.5)).sum(), 1))


def report(name: str, scores: list[float], folded: list[float], fit: float, draw: float) -> None:
    """One line."""
    print(
        f"{name:24s} IoU mean {np.mean(scores):.3f} worst {np.min(scores):.3f}   folded max {np.max(folded):.4f}   "
        f"fit {1e3 * fit:6.1f} ms/pair   draw {1e3 * draw:6.1f} ms",
        flush=True,
    )


def ours(pairs: list[Pair], variant: str, batch: int, joints: bool, verbose: bool) -> None:
    """One of the toolkit's variants; drawing is of a 1024x768 picture to 1024x768."""
    scores, folded, seconds, drawing = [], [], [], []
    picture = torch.rand(1, 3, 1024, 768, generator=torch.Generator().manual_seed(0))
    for i in range(0, len(pairs), batch):
        part = pairs[i : i + batch]
        known = ([p.joints for p in part], [p.seen for p in part]) if joints else (None, None)
        start = time.process_time()
        warps = fit_warps([p.garment for p in part], [p.target for p in part], variant, *known)
        seconds.append((time.process_time() - start) / len(part))
        for pair, fitted in zip(part, warps):
            scores.append(iou(fitted.apply(pair.garment, pair.target.shape[:2], fill=0.0), pair.target))
            folded.append(fitted.folded)
            start = time.process_time()
            fitted.apply(picture, (1024, 768))
            drawing.append(time.process_time() - start)
            if verbose:
                print(f"  {pair.name:28s} {scores[-1]:.3f} {folded[-1]:.4f} {fitted.fallback or ''}")
    label = f"{variant}{' with joints' if joints else ''}"
    report(label, scores, folded, float(np.median(seconds)), float(np.median(drawing)))


def scikit_image(pairs: list[Pair]) -> None:
    """skimage.transform.ThinPlateSplineTransform through the same matches of the outlines."""
    scores, seconds, drawing = [], [], []
    picture = np.random.default_rng(0).random((1024, 768, 3)).astype(np.float32)
    for pair in pairs:
        a, b = contours(clean(pair.garment))[0], contours(clean(pair.target))[0]
        start = time.process_time()
        found = register_outlines([a], [b])[0]
        controls, values = found.target[found.use], found.garment[found.use]
        if hasattr(ThinPlateSplineTransform, "from_estimate"):
            spline = ThinPlateSplineTransform.from_estimate(controls, values)
        else:  # scikit-image before 0.26
            spline = ThinPlateSplineTransform()
            spline.estimate(controls, values)
        seconds.append(time.process_time() - start)
        scores.append(iou(warp(pair.garment, spline, output_shape=pair.target.shape), pair.target))
        if not drawing:
            start = time.process_time()
            warp(picture, spline, output_shape=(1024, 768))
            drawing.append(time.process_time() - start)
    report("skimage, outlines", scores, [float("nan")], float(np.median(seconds)), float(np.median(drawing)))


def original(pairs: list[Pair], code: Path) -> None:
    """The published MATLAB code under Octave on 64x48 masks; its 10x10 grid drives a spline, as in its network."""
    small = (64, 48)
    scores, seconds = [], []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hungarian.m").write_text(HUNGARIAN)
        for k, pair in enumerate(pairs, 1):
            for mask, name, how in (
                (pair.garment, f"{k}.png", Image.Resampling.NEAREST),
                (pair.target, f"{k}t.png", Image.Resampling.BICUBIC),
            ):
                image = Image.fromarray((mask * 255).astype(np.uint8))
                image.resize(small[::-1], how).save(Path(folder, name))
        script = Path(folder, "driver.m")
        script.write_text(ORIGINAL.format(code=code.resolve(), folder=folder, count=len(pairs)))
        # Octave may stumble while it ends, after the work is done: the files tell.
        done = subprocess.run(["octave", "--no-gui", "--quiet", str(script)], capture_output=True, text=True)
        for k, pair in enumerate(pairs, 1):
            found = Path(folder, f"{k}.txt")
            if not found.exists():
                continue
            table = torch.from_numpy(np.loadtxt(found))
            seconds.append(float(table[0, 0]))
            controls = rescale(table[1:, :2], small, pair.target.shape)
            values = rescale(table[1:, 2:], small, pair.garment.shape)
            where = fit_tps(controls[None], values[None])(pixel_grid(pair.target.shape).reshape(1, -1, 2))
            mask = torch.from_numpy(pair.garment)[None, None]
            drawn_mask = sample(mask, where.reshape(1, *pair.target.shape, 2))[0, 0].numpy()
            scores.append(iou(drawn_mask, pair.target))
    if scores:
        report("original, octave", scores, [float("nan")], float(np.median(seconds)), float("nan"))
    if len(scores) < len(pairs):
        causes = {line.split(": ", 1)[1] for line in done.stdout.splitlines() if ": " in line}
        said = "; ".join(sorted(causes)) or done.stderr.strip()
        print(f"original, octave         failed on {len(pairs) - len(scores)} pairs: {said}")


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--garments", type=Path, help="folder of product masks")
    parser.add_argument("--targets", type=Path, help="folder of worn masks or label images")
    parser.add_argument("--pairs", type=Path, help="file of 'TARGET GARMENT' lines; the same names otherwise")
    parser.add_argument("--labels", help="labels of the target that are the garment, e.g. 5,6,7")
    parser.add_argument("--joints", type=Path, help="folder of NAME_keypoints.json in the targets' pixels")
    parser.add_argument("--count", type=int, default=1000, help="at most so many pairs")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--original", type=Path, help="folder with the published shape_context code, for Octave")
    parser.add_argument("--verbose", action="store_true", help="a line for every pair")
    args = parser.parse_args()
    if bool(args.garments) != bool(args.targets):
        parser.error("--garments and --targets go together")
    torch.set_num_threads(1)
    pairs = folders(args) if args.garments else drawn()
    if not pairs:
        parser.error("no pair of masks found")
    print(f"{len(pairs)} pairs, one core")
    fit_warps([pairs[0].garment], [pairs[0].target])
    for variant, joints in (("paper", False), ("parts", False), ("parts", True)):
        if not joints or any(pair.joints is not None for pair in pairs):
            ours(pairs, variant, args.batch, joints, args.verbose)
    scikit_image(pairs)
    if args.original:
        if shutil.which("octave"):
            original(pairs, args.original)
        else:
            print("original, octave         not run: no octave on the path")


if __name__ == "__main__":
    main()
