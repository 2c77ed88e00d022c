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

import torch
from torch import Tensor
from torch.nn import functional as F


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

    def jacobian(self, points: Tensor) -> Tensor:
        """d output / d input at points (B, m, 2): (B, m, 2, 2), rows = output component, columns = (x, y)."""
        x = (points.to(self.controls) - self.centre) / self.scale
        # dU/dx = 2 (log r^2 + 1) (x - control); summed over the controls without an (m, n, 2) array.
        slope = _kernel_slope(_squared(x, self.controls))
        total = slope @ self.weights
        moments = torch.stack([slope @ (self.weights * self.controls[..., k : k + 1]) for k in (0, 1)], dim=-1)
        bent = total[..., None] * x[:, :, None, :] - moments
        return (self.affine[:, None, 1:].transpose(-1, -2) + bent) / self.scale[..., None]

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


def _squared(a: Tensor, b: Tensor) -> Tensor:
    """(B, m, n) squared distances; by differences, since the expanded square loses digits the kernel needs."""
    return (a[:, :, None, 0] - b[:, None, :, 0]) ** 2 + (a[:, :, None, 1] - b[:, None, :, 1]) ** 2


def _kernel(squared: Tensor) -> Tensor:
    # xlogy is 0 at r = 0; the clamp keeps its gradient finite there.
    return torch.xlogy(squared, squared.clamp_min(1e-30))


def _kernel_slope(squared: Tensor) -> Tensor:
    return 2.0 * (torch.log(squared.clamp_min(1e-30)) + 1.0)


def pixel_grid(size: tuple[int, int]) -> Tensor:
    """(H, W, 2) float64: each pixel's centre (x, y)."""
    y, x = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in size), indexing="ij")
    return torch.stack([x, y], dim=-1)


def rescale(points: Tensor, size: tuple[int, int], new_size: tuple[int, int]) -> Tensor:
    """Points (..., 2) of a picture of `size` (height, width) as points of the same picture at `new_size`."""
    ratio = torch.tensor([new_size[1] / size[1], new_size[0] / size[0]], dtype=points.dtype, device=points.device)
    return (points + 0.5) * ratio - 0.5


def sample(image: Tensor, where: Tensor, mode: str = "bilinear") -> Tensor:
    """Read `image` (B, C, h, w) at `where` (B, H, W, 2) pixels: (B, C, H, W); outside the picture its border goes on."""
    height, width = image.shape[-2:]
    size = torch.tensor([width, height], dtype=where.dtype, device=where.device)
    grid = ((where + 0.5) * (2.0 / size) - 1.0).to(image.dtype)
    return F.grid_sample(image, grid, mode=mode, padding_mode="border", align_corners=False)
