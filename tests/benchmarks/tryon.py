"""What `viton tryon` costs: core-milliseconds a pair by stage, pairs a second, peak memory, and against a floor.

    python tests/benchmarks/tryon.py                               the examples: 12 people of 768x1024 in 12 garments
    python tests/benchmarks/tryon.py --person DIR --clothes DIR --image-format jpg
    python tests/benchmarks/tryon.py --pairs 1000 --height 256     memory: compare with --pairs 100

The command itself runs, in this process, with one thread for the networks; each stage is timed by the processor time
of its thread, without that of the stages within it, so that waiting does not count. The floor is what no program can do
without: each photo decoded once and each result encoded once, measured on the same pictures in the same process. Cold
is `viton tryon` for one pair in a process of its own, start-up and loading of the networks counted.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

import viton_cli.methods.viton as method_module
import viton_cli.pipelines.garment_store as garment_store
import viton_cli.pipelines.tryon.folder as folder_module
import viton_cli.pipelines.tryon.inputs as inputs
from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Progress
from viton_cli.files import encode_image, list_photos, read_photo
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon import tryon

EXAMPLES = Path(__file__).parents[2] / "examples"
NETWORKS = ("stage 1", "stage 2")


class Stages:
    """Processor seconds by stage; what is timed within something else counts only once."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = threading.local()
        self._lock = threading.Lock()

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its processor time added to a stage."""

        def call(*arguments: Any, **named: Any) -> Any:
            outer, self._inner.seconds = getattr(self._inner, "seconds", 0.0), 0.0
            began = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                used = time.thread_time() - began
                with self._lock:
                    self.seconds[stage] += used - self._inner.seconds
                self._inner.seconds = outer + used

        return call

    def watch(self, tools: Tools) -> None:
        """Time what a run does with these tools."""
        for owner, name, stage in (
            (inputs, "read_photo", "decode"),
            (garment_store, "read_photo", "decode"),
            (tools.finder, "find", "person found"),
            (tools, "cut", "garment cut"),
            (tools.method, "prepare_person", "person and garment as the networks see them"),
            (tools.method, "prepare_garment", "person and garment as the networks see them"),
            (tools.method, "generator", NETWORKS[0]),
            (tools.method, "composer", NETWORKS[1]),
            (tools.method, "fit", "warp fitted"),
            (method_module, "lay_in", "laid in"),
            (tools.method, "dress", "between these"),
            (folder_module, "encode", "encode"),
            (folder_module.TryOnFolder, "write_pair", "thumbnail, manifest, hashes"),
        ):
            setattr(owner, name, self.timed(stage, getattr(owner, name)))


def made(root: Path, kind: str, source: Path, height: int | None, count: int) -> Path:
    """A folder with so many photos of a folder, again and again, at a height."""
    out = root / kind
    out.mkdir()
    photos = list_photos(source)
    for number in range(count):
        _, path = photos[number % len(photos)]
        target = out / f"{number:04}{path.suffix}"
        if height is None:
            target.symlink_to(path.resolve())
            continue
        with Image.open(path) as opened:
            opened.resize((round(opened.width * height / opened.height), height)).save(target, quality=95)
    return out


def floor(people: Path, clothes: Path, out: Path, pairs: int) -> float:
    """Processor seconds to decode every photo once and to encode every result once."""
    began = time.thread_time()
    for folder in (people, clothes):
        for id, path in list_photos(folder):
            read_photo(path, id)
    used = time.thread_time() - began
    results = [path for path in sorted(out.iterdir()) if "__" in path.name][:50]
    pictures = [(read_photo(path).image, path.suffix) for path in results]
    began = time.thread_time()
    for picture, ending in pictures:
        encode_image(picture, ending)
    return used + (time.thread_time() - began) * pairs / max(len(results), 1)


def cold(person: Path, garment: Path, out: Path) -> tuple[float, float]:
    """(seconds by the clock, processor seconds) of one pair in a process of its own."""
    command = [sys.executable, "-m", "viton_cli", "tryon", "--person", str(person), "--clothes", str(garment)]
    began = time.monotonic()
    process = subprocess.Popen([*command, "--out", str(out)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the cold run failed"
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--person", type=Path, default=EXAMPLES / "people")
    parser.add_argument("--clothes", type=Path, default=EXAMPLES / "clothes")
    parser.add_argument("--pairs", type=int, help="about so many: up to 20 garments, people as often as needed")
    parser.add_argument("--height", type=int, help="of the photos; by default as they are")
    parser.add_argument("--image-format", choices=("png", "jpg", "webp"), default="jpg")
    options = parser.parse_args()
    people, garments = (len(list_photos(folder)) for folder in (options.person, options.clothes))
    if options.pairs:
        garments = min(20, options.pairs)
        people = -(-options.pairs // garments)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        given = [
            made(root, kind, source, options.height, count)
            for kind, source, count in (("people", options.person, people), ("clothes", options.clothes, garments))
        ]
        first = [sorted(folder.iterdir())[0] for folder in given]
        wall_cold, used_cold = cold(*first, root / f"cold.{options.image_format}")
        config = TryOnConfig(
            person=[str(given[0])], clothes=[str(given[1])], out=str(root / "out"),
            image_format=options.image_format, threads=1,
        )  # fmt: skip
        tools, stages = Tools(config), Stages()
        stages.watch(tools)
        began, used = time.monotonic(), time.process_time()
        done = tryon(config, Progress(), tools)
        wall, used = time.monotonic() - began, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        least = floor(*given, root / "out", done.ok)
    report(stages, done.ok, wall, used, least, peak)
    print(f"first picture, cold: {used_cold:.1f} s of one core, {wall_cold:.1f} s by the clock")


def report(stages: Stages, pairs: int, wall: float, used: float, least: float, peak: int) -> None:
    """Print the table and what follows from it."""
    stages.seconds["everything else (start, page, sheet)"] = used - sum(stages.seconds.values())
    print(f"| {pairs} pairs | core-ms a pair | share |\n|---|---|---|")
    for stage, seconds in stages.seconds.items():
        print(f"| {stage} | {1e3 * seconds / pairs:.1f} | {seconds / used:.0%} |")
    print(f"| **all** | **{1e3 * used / pairs:.1f}** | |")
    networks = sum(stages.seconds[name] for name in NETWORKS)
    print(f"pairs a second: {pairs / used:.2f} a core; {pairs / wall:.2f} by the clock")
    print(f"outside the two networks: {1 - networks / used:.0%}")
    print(f"floor, decode and encode: {1e3 * least / pairs:.1f} core-ms a pair; all is {used / least:.0f} times that")
    print(f"peak memory: {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
