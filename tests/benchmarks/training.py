"""CPU-seconds of a training step of stage 1 by part, and its share of this machine's matrix rate of the same minute.

    python tests/benchmarks/training.py --data wardrobe:PATH [--data ccp:PATH] [--steps 10] [--perceived 0]

The share is that of forward and backward: their multiplications, counted by PyTorch, over their seconds, against
bf16 products of 2048x2048 matrices timed between the steps. One thread.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from viton_cli.config import TrainStage1Config
from viton_cli.core.losses import Answer, layout_stage1_loss
from viton_cli.training.average import Average
from viton_cli.training.pairs.layout import LayoutTask, paint_layout

SIDE = 2048


def matrix_rate() -> float:
    """Multiplications and additions a CPU-second of a bf16 matrix product."""
    a, b = (torch.randn(SIDE, SIDE).bfloat16() for _ in range(2))
    began = time.process_time()
    for _ in range(2):
        a @ b
    return 2 * 2 * SIDE**3 / (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", action="append", required=True)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--perceived", type=float, default=0.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    spent: Counter[str] = Counter()

    @contextmanager
    def part(name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        spent[name] += time.process_time() - began

    with tempfile.TemporaryDirectory() as folder:
        config = TrainStage1Config(data=given.data, out=Path(folder), perceived=given.perceived)
        task = LayoutTask(config, print)
    net = task.net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        net.parameters(), config.lr, config.betas, weight_decay=config.weight_decay, fused=True
    )
    average, rng, rates, work = Average(net, config.ema), np.random.default_rng(0), [matrix_rate()], 0
    for step in range(given.steps + 2):
        if step == 2:  # the first ones set things up
            spent.clear()
        with part("data"):
            batch = task.batch([(int(rng.integers(len(task))), rng) for _ in range(config.batch)])
        counter = FlopCounterMode(display=False)
        if step == 0:
            with counter, torch.autocast("cpu", torch.bfloat16):
                layout_stage1_loss(paint_layout(net, batch), Answer.of(batch))["loss"].backward()
            work = counter.get_total_flops()
            continue
        with part("forward"), torch.autocast("cpu", torch.bfloat16):
            painting = paint_layout(net, batch)
        with part("loss"):
            loss = layout_stage1_loss(painting, Answer.of(batch))["loss"]
        with part("backward"):
            loss.backward()
        with part("optimiser"):
            torch.nn.utils.clip_grad_norm_(net.parameters(), config.clip)
            optimizer.step()
            optimizer.zero_grad()
            average.update(net, step + 1)
        rates.append(matrix_rate())
    each = {name: seconds / given.steps for name, seconds in spent.items()}
    for name, seconds in each.items():
        print(f"{name:10} {seconds:.3f} CPU-seconds a step of {config.batch}")
    network = sum(seconds for name, seconds in each.items() if name != "data")
    print(
        f"data are {each['data'] / network:.0%} of the network's step ({1e3 * each['data'] / config.batch:.0f} ms each)"
    )
    rate = float(np.median(rates))
    reached = work / (each["forward"] + each["backward"])
    print(f"{'in all':10} {sum(each.values()):.3f}; matrices {rate / 1e9:.0f} GFLOP a CPU-second, forward and backward")
    print(f"reach {reached / rate:.0%} of that ({work / 1e9:.0f} GFLOP a step)")


if __name__ == "__main__":
    main()
