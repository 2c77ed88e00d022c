"""Peak memory of `viton tryon` and `viton prepare` for one person and one garment, by the size of their photos.

    python tests/benchmarks/bench_memory.py [--megapixels 1 12 48 100] [--person FILE] [--clothes FILE] [--png]

The photos are enlarged to each size and written as JPEG (with --png as PNG); each command runs in a process of its own,
whose largest resident set is what the operating system counted. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"


def enlarged(source: Path, megapixels: float, path: Path) -> Path:
    """The photo at about so many megapixels, its aspect kept."""
    with Image.open(source) as opened:
        scale = (megapixels * 1e6 / (opened.width * opened.height)) ** 0.5
        size = round(opened.width * scale), round(opened.height * scale)
        opened.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(path, quality=90)
    return path


def measure(*arguments: str) -> tuple[float, float]:
    """(peak memory in GB, seconds) of a viton command.

    Raises:
        RuntimeError: It failed.
    """
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "viton_cli", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"viton {' '.join(arguments)}: exit code {os.waitstatus_to_exitcode(status)}")
    # Kilobytes, but on macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / 1e9, time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 12, 48, 100])
    parser.add_argument("--person", type=Path, default=EXAMPLES / "people/p01.jpg")
    parser.add_argument("--clothes", type=Path, default=EXAMPLES / "clothes/g05.jpg")
    parser.add_argument(
        "--png", action="store_true", help="photos as PNG, which cannot be decoded at a part of its size"
    )
    options = parser.parse_args()
    print("| both photos | `viton tryon` | `viton prepare` |\n|---|---|---|", flush=True)
    for megapixels in options.megapixels:
        with tempfile.TemporaryDirectory() as folder:
            ending = ".png" if options.png else ".jpg"
            person = enlarged(options.person, megapixels, Path(folder, f"person{ending}"))
            clothes = enlarged(options.clothes, megapixels, Path(folder, f"clothes{ending}"))
            given = ("--person", str(person), "--clothes", str(clothes))
            cells = [measure(command, *given, "--out", str(Path(folder, command))) for command in ("tryon", "prepare")]
        texts = (f"{memory:.2f} GB, {seconds:.0f} s" for memory, seconds in cells)
        print(f"| {megapixels:g} megapixels | {' | '.join(texts)} |", flush=True)


if __name__ == "__main__":
    main()
