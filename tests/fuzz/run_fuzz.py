"""Fuzz one kind of file for some seconds, or try one case again:

    python tests/fuzz/run_fuzz.py KIND --seconds 60 [--seed 0] [--at CASE]

Stops at the first case at which something other than the toolkit's own errors comes out; says on stdout, as one JSON
object a line, which case it is at, and at last how many there were and how the memory has grown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

from mutate import damaged
from targets import TARGETS, Target

SETTLED = 0.4  # share of the time after which no more memory should be taken for good


def peak() -> float:
    """Megabytes this process has had at most. `getrusage` would count those of the process that started it, too."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def case(seed: int, number: int, examples: list[bytes]) -> bytes:
    """The bytes of a case; the first ones are the sound examples themselves."""
    if number < len(examples):
        return examples[number]
    chance = random.Random(seed * 1_000_003 + number)
    return damaged(chance.choice(examples), chance, examples)


def resident() -> float:
    """Megabytes in use."""
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def fuzz(target: Target, seed: int, seconds: float, first: int, last: int | None) -> dict[str, object]:
    """Read damaged files until the time is up.

    Raises:
        AssertionError: Something outside the case's own file was written.
    """
    examples = target.examples()
    number, settled, slowest = first, 0.0, 0.0
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        path = Path(place, "in", target.name)
        path.parent.mkdir()
        for example in examples:  # loads what the readers need, which on a busy machine takes longer than many cases
            path.write_bytes(example)
            target.read(path)
        began = time.monotonic()
        while (last is None or number <= last) and time.monotonic() - began < seconds:
            print(json.dumps({"at": number}), flush=True)
            path.write_bytes(case(seed, number, examples))
            start = time.monotonic()
            target.read(path)
            slowest = max(slowest, time.monotonic() - start)
            number += 1
            if not settled and time.monotonic() - began > SETTLED * seconds:
                settled = resident()
        assert os.listdir(place) == ["in"], f"written beside the input: {os.listdir(place)}"
        grown = resident() - settled if settled else 0.0
    return {"cases": number - first, "slowest": round(slowest, 2), "grown": round(grown, 1), "peak": round(peak())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=TARGETS)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at", type=int, help="this case alone")
    options = parser.parse_args()
    first = options.at or 0
    try:
        told = fuzz(TARGETS[options.kind], options.seed, options.seconds, first, options.at)
    except BaseException:
        traceback.print_exc()
        sys.exit(1)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
