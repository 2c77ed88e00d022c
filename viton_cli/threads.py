"""How many threads compute, and how those wait that have nothing to do."""

from __future__ import annotations

import os

# The networks are small: more threads than these wait for each other longer than they work, the more so where other
# programs compute too. A fixed number, since the last digits of a result depend on it.
FEW = 2
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def wait_passively() -> None:
    """Let OpenMP's idle threads sleep instead of spinning, unless the user has set how they wait; to be called before
    torch is loaded. Spinning threads take the cores from those that have work, as soon as other programs run."""
    if not any(name in os.environ for name in WAITING):
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


def use_threads(wanted: int | None) -> None:
    """Let torch compute with so many threads; None: as OMP_NUM_THREADS says, else two, if there are two cores."""
    import torch

    if wanted is not None:
        torch.set_num_threads(wanted)
    elif "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(min(FEW, cores()))


def cores() -> int:
    """Logical cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
