"""Seconds a pair, stage by stage, photos a second of perception, and peak memory, on folders of your own.

python tests/benchmarks/bench_tryon.py --person examples/people --clothes examples/clothes
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from viton_cli import TryOn
from viton_cli.errors import VitonError
from viton_cli.files import list_photos, read_photo


def peak() -> float:
    """Peak resident memory of this process, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--person", type=Path, required=True)
    parser.add_argument("--clothes", type=Path, required=True)
    parser.add_argument("--weights", help="folder with stage1.safetensors and stage2.safetensors")
    parser.add_argument("--warp", default="parts")
    arguments = parser.parse_args()
    engine = TryOn(warp=arguments.warp, **({"weights": arguments.weights} if arguments.weights else {}))
    began = time.perf_counter()
    engine.load()
    print(f"load            {time.perf_counter() - began:.2f} s")
    garments, people, failed = [], [], 0
    began = time.perf_counter()
    for name, path in list_photos(arguments.clothes):
        try:
            garments.append(engine.cut(path))
        except VitonError as error:
            failed += 1
            print(f"{name}: {error}")
    print(
        f"garment         {(time.perf_counter() - began) / max(len(garments) + failed, 1):.3f} s each, {failed} refused"
    )
    photos = [read_photo(path, name) for name, path in list_photos(arguments.person)]
    engine.find(photos[0])  # warm
    failed, began = 0, time.perf_counter()
    for photo in photos:
        try:
            people.append(engine.find(photo))
        except VitonError as error:
            failed += 1
            print(error)
    print(f"person          {(time.perf_counter() - began) / len(photos):.3f} s each, {failed} not found")
    stages: dict[str, list[float]] = defaultdict(list)
    memory = []
    began = time.perf_counter()
    for person in people:
        for garment in garments:
            result = engine.run(person, garment)
            for stage, seconds in result.seconds.items():
                stages[stage].append(seconds)
        memory.append(peak())
    pairs = len(people) * len(garments)
    print(f"pair            {(time.perf_counter() - began) / max(pairs, 1):.3f} s each, {pairs} pairs")
    for stage, seconds in stages.items():
        print(f"  {stage:<13} mean {np.mean(seconds):.3f} s, longest {max(seconds):.3f} s")
    print(f"peak memory     {memory[0]:.0f} MB after the first person, {memory[-1]:.0f} MB after the last")


if __name__ == "__main__":
    main()
