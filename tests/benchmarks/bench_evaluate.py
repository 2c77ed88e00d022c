"""Seconds and memory of `viton evaluate`: by default 300 pairs of 768x1024, as in the README's figures.

python tests/benchmarks/bench_evaluate.py                                     all that needs no fetched weights
python tests/benchmarks/bench_evaluate.py --metrics ssim,psnr,iou,cie76
python tests/benchmarks/bench_evaluate.py --pairs 1 --height 8000 --width 6000     one of 48 megapixels
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from viton_cli.config import EvaluateConfig
from viton_cli.engines.progress import Progress
from viton_cli.pipelines.evaluate import evaluate

EXAMPLES = Path(__file__).parents[2] / "examples"
# Everything that needs nothing fetched.
OFFLINE = "ssim,ms-ssim,psnr,region,cie76,ciede2000,skin,iou,face,kept,spill,outside,encoder-mmd"
DIFFERENT = 12  # pictures that are really different; the others are links to them


class Clock(Progress):
    """Tells when the networks are loaded and the pictures begin."""

    began = 0.0

    def start(self, total: int, unit: str) -> None:
        self.began = time.perf_counter()


def make(root: Path, pairs: int, size: tuple[int, int]) -> None:
    """Photos, true pictures (the garment in another colour), results (between the two), masks of what was edited."""
    people = sorted((EXAMPLES / "people").iterdir())
    for number in range(min(pairs, DIFFERENT)):
        photo = np.asarray(Image.open(people[number % len(people)]).convert("RGB").resize(size[::-1]))
        height, width = size
        edited = np.zeros(size, bool)
        edited[height // 4 : height * 2 // 3, width // 4 : width * 3 // 4] = True
        truth, result = photo.copy(), photo.copy()
        truth[edited] = truth[edited][:, ::-1]
        result[edited] = (truth[edited] // 3 * 2 + photo[edited] // 3).astype(np.uint8)
        pictures = {"person": photo, "truth": truth, "out": result, "out/edited": edited.astype(np.uint8) * 255}
        for folder, picture in pictures.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            name = f"{number:04}.png" if folder == "person" else f"{number:04}__g.png"
            Image.fromarray(picture).save(root / folder / name, compress_level=1)
    for number in range(DIFFERENT, pairs):
        for folder in ("person", "truth", "out", "out/edited"):
            ending = ".png" if folder == "person" else "__g.png"
            (root / folder / f"{number:04}{ending}").symlink_to(f"{number % DIFFERENT:04}{ending}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--height", type=int, default=1024)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--metrics", default=OFFLINE)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keep the pictures here, and use those that are there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = arguments.folder or Path(temporary)
        if not (root / "out").exists():
            make(root, arguments.pairs, (arguments.height, arguments.width))
            print(f"pictures made; peak memory {peak():.0f} MB so far (run again with --folder to leave it out)")
        clock = Clock()
        used = time.process_time()
        found = evaluate(
            EvaluateConfig(
                results=root / "out", reference=root / "truth", person=root / "person",
                metrics=arguments.metrics, workers=arguments.workers,
            ),
            clock,
        )  # fmt: skip
        wall, used = time.perf_counter() - clock.began, time.process_time() - used
    size = f"{arguments.width}x{arguments.height}"
    print(f"{arguments.pairs} pairs of {size}, {len(found.scores)} measures of result and photo")
    print(f"{wall:.1f} s by the clock, {used:.1f} s of processor time, peak memory {peak():.0f} MB")


def peak() -> float:
    """Peak resident memory of this process, MB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
