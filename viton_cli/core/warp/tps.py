"""Thin-plate splines, and reading a picture where a map says.

Source: Bookstein, "Principal Warps" (PAMI 1989), as VITON's MATLAB code uses it: kernel r^2 log r^2 between the control
points themselves, the regulariser on the diagonal, an affine part, and the side conditions that make the bending
energy finite. Departure: control points are centred and scaled before the system is built. The kernel of scaled points
differs from that of unscaled ones by s^2 and by a term in r^2, which the side conditions turn into a constant, so a
regulariser given for pixels is only divided by s^2: the spline is the same, the system is well conditioned.

Convention: points are (x, y) pixels, pixel centres at integers; a picture of width w covers [-0.5, w - 0.5]. This
module alone knows `align_corners` (False: the pixel edges are the ends of torch's [-1, 1]).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

TINY = 1e-30  # least squared distance: where r = 0, r^2 log r^2 is then 0 and its gradient finite
LEVELS = 8  # halvings of a picture, at most: no map shrinks it more


@dataclass(frozen=True, eq=False)
class ThinPlateSpline:
    """B splines R^2 -> R^2, `f(x) = affine(x) + sum_i w_i U(|x - control_i|)`, with x centred and scaled.

    Attributes:
        controls: (B, n, 2) centred and scaled control points.
        weights: (B, n, 2) kernel weights; rows may be zero where a control point was left out.
        affine: (B, 3, 2) rows: constant, x, y.
        centre: (B, 1, 2) and
        scale: (B, 1, 1): a point is `(x - centre) / scale` before it meets the above.
    """

    controls: Tensor
    weights: Tensor
    affine: Tensor
    centre: Tensor
    scale: Tensor

    def __call__(self, points: Tensor) -> Tensor:
        """Map points (B, m, 2) to (B, m, 2), in the dtype and gradient graph of the fit."""
        x = (points.to(self.controls) - self.centre) / self.scale
        return self.affine[:, :1] + x @ self.affine[:, 1:] + _kernel(_squared(x, self.controls)) @ self.weights

    def on_grid(self, x: Tensor, y: Tensor) -> Tensor:
        """Map the points of a grid with columns at x (w,) and rows at y (h,): (2, h, w) float32; for a batch of one.

        Single precision, four times as fast, is enough for drawing: on a grid a squared distance is a sum of two
        squares, with none of the cancellation of the expanded square.
        """
        column, row = ((at.to(self.controls) - c) / self.scale[0, 0, 0] for at, c in zip((x, y), self.centre[0, 0]))
        across, down = (at.float()[:, None] - self.controls[0, :, k].float() for k, at in enumerate((column, row)))
        kernel = _kernel((down**2)[:, None] + (across**2)[None])
        bent = (kernel.flatten(0, 1) @ self.weights[0].float()).T.reshape(2, len(y), len(x))
        constant, along_x, along_y = self.affine[0].float()[:, :, None, None]
        flat: Tensor = constant + along_x * column.float() + along_y * row.float()[:, None]
        return bent + flat

    def jacobian(self, points: Tensor) -> Tensor:
        """d output / d input at points (B, m, 2): (B, m, 2, 2), rows = output component, columns = (x, y)."""
        x = (points.to(self.controls) - self.centre) / self.scale
        # dU/dx = 2 (log r^2 + 1) (x - control); summed over the controls without an (m, n, 2) array.
        slope = _kernel_slope(_squared(x, self.controls))
        turned = torch.cat([self.weights, *(self.weights * self.controls[..., k : k + 1] for k in (0, 1))], dim=-1)
        total, across, down = (slope @ turned).chunk(3, dim=-1)
        bent = total[..., None] * x[:, :, None, :] - torch.stack([across, down], dim=-1)
        slopes: Tensor = (self.affine[:, None, 1:].transpose(-1, -2) + bent) / self.scale[..., None]
        return slopes

    def float(self) -> ThinPlateSpline:
        """The same in single precision."""
        fields = (self.controls, self.weights, self.affine, self.centre, self.scale)
        return ThinPlateSpline(*(field.float() for field in fields))

    def __getitem__(self, index: int) -> ThinPlateSpline:
        """One spline of the batch, as a batch of one."""
        rows = slice(index, index + 1)
        return ThinPlateSpline(
            self.controls[rows], self.weights[rows], self.affine[rows], self.centre[rows], self.scale[rows]
        )


def fit_tps(
    controls: Tensor, values: Tensor, regularisation: float | Tensor = 0.0, use: Tensor | None = None
) -> ThinPlateSpline:
    """The splines that carry `controls` to `values`: through them at regularisation 0, near them above.

    Args:
        controls: (B, n, 2) distinct points, n >= 3 in use and not on one line.
        values: (B, n, 2).
        regularisation: Weight of the bending energy in squared pixels of `controls`, one number or (B,). Infinity in
            the limit is the least-squares affine map.
        use: (B, n) bool; False leaves a control point out, so that pairs with different counts share one solve.
    """
    controls, values = controls.double(), values.double()
    batch, n, _ = controls.shape
    kept = torch.ones(batch, n, dtype=torch.bool, device=controls.device) if use is None else use
    share = kept.double()[..., None]
    count = share.sum(1, keepdim=True)
    centre = (controls * share).sum(1, keepdim=True) / count
    spread = (((controls - centre) ** 2 * share).sum((1, 2), keepdim=True) / count).sqrt()
    scale = spread.clamp_min(1e-9)
    x = (controls - centre) / scale
    smooth = torch.as_tensor(regularisation, dtype=torch.float64, device=controls.device).reshape(-1, 1, 1) / scale**2
    eye = torch.eye(n, dtype=torch.float64, device=controls.device)
    kernel = _kernel(_squared(x, x)) + smooth * eye
    # A control point that is left out gets the equation w_i = 0 and no say in the others.
    kernel = kernel * share * share.transpose(1, 2) + eye * (1 - share)
    flat = torch.cat([torch.ones_like(x[..., :1]), x], dim=-1) * share
    corner = torch.zeros(batch, 3, 3, dtype=torch.float64, device=controls.device)
    system = torch.cat([torch.cat([kernel, flat], 2), torch.cat([flat.transpose(1, 2), corner], 2)], 1)
    right = torch.cat([values * share, values.new_zeros(batch, 3, 2)], 1)
    solution = torch.linalg.solve(system, right)
    return ThinPlateSpline(x, solution[:, :n], solution[:, n:], centre, scale)


def fit_tps_least_squares(
    nodes: NDArray[Any], points: NDArray[Any], values: NDArray[Any], weights: NDArray[Any], regularisation: float
) -> ThinPlateSpline:
    """The spline with kernels at `nodes` that comes nearest to carrying `points` to `values`.

    Minimises sum_i weight_i |f(point_i) - value_i|^2 + regularisation * bending energy over all splines with these
    kernels (penalised regression; Wahba, "Spline Models for Observational Data", 1990, chapter 7).

    Args:
        nodes: (n, 2) distinct points, not on one line. points: (m, 2). values: (m, 2). weights: (m,), positive.
        regularisation: In squared pixels of `points` times the sum of the weights over the number of points.

    Returns:
        A batch of one.
    """
    controls = torch.from_numpy(nodes.astype(np.float64))
    centre = controls.mean(0, keepdim=True)
    scale = ((controls - centre) ** 2).sum(1).mean().sqrt().clamp_min(1e-9)
    x, at = (controls - centre) / scale, (torch.from_numpy(points.astype(np.float64)) - centre) / scale
    n = len(x)
    flat = torch.cat([torch.ones(n, 1, dtype=torch.float64), x], 1)
    # Kernel weights that keep the bending energy finite are those orthogonal to all affine functions of the nodes.
    free = torch.linalg.qr(flat, mode="complete")[0][:, 3:]
    bent = _kernel(_squared(at[None], x[None]))[0] @ free
    design = torch.cat([bent, torch.ones(len(at), 1, dtype=torch.float64), at], 1)
    energy = free.T @ _kernel(_squared(x[None], x[None]))[0] @ free
    say = torch.from_numpy(weights.astype(np.float64))[:, None]
    normal = design.T @ (say * design)
    normal[: n - 3, : n - 3] += regularisation / scale**2 * energy
    normal.diagonal().add_(1e-9 * normal.diagonal().mean())
    solution = torch.linalg.solve(normal, design.T @ (say * torch.from_numpy(values.astype(np.float64))))
    return ThinPlateSpline(
        x[None], (free @ solution[: n - 3])[None], solution[None, n - 3 :], centre[None], scale.reshape(1, 1, 1)
    )


def _squared(a: Tensor, b: Tensor) -> Tensor:
    """(B, m, n) squared distances; points of order one in double precision bear the expanded square."""
    lengths = (a**2).sum(-1)[:, :, None] + (b**2).sum(-1)[:, None, :]
    return torch.baddbmm(lengths, a, b.transpose(1, 2), alpha=-2.0).clamp_min(0.0)


def _kernel(squared: Tensor) -> Tensor:
    squared = squared.clamp_min(TINY)
    return squared * squared.log()


def _kernel_slope(squared: Tensor) -> Tensor:
    return 2.0 * (torch.log(squared.clamp_min(TINY)) + 1.0)


def pixel_grid(size: tuple[int, int]) -> Tensor:
    """(H, W, 2) float64: each pixel's centre (x, y)."""
    y, x = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in size), indexing="ij")
    return torch.stack([x, y], dim=-1)


