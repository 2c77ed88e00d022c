"""Memory does not grow with the number of pairs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
import pytest, stand_ins
from viton_cli.config import TryOnConfig
from viton_cli.pipelines.tryon import tryon
root, people = Path(sys.argv[1]), int(sys.argv[2])
stand_ins.install_fakes(pytest.MonkeyPatch())
for number in range(people):
    stand_ins.photo(root / "people" / f"p{number:03}.png", size=(320, 240))
for number in range(5):
    stand_ins.photo(root / "clothes" / f"g{number}.png", (40 * number, 90, 200), size=(320, 240))
done = tryon(TryOnConfig(
    person=[str(root / "people")], clothes=[str(root / "clothes")], out=str(root / "out"), image_format="jpg"
))
assert done.ok == 5 * people
"""


def peak(folder: Path, people: int) -> int:
    """Largest resident set of a process that dresses so many people in 5 garments: as many as fill a sheet's page."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(people)],
        env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_maxrss


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "wait4"), reason="peak memory of a child is asked of a Unix")
def test_a_thousand_pairs_take_the_memory_of_a_hundred(tmp_path: Path) -> None:
    """Of 320x240, with stand-ins for the networks: a result that was kept for each pair would make 0.2 GB more."""
    hundred, thousand = (peak(tmp_path / str(people), people) for people in (20, 200))
    print(f"peak memory of 100 pairs {hundred // 1024} MB, of 1,000 pairs {thousand // 1024} MB")
    assert thousand <= 1.05 * hundred
