"""Reading ahead keeps the order and stays bounded; writing behind waits, and passes errors on."""

from __future__ import annotations

import threading
import time

import pytest

from viton_cli.engines.overlap import Writer, batches, read_ahead


def test_read_ahead_keeps_the_order_and_errors_stay_with_their_item() -> None:
    def read(item: int) -> int:
        time.sleep(0.01 * (item % 3))
        return 10 // item

    items = [5, 2, 0, 1, 3]
    results = [(item, future.exception() or future.result()) for item, future in read_ahead(items, read, 2)]
    assert [item for item, _ in results] == items
    assert results[0][1] == 2 and isinstance(results[2][1], ZeroDivisionError)


def test_read_ahead_reads_only_so_far_ahead() -> None:
    begun: list[int] = []
    ahead = read_ahead(range(100), begun.append, 3)
    next(ahead)
    time.sleep(0.05)
    assert len(begun) <= 4
    ahead.close()  # type: ignore[attr-defined]


def test_batches_are_bounded_in_number_and_weight() -> None:
    assert list(batches("abcdefg", lambda _: 1, 3, 100)) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert list(batches([1, 1, 9, 2, 1, 1], float, 3, 4)) == [[1, 1], [9], [2, 1, 1]], "one too heavy comes alone"
    assert list(batches([], float, 3, 4)) == []


def test_writer_finishes_its_jobs_also_after_ctrl_c() -> None:
    done: list[int] = []

    def slow(number: int) -> None:
        time.sleep(0.02)
        done.append(number)

    with pytest.raises(KeyboardInterrupt), Writer(2) as writer:
        for number in range(4):
            writer.submit(slow, number)
        raise KeyboardInterrupt
    assert sorted(done) == [0, 1, 2, 3]


def test_writer_bounds_what_waits_and_raises_what_failed() -> None:
    gate = threading.Event()
    with Writer(1) as writer:
        writer.submit(gate.wait)
        writer.submit(gate.wait)
        threading.Timer(0.05, gate.set).start()
        began = time.monotonic()
        writer.submit(gate.wait)
        assert time.monotonic() - began > 0.02, "two were waiting: the third has to wait for one of them"

    def full() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), Writer(1) as writer:
        writer.submit(full)