def rescale(points: Tensor, size: tuple[int, int], new_size: tuple[int, int]) -> Tensor:
    """Points (..., 2) of a picture of `size` (height, width) as points of the same picture at `new_size`."""
    ratio = torch.tensor([new_size[1] / size[1], new_size[0] / size[0]], dtype=points.dtype, device=points.device)
    return (points + 0.5) * ratio - 0.5


def affine_spline(matrix: Tensor, shift: Tensor) -> ThinPlateSpline:
    """The spline without bending: `x -> matrix @ x + shift`, as a batch of one; matrix (2, 2), shift (2,)."""
    corners = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    return fit_tps(corners[None], (corners @ matrix.double().T + shift.double())[None], 1.0)


def to_unit(where: Tensor, size: tuple[int, int]) -> Tensor:
    """Pixels (2, ...) of a picture of `size` as places between its edges at -1 and 1, at whatever size it is read."""
    ends = where.new_tensor([size[1], size[0]]).reshape(2, *(1,) * (where.ndim - 1))
    return (where + 0.5) * (2.0 / ends) - 1.0


def read(image: Tensor, unit: Tensor) -> Tensor:
    """Read `image` (1, C, h, w) bilinearly at `unit` (2, H, W) places; outside the picture its border goes on."""
    grid = unit.permute(1, 2, 0)[None].to(image.dtype)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=False)


