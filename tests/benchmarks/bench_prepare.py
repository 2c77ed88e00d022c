"""Photos a second of `viton prepare`, by the clock and in processor time, and its memory as the run goes on.

python tests/benchmarks/bench_prepare.py --person examples/people --photos 2000
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from viton_cli.config import PrepareConfig
from viton_cli.engines.progress import Progress
from viton_cli.files import list_photos
from viton_cli.pipelines.prepare import prepare


def processor_time() -> float:
    """Seconds of user and system time of this process, all its threads together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> float:
    """Resident memory of this process now, MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


class Watch(Progress):
    """Prints memory and pace every so many photos.

    Args:
        every: How many.
    """

    def __init__(self, every: int) -> None:
        self.every, self.memory = every, [(0, resident())]
        self.done, self.began, self.used = 0, time.perf_counter(), processor_time()

    def start(self, total: int, unit: str) -> None:
        """The clock starts when the networks are loaded."""
        self.began, self.used = time.perf_counter(), processor_time()

    def advance(self, name: str, count: int = 1) -> None:
        self.done += count
        if self.done % self.every == 0:
            self.memory.append((self.done, resident()))
            wall, used = (time.perf_counter() - self.began) / self.done, (processor_time() - self.used) / self.done
            print(f"{self.done:>6} photos  {1 / wall:6.2f} a second  {used:.4f} s of processor time each  "
                  f"{resident():6.0f} MB", flush=True)  # fmt: skip

    def problem(self, text: str) -> None:
        print(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--person", type=Path, required=True, help="folder of photos of people")
    parser.add_argument("--photos", type=int, default=200, help="how many to prepare: they are linked under new names")
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--source", type=Path, help="weights of the built-in network, instead of the packaged ones")
    arguments = parser.parse_args()
    found = list_photos(arguments.person)
    with tempfile.TemporaryDirectory() as folder:
        people = Path(folder, "people")
        people.mkdir()
        for number in range(arguments.photos):
            path = found[number % len(found)][1].resolve()
            (people / f"{number:05}{path.suffix}").symlink_to(path)
        watch = Watch(arguments.every)
        done = prepare(
            PrepareConfig(
                person=people, out=Path(folder, "out"), workers=arguments.workers, threads=arguments.threads,
                pose_source=arguments.source, parsing_source=arguments.source,
            ),
            watch,
        )  # fmt: skip
        used = (processor_time() - watch.used) / arguments.photos
        size = sum(file.stat().st_size for file in Path(folder, "out").rglob("*") if file.is_file())
    print(done)
    print(f"photos a second {1 / done.pace:.2f} by the clock; {used:.4f} s of processor time each, "
          f"that is {1 / used:.1f} a second and core")  # fmt: skip
    print(f"written         {size / arguments.photos / 1000:.0f} kB a photo")
    later = [(count, memory) for count, memory in watch.memory if count >= arguments.photos / 4]
    if len(later) > 2:
        slope = np.polyfit(*zip(*later), 1)[0] * 1000
        print(f"memory          {slope:+.1f} MB every 1000 photos, after the first quarter")


if __name__ == "__main__":
    main()
