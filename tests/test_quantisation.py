"""Weights in eight bits."""

from __future__ import annotations

import torch

from viton_cli.quantisation import LEVELS, SCALE, from_eight_bits, to_eight_bits


def tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    rows = torch.tensor([1e-4, 1.0, 50.0, 0.0]).view(4, 1, 1, 1)
    return {"conv.weight": torch.randn(4, 3, 3, 3) * rows, "norm.weight": torch.randn(4), "count": torch.tensor(7)}


def test_the_error_is_half_a_step_of_the_rows_largest_weight() -> None:
    given = tensors()
    back = from_eight_bits(to_eight_bits(given))
    largest = given["conv.weight"].flatten(1).abs().amax(1)
    error = (back["conv.weight"] - given["conv.weight"]).flatten(1).abs().amax(1)
    assert (error <= 0.5001 * largest / LEVELS).all() and back["conv.weight"].dtype == torch.float32


def test_vectors_and_counts_stay_exact() -> None:
    given = tensors()
    back = from_eight_bits(to_eight_bits(given))
    assert list(back) == list(given)
    assert torch.equal(back["norm.weight"], given["norm.weight"]) and torch.equal(back["count"], given["count"])


def test_a_weight_takes_one_byte() -> None:
    stored = to_eight_bits(tensors())
    assert stored["conv.weight"].dtype == torch.int8 and stored["conv.weight" + SCALE].shape == (4,)
    assert stored["norm.weight"].dtype == torch.float32


def test_twice_is_as_once() -> None:
    once = to_eight_bits(tensors())
    twice = to_eight_bits(from_eight_bits(once))
    assert torch.equal(once["conv.weight"], twice["conv.weight"])