def sample(image: Tensor, where: Tensor) -> Tensor:
    """Read `image` (1, C, h, w) bilinearly at `where` (1, H, W, 2) pixels; outside the picture its border goes on."""
    return read(image, to_unit(where[0].permute(2, 0, 1), (int(image.shape[-2]), int(image.shape[-1]))))


def sample_grid(picture: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Read `picture` (h, w) bilinearly at the columns x (W,) and rows y (H,): (H, W); outside, its border goes on."""
    for at in (x, y):
        at = at.to(picture).clamp(0, picture.shape[1] - 1)
        first = at.long().clamp_max(max(picture.shape[1] - 2, 0))
        second = (first + 1).clamp_max(picture.shape[1] - 1)
        turned = picture.T
        picture = torch.lerp(turned[first], turned[second], (at - first)[:, None])
    return picture


def densify(nodes: Tensor, step: int, size: tuple[int, int]) -> Tensor:
    """(C, H, W) from values at every `step`-th row and column, node 0 one step before pixel 0: exact for quadratics.

    Source: Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981), a = -1/2.

    Args:
        nodes: (C, h, w) with h >= ceil(H / step) + 3, and w likewise.
        step: Output pixels between nodes.
        size: (H, W).
    """
    t = torch.arange(step, dtype=nodes.dtype) / step
    weights = 0.5 * torch.stack(
        [
            -t + 2 * t**2 - t**3,
            2 - 5 * t**2 + 3 * t**3,
            t + 4 * t**2 - 3 * t**3,
            -(t**2) + t**3,
        ]
    )
    for length in size:
        nodes = (nodes.transpose(1, 2).unfold(2, 4, 1) @ weights).flatten(2)[..., :length]
    return nodes


def halve(image: Tensor) -> Tensor:
    """(B, C, ceil(h/2), ceil(w/2)): means of 2x2 pixels, so that pixel x of `image` is `(x + 0.5) / 2 - 0.5` of it."""
    height, width = image.shape[-2:]
    if height % 2 or width % 2:
        image = F.pad(image, (0, width % 2, 0, height % 2), mode="replicate")
    rows = image[..., ::2, :] + image[..., 1::2, :]
    return (rows[..., ::2] + rows[..., 1::2]) * 0.25


def read_shrinking(pyramid: list[Tensor], unit: Tensor, level: Tensor) -> Tensor:
    """Read a picture (1, C, h, w) at `unit` (2, H, W) places without moire where the map shrinks it.

    Each output pixel reads between the two levels whose pixels are as large as the output pixel seen through the map;
    where the map enlarges, that is the picture itself and nothing is blurred.

    Args:
        pyramid: The picture; it is extended in place by halvings as they are needed, so that several maps share them.
        unit: Places as of `to_unit`.
        level: (H, W) log2 of the picture's pixels per output pixel, see `shrinkage`.
    """
    top = int(torch.ceil(level.max()).clamp(0, LEVELS))
    while len(pyramid) <= top and min(pyramid[-1].shape[-2:]) > 1:
        pyramid.append(halve(pyramid[-1]))
    top = min(top, len(pyramid) - 1)
    level = level.clamp(0, top)
    out: Tensor | None = None
    for k in range(int(level.min()), top + 1):
        part = read(pyramid[k], _unit_of_level(unit, pyramid, k))
        # Between two levels the share of the finer one falls from 1 to 0.
        out = part if out is None else torch.lerp(out, part, (level - (k - 1)).clamp(0.0, 1.0).to(part.dtype))
    return read(pyramid[0], unit) if out is None else out


def _unit_of_level(unit: Tensor, pyramid: list[Tensor], k: int) -> Tensor:
    """Places in a level of the pyramid: the same, but for the rows and columns that odd sizes are filled up with."""
    sizes = [torch.tensor(pyramid[j].shape[:-3:-1], dtype=unit.dtype) for j in (0, k)]
    ratio = (sizes[0] / (sizes[1] * 2**k)).reshape(2, 1, 1)
    return unit if bool((ratio == 1).all()) else (unit + 1) * ratio - 1


def shrinkage(where: Tensor, step: int = 1) -> Tensor:
    """(h, w) log2 of the pixels that `where` (2, h, w) passes per output pixel, the root mean square over directions.

    Args:
        where: Pixels of the picture that is read, at every `step`-th output row and column.
    """
    if min(where.shape[1:]) < 2:
        return where.new_zeros(where.shape[1:])
    dy, dx = torch.gradient(where, dim=(1, 2))
    return 0.5 * torch.log2((0.5 / step**2 * (dx**2 + dy**2).sum(0)).clamp_min(1e-12))
