"""The garment warp: from two masks to a map that says, for every pixel of the person's picture, where to read in the product's.

    garment mask ─ outline ─┐
                            ├─ matching points ─ backward thin-plate splines ─ lattice ─ picture
    target mask ── outline ─┘

Source: VITON section 3.3. Variant "paper" is the published procedure (shape contexts, Hungarian assignment, regularised
splines); "parts" matches the outlines in order and is the default.

Convention: the map runs backwards. Where the original fits garment -> person and looks for the nearest grid point to
invert it, the same matches are here fitted person -> garment: nothing is left to invert, and every output pixel has
exactly one place to read. Garment coordinates are kept relative to the mask's size, so a picture of any resolution that
shows the same frame as the mask can be warped; `box` does the same for the person's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from viton_cli.core import shape_context as sc
from viton_cli.core.tps import ThinPlateSpline, fit_tps, rescale, sample
from viton_cli.errors import NoGarmentFound

Mask = NDArray[np.generic] | Tensor
Image = TypeVar("Image", NDArray[np.generic], Tensor)

LATTICE = 128  # lattice cells over the target frame's height: 2 pixels of the paper's 256


@dataclass(frozen=True, eq=False)
class Warp:
    """A fitted backward map.

    Attributes:
        spline: Batch of one: target-mask pixels to garment-mask pixels.
        garment_size, target_size: (height, width) of the two masks.
        variant: "parts" or "paper", as asked for.
        fallback: None, "affine" or "similarity": what had to stand in for the splines.
        reason: Why, in words; empty without fallback.
        folded: Share of the target mask's area where the map turns the garment over (Jacobian below zero).
    """

    spline: ThinPlateSpline
    garment_size: tuple[int, int]
    target_size: tuple[int, int]
    variant: str
    fallback: str | None = None
    reason: str = ""
    folded: float = 0.0

    def apply(
        self,
        image: Image,
        size: tuple[int, int] | None = None,
        box: tuple[float, float, float, float] | None = None,
        fill: float = 1.0,
    ) -> Image:
        """Lay a picture of the garment onto the person.

        Args:
            image: The product picture, or anything aligned with it (its mask): tensor (1, C, h, w) or array (h, w, C)
                or (h, w); floating point; any resolution, showing the same frame as the garment mask.
            size: (height, width) of the answer; the target mask's by default.
            box: (x0, y0, x1, y1) in output pixels (edges, not centres): the rectangle that the target mask covers; the
                whole output by default. It may reach beyond the output.
            fill: Value where the product picture has ended.

        Returns:
            The same kind as `image`.
        """
        size = size or self.target_size
        if isinstance(image, Tensor):
            return self._render(image, size, box, fill)
        array = np.asarray(image)
        planes = torch.from_numpy(np.ascontiguousarray(array.reshape(*array.shape[:2], -1))).permute(2, 0, 1)[None]
        out = self._render(planes, size, box, fill)[0].permute(1, 2, 0).numpy()
        return out.reshape(*size, *array.shape[2:])  # type: ignore[return-value]

    def _render(
        self, image: Tensor, size: tuple[int, int], box: tuple[float, float, float, float] | None, fill: float
    ) -> Tensor:
        where = self.dense(size, box)
        picture_size = (int(image.shape[-2]), int(image.shape[-1]))
        where = rescale(where, self.garment_size, picture_size)
        inside = (
            (where[..., 0] > -0.5)
            & (where[..., 0] < picture_size[1] - 0.5)
            & (where[..., 1] > -0.5)
            & (where[..., 1] < picture_size[0] - 0.5)
        )
        out = sample(image, where[None].to(image.dtype))
        return torch.where(inside[None, None], out, torch.as_tensor(fill, dtype=out.dtype))

    def dense(self, size: tuple[int, int], box: tuple[float, float, float, float] | None = None) -> Tensor:
        """(H, W, 2) garment-mask pixels for every output pixel."""
        height, width = size
        x0, y0, x1, y1 = box or (0.0, 0.0, float(width), float(height))
        th, tw = self.target_size
        step = th / LATTICE
        xs = ((torch.arange(width, dtype=torch.float64) + 0.5 - x0) / (x1 - x0)) * tw - 0.5
        ys = ((torch.arange(height, dtype=torch.float64) + 0.5 - y0) / (y1 - y0)) * th - 0.5
        nx = max(2, int(np.ceil(float(xs[-1] - xs[0]) / step)) + 1)
        ny = max(2, int(np.ceil(float(ys[-1] - ys[0]) / step)) + 1)
        gx, gy = torch.linspace(float(xs[0]), float(xs[-1]), nx), torch.linspace(float(ys[0]), float(ys[-1]), ny)
        nodes = torch.stack([gx.expand(ny, nx), gy[:, None].expand(ny, nx)], -1).reshape(1, -1, 2)
        mapped = self.spline(nodes).reshape(1, ny, nx, 2).permute(0, 3, 1, 2)
        return F.interpolate(mapped, size=size, mode="bilinear", align_corners=True)[0].permute(1, 2, 0)


def fit_warp(
    garment_mask: Mask,
    target_mask: Mask,
    variant: str = "parts",
    joints: NDArray[np.floating[Any]] | None = None,
    seen: NDArray[np.bool_] | None = None,
    **parameters: Any,
) -> Warp:
    """See `fit_warps`; one pair."""
    return fit_warps(
        [garment_mask],
        [target_mask],
        variant,
        None if joints is None else [joints],
        None if seen is None else [seen],
        **parameters,
    )[0]


def fit_warps(
    garment_masks: Sequence[Mask],
    target_masks: Sequence[Mask],
    variant: str = "parts",
    joints: Sequence[NDArray[np.floating[Any]]] | None = None,
    seen: Sequence[NDArray[np.bool_]] | None = None,
    **parameters: Any,
) -> list[Warp]:
    """Thin."""
    warps = []
    for garment_mask, target_mask in zip(garment_masks, target_masks, strict=True):
        garment, target = _array(garment_mask), _array(target_mask)
        a, b = _outline(garment, "garment"), _outline(target, "target")
        count = 100
        pa, aa = sc.sample_outlines([a], count)
        pb, ab = sc.sample_outlines([b], count)
        matches, _ = sc.match_shapes(*(torch.from_numpy(v)[None] for v in (pa, aa, pb, ab)), **parameters)
        kept = matches[0] >= 0
        controls = torch.from_numpy(pb)[matches[0][kept]][None]
        smooth = sc.mean_distance(torch.from_numpy(pb)[None]) ** 2 * parameters.get("regularisation", 1.0)
        spline = fit_tps(controls, torch.from_numpy(pa)[kept][None], smooth)
        inside = np.argwhere(target > 0.5)[:, ::-1].copy()
        det = torch.linalg.det(spline.jacobian(torch.from_numpy(inside)[None].double()))
        warps.append(
            Warp(
                spline,
                (garment.shape[0], garment.shape[1]),
                (target.shape[0], target.shape[1]),
                variant,
                folded=float((det < 0).double().mean()),
            )
        )
    return warps


def _outline(mask: NDArray[np.float32], name: str) -> sc.Points:
    found = sc.contours(mask)
    if not found:
        raise NoGarmentFound(f"the {name} mask is empty")
    return found[0]


def _array(mask: Mask) -> NDArray[np.float32]:
    array = mask.detach().cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    return np.squeeze(array).astype(np.float32)
