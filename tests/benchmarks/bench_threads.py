"""Seconds a pair of `viton tryon` by the number of threads and by how idle threads wait, idle or on a busy machine.

    python tests/benchmarks/bench_threads.py [--busy N] [--rounds 2]

Each run is a process of its own, start-up and loading left out (the command's own count). `--busy N`: beside N
processes that compute without end. "default": without --threads and OMP_WAIT_POLICY, as a user runs it; "spinning":
the same with OMP_WAIT_POLICY=ACTIVE, which was the state before the package set it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
SETTINGS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "default": ({}, ()),
    "1 thread": ({}, ("--threads", "1")),
    "2 threads": ({}, ("--threads", "2")),
    "2 threads, spinning": ({"OMP_WAIT_POLICY": "ACTIVE"}, ("--threads", "2")),
}


def seconds_a_pair(environment: dict[str, str], flags: tuple[str, ...]) -> float:
    """Of three people in four garments."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    with tempfile.TemporaryDirectory() as folder:
        for kind, names in (("people", ("p01", "p02", "p03")), ("clothes", ("g01", "g02", "g03", "g05"))):
            Path(folder, kind).mkdir()
            for name in names:
                Path(folder, kind, f"{name}.jpg").symlink_to(EXAMPLES / kind / f"{name}.jpg")
        given = ["--person", f"{folder}/people", "--clothes", f"{folder}/clothes", "--out", f"{folder}/out", "--json"]
        command = [sys.executable, "-m", "viton_cli", "tryon", *given, *flags]
        ran = subprocess.run(command, env=kept | environment, capture_output=True, text=True, check=True)
    return float(json.loads(ran.stdout)["seconds_per_pair"])


def spin() -> None:
    while True:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    others = [multiprocessing.Process(target=spin, daemon=True) for _ in range(options.busy)]
    for other in others:
        other.start()
    best = {name: min(seconds_a_pair(*SETTINGS[name]) for _ in range(options.rounds)) for name in SETTINGS}
    print("| threads | seconds a pair |\n|---|---|")
    for name, seconds in best.items():
        print(f"| {name} | {seconds:.2f} |")
    print(f"default / best of one and two: {best['default'] / min(best['1 thread'], best['2 threads']):.2f}")
    for other in others:
        other.terminate()


if __name__ == "__main__":
    main()
