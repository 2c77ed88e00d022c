"""Two processes train together, as `torchrun` starts them: forked from one that has loaded everything.

`python two_processes.py FOLDER PORT` runs each of `SCENARIOS` in two processes, which write FOLDER/SCENARIO-RANK.json.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import torch
from test_fit import Line, config
from torch import nn

from viton_cli.training.fit import fit
from viton_cli.training.stopping import Stopped


class Plain(Line):
    """Without dropout, which differs between the processes, and without batch norm."""

    def __init__(self, **told: int) -> None:
        super().__init__(**told)
        self.net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))


SCENARIOS = {
    "equal": ({}, {"steps": 20, "log_every": 1}),
    "poison": ({"poison": 3}, {"steps": 6}),
    "stop": ({"stop_at": 4}, {"steps": 500}),
    "clock": ({}, {"steps": None, "minutes": 0.01}),
}


def work(rank: int, name: str, root: Path) -> None:
    """One process's part; what goes wrong does so in the second one."""
    task_settings, settings = SCENARIOS[name]
    said: list[str] = []
    task = Plain(**task_settings if rank == 1 else {}, number=signal.SIGTERM)
    stopped, done = False, {}
    try:
        done = fit(task, config(root / name, **settings), said.append)
    except Stopped:
        stopped = True
    weights = [float(value) for value in torch.cat([p.detach().flatten() for p in task.net.parameters()])]
    told = {"done": done, "stopped": stopped, "said": said, "calls": task.calls, "weights": weights}
    (root / f"{name}-{rank}.json").write_text(json.dumps(told))


def main(root: Path, port: int) -> None:
    import accelerate  # noqa: F401

    torch.set_num_threads(1)
    for number, name in enumerate(SCENARIOS):
        children = []
        for rank in (0, 1):
            child = os.fork()
            if child == 0:
                told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_PORT": port + number}
                os.environ.update({key: str(value) for key, value in told.items()}, MASTER_ADDR="127.0.0.1")
                try:
                    work(rank, name, root)
                except BaseException as error:
                    print(f"{name} {rank}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                    os._exit(1)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
