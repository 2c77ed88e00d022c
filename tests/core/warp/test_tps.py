"""Thin-plate splines as Bookstein defines them, and reading a picture through a map."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from viton_cli.core.warp.tps import (
    affine_spline,
    densify,
    fit_tps,
    halve,
    pixel_grid,
    read_shrinking,
    rescale,
    sample,
    sample_grid,
    shrinkage,
    to_unit,
)


def points(n: int = 12, seed: int = 0, batch: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, n, 2, generator=generator, dtype=torch.float64) * 100


def test_identity() -> None:
    controls, elsewhere = points(), points(30, 1)
    assert torch.allclose(fit_tps(controls, controls)(elsewhere), elsewhere, atol=1e-9)


@pytest.mark.parametrize("regularisation", [0.0, 1.0, 1e6])
def test_affine_maps_cost_no_bending_so_they_are_found_exactly(regularisation: float) -> None:
    matrix = torch.tensor([[1.2, -0.3], [0.4, 0.8]], dtype=torch.float64)
    shift = torch.tensor([5.0, -7.0], dtype=torch.float64)
    controls, elsewhere = points(), points(30, 1)
    spline = fit_tps(controls, controls @ matrix.T + shift, regularisation)
    assert torch.allclose(spline(elsewhere), elsewhere @ matrix.T + shift, atol=1e-8)
    assert torch.allclose(spline.jacobian(elsewhere), matrix.expand(1, 30, 2, 2), atol=1e-8)
    assert torch.allclose(affine_spline(matrix, shift)(elsewhere), spline(elsewhere), atol=1e-8)


def test_landmarks_are_hit_and_side_conditions_hold() -> None:
    controls, values = points(20), points(20, 1)
    spline = fit_tps(controls, values)
    assert torch.allclose(spline(controls), values, atol=1e-7)
    assert torch.allclose(spline.weights.sum(1), torch.zeros(1, 2, dtype=torch.float64), atol=1e-9)
    moments = (spline.weights[..., None] * spline.controls[:, :, None]).sum(1)
    assert torch.allclose(moments, torch.zeros(1, 2, 2, dtype=torch.float64), atol=1e-8)


def test_it_is_bookstein_s_system_in_raw_pixels() -> None:
    controls, values, weight = points(9)[0].numpy(), points(9, 1)[0].numpy(), 300.0
    squared = ((controls[:, None] - controls[None]) ** 2).sum(-1)
    kernel = np.where(squared > 0, squared * np.log(np.maximum(squared, 1e-300)), 0.0) + weight * np.eye(9)
    flat = np.c_[np.ones(9), controls]
    system = np.block([[kernel, flat], [flat.T, np.zeros((3, 3))]])
    solution = np.linalg.solve(system, np.r_[values, np.zeros((3, 2))])
    expected = np.where(squared > 0, squared * np.log(np.maximum(squared, 1e-300)), 0.0) @ solution[:9]
    expected += flat @ solution[9:]
    spline = fit_tps(torch.from_numpy(controls)[None], torch.from_numpy(values)[None], weight)
    assert np.allclose(spline(torch.from_numpy(controls)[None])[0].numpy(), expected, atol=1e-7)


def test_more_regularisation_means_less_bending_and_a_worse_fit() -> None:
    controls, values = points(15), points(15, 1)
    misses = [float((fit_tps(controls, values, w)(controls) - values).norm()) for w in (0.0, 1e2, 1e4, 1e6)]
    assert misses == sorted(misses) and misses[0] < 1e-6


@given(scale=st.floats(0.01, 100), angle=st.floats(0, 6.28), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_scaling_and_turning_both_sides_changes_nothing_else(scale: float, angle: float, seed: int) -> None:
    controls, values, elsewhere = points(10, seed), points(10, seed + 1), points(5, seed + 2)
    turn = scale * torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    plain = fit_tps(controls, values, 50.0)(elsewhere)
    turned = fit_tps(controls @ turn.T, values @ turn.T, 50.0 * scale**2)(elsewhere @ turn.T)
    assert torch.allclose(turned, plain @ turn.T, atol=1e-5 * max(scale, 1))


def test_order_of_the_control_points_does_not_matter() -> None:
    controls, values, order = points(10), points(10, 1), torch.randperm(10, generator=torch.manual_seed(0))
    elsewhere = points(7, 2)
    shuffled = fit_tps(controls[:, order], values[:, order], 3.0)(elsewhere)
    assert torch.allclose(shuffled, fit_tps(controls, values, 3.0)(elsewhere), atol=1e-8)


def test_points_left_out_have_no_say() -> None:
    controls, values = points(10), points(10, 1)
    use = torch.ones(1, 10, dtype=torch.bool)
    use[0, [2, 5]] = False
    elsewhere = points(7, 2)
    assert torch.allclose(
        fit_tps(controls, values, 3.0, use)(elsewhere),
        fit_tps(controls[use][None], values[use][None], 3.0)(elsewhere),
        atol=1e-8,
    )


def test_a_batch_is_its_members() -> None:
    controls, values, elsewhere = points(8, 0, 3), points(8, 1, 3), points(5, 2, 3)
    together = fit_tps(controls, values, 2.0)
    for i in range(3):
        alone = fit_tps(controls[i : i + 1], values[i : i + 1], 2.0)(elsewhere[i : i + 1])
        assert torch.allclose(together(elsewhere)[i], alone[0], atol=1e-9)
        assert torch.allclose(together[i](elsewhere[i : i + 1]), alone, atol=1e-9)


def test_there_and_back() -> None:
    controls = points(16)
    values = controls + 2 * torch.sin(controls / 20)
    there, back = fit_tps(controls, values), fit_tps(values, controls)
    assert torch.allclose(back(there(controls)), controls, atol=1e-7)
    grid = pixel_grid((8, 8)).reshape(1, -1, 2) * 8 + 20
    assert float((back(there(grid)) - grid).abs().max()) < 0.5


def test_gradients() -> None:
    controls, values = points(6).requires_grad_(), points(6, 1).requires_grad_()
    elsewhere = points(4, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda c, v, x: fit_tps(c, v, 10.0)(x), (controls, values, elsewhere))


def test_jacobian_is_the_derivative() -> None:
    spline, elsewhere = fit_tps(points(9), points(9, 1)), points(5, 2)
    exact = torch.autograd.functional.jacobian(lambda x: spline(x[None])[0].sum(0), elsewhere[0])
    assert torch.allclose(spline.jacobian(elsewhere)[0], exact.permute(1, 0, 2), atol=1e-8)


def test_reading_at_pixel_centres_is_the_picture() -> None:
    image = torch.rand(1, 3, 5, 7)
    assert torch.allclose(sample(image, pixel_grid((5, 7))[None]), image, atol=1e-6)


def test_one_pixel_to_the_right_is_exactly_one_pixel() -> None:
    image = torch.rand(1, 1, 6, 9)
    moved = sample(image, pixel_grid((6, 9))[None] + torch.tensor([1.0, 0.0]))
    assert torch.allclose(moved[..., :-1], image[..., 1:], atol=1e-5)
    assert torch.allclose(moved[..., -1], image[..., -1], atol=1e-5)


def test_rescale_keeps_the_edges_of_the_picture() -> None:
    corners = torch.tensor([[-0.5, -0.5], [9.5, 4.5]])
    assert torch.allclose(rescale(corners, (5, 10), (20, 30)), torch.tensor([[-0.5, -0.5], [29.5, 19.5]]))


def test_halving_moves_nothing() -> None:
    ramp = torch.arange(7.0).expand(1, 1, 4, 7)
    where = pixel_grid((2, 3))[None]
    assert torch.allclose(sample(halve(ramp), where), sample(ramp, where * 2 + 0.5), atol=1e-5)


def planes(where: torch.Tensor) -> torch.Tensor:
    """(H, W, 2) points as (2, H, W)."""
    return where.permute(2, 0, 1)


def test_shrinking_stripes_gives_grey_and_enlarging_keeps_them_sharp() -> None:
    stripes = (torch.arange(256) % 2).float().expand(1, 1, 256, 256).contiguous()
    where = planes(pixel_grid((32, 32)) * 8 + 3.5)
    small = read_shrinking([stripes], to_unit(where, (256, 256)), shrinkage(where))
    assert float((small - 0.5).abs().max()) < 0.02
    where = planes(pixel_grid((64, 64)) / 4)
    large = read_shrinking([stripes], to_unit(where, (256, 256)), shrinkage(where))
    assert torch.allclose(large, sample(stripes, pixel_grid((64, 64))[None] / 4), atol=1e-5)


@pytest.mark.parametrize("size", [(64, 96), (61, 83)])
def test_shrinking_a_ramp_moves_nothing_whatever_its_size(size: tuple[int, int]) -> None:
    height, width = size
    ramp = torch.arange(float(width)).expand(1, 1, height, width).contiguous()
    where = planes(pixel_grid((height // 6, width // 6)) * 5 + 4)
    read = read_shrinking([ramp], to_unit(where, size), shrinkage(where))
    assert torch.allclose(read[0, 0].double(), where[0], atol=1e-3)


def test_shrinkage_is_the_logarithm_of_the_scale() -> None:
    angle = torch.tensor(0.7, dtype=torch.float64)
    turn = torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])
    where = planes(4.0 * pixel_grid((9, 9)) @ turn.T)
    assert torch.allclose(shrinkage(where), torch.full((9, 9), 2.0, dtype=torch.float64))
    assert torch.allclose(shrinkage(where[:, ::3, ::3], 3), torch.full((3, 3), 2.0, dtype=torch.float64))


def test_a_spline_on_a_grid_is_the_spline() -> None:
    spline = fit_tps(points(30), points(30) + 5 * torch.sin(points(30) / 15), 1.0)
    x, y = torch.linspace(-10, 110, 13), torch.linspace(5, 95, 7)
    grid = torch.stack([x.expand(7, -1), y[:, None].expand(-1, 13)], -1)
    assert torch.allclose(
        spline.on_grid(x, y).permute(1, 2, 0), spline(grid.reshape(1, -1, 2))[0].reshape(7, 13, 2).float(), atol=5e-3
    )


def test_cubic_interpolation_hits_its_nodes_and_is_exact_for_quadratics() -> None:
    step, size = 4, (19, 30)
    nodes = torch.rand(2, 8, 11, dtype=torch.float64)
    assert torch.allclose(densify(nodes, step, size)[:, ::step, ::step], nodes[:, 1:6, 1:9])

    def curve(grid: torch.Tensor) -> torch.Tensor:
        x, y = planes(grid)
        return (3 + 2 * x - y + 0.3 * x**2 - 0.2 * x * y + 0.1 * y**2)[None]

    assert torch.allclose(densify(curve((pixel_grid((8, 11)) - 1) * step), step, size), curve(pixel_grid(size)))


def test_reading_on_a_grid_is_reading_at_its_points() -> None:
    picture = torch.rand(9, 7)
    x, y = torch.linspace(-2, 8, 25), torch.linspace(-1, 11, 31)
    where = torch.stack([x.expand(31, -1), y[:, None].expand(-1, 25)], -1)
    assert torch.allclose(sample_grid(picture, x, y), sample(picture[None, None], where[None])[0, 0], atol=1e-5)
    assert torch.equal(sample_grid(torch.ones(1, 1), x, y), torch.ones(31, 25))
