"""A fitted warp and the drawing of pictures through it.

Convention: the map runs backwards, from the person's side to the garment's, so every output pixel has exactly one place
to read and nothing need be inverted. Garment coordinates belong to a working size of the garment's mask and are
stretched to whatever picture is drawn; the target's working size is stretched to `box`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from viton_cli.core.warp.tps import ThinPlateSpline, densify, read, read_shrinking, sample_grid, shrinkage, to_unit

# The splines are evaluated on a lattice, and cubics between its nodes. On 82 layers of 30 rendered pairs, drawn at
# 1024x768, the largest error inside a layer had a median of 0.02 garment pixels of 256 rows and a worst of 0.17.
NODES = 20_000  # about so many at most
FINEST = 0.5  # working pixels between them at least
EDGE = -1.2  # signed distance from which on a layer can be seen: a pixel, and a little for the lattice
AROUND = 2  # garment pixels: a picture's own edge of the garment is sharper than its mask's

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Layer:
    """One part of the garment: where it lies and where its cloth comes from.

    Attributes:
        spline: Batch of one: target working pixels to garment working pixels.
        cover: (h, w) signed distance in target working pixels, positive where the layer lies, true
            within a pixel of the edge.
        above: True for a part that lies over the ones before it: the garment's own outline then cuts it out.
    """

    spline: ThinPlateSpline
    cover: Tensor
    above: bool = False

    @cached_property
    def reach(self) -> tuple[int, int, int, int] | None:
        """Rows and columns (top, bottom, left, right) of the target in which the layer may lie; None if in none."""
        reached = self.cover > EDGE
        rows, columns = (torch.nonzero(reached.any(axis))[:, 0].tolist() for axis in (1, 0))
        return (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) if rows else None


@dataclass(frozen=True, eq=False)
class Warp:
    """A garment's way onto a person.

    Attributes:
        layers: Drawn in order, later ones over earlier ones. One for the paper's variant; torso and sleeves for parts.
        garment: (1, 1, h, w) garment mask at its working size.
        frame: (height, width) working size of the target.
        garment_size, target_size: (height, width) of the masks as they were given; the latter is the default
            output size.
        variant: "parts" or "paper", as asked for.
        fallback: None, or "affine" / "similarity" when such a map had to stand in for the splines.
        reason: Why, in words; empty without fallback.
        folded: Share of the target mask's area where the map turns the garment over (Jacobian below zero).
        regularisation: Largest one that had to be used to keep the map from folding, as a share of the area.
    """

    layers: tuple[Layer, ...]
    garment: Tensor = field(repr=False)
    frame: tuple[int, int]
    garment_size: tuple[int, int]
    target_size: tuple[int, int]
    variant: str
    fallback: str | None = None
    reason: str = ""
    folded: float = 0.0
    regularisation: float = 0.0

    @overload
    def apply(
        self,
        image: Tensor,
        size: tuple[int, int] | None = None,
        box: Box | None = None,
        fill: float = 1.0,
        cut: bool = True,
    ) -> Tensor: ...
    @overload
    def apply(
        self,
        image: NDArray[Any],
        size: tuple[int, int] | None = None,
        box: Box | None = None,
        fill: float = 1.0,
        cut: bool = True,
    ) -> NDArray[np.float32]: ...
    def apply(
        self,
        image: Tensor | NDArray[Any],
        size: tuple[int, int] | None = None,
        box: Box | None = None,
        fill: float = 1.0,
        cut: bool = True,
    ) -> Tensor | NDArray[np.float32]:
        """Lay a picture of the garment onto the person.

        Where the map shrinks the picture it is averaged first (no moire); where it enlarges, nothing is blurred.

        Args:
            image: The product picture, or anything aligned with it (its mask): tensor (1, C, h, w) or array (h, w, C)
                or (h, w), of any resolution, showing what the garment mask shows. Arrays of integers become float32.
            size: (height, width) of the answer; the target mask's by default.
            box: (x0, y0, x1, y1) in output pixels (edges, not centres): the rectangle that the target mask covers, the
                whole output by default. It may reach beyond the output.
            fill: Value away from the garment: 1 is white for images in [-1, 1]; a mask wants 0.
            cut: Draw the layers within the garment's outline alone; False draws all that their places reach, for
                pictures that go on beyond it.

        Returns:
            (1, C, H, W) tensor, or float32 array (H, W, C) or (H, W), as `image` was.
        """
        size = size or self.target_size
        if isinstance(image, Tensor):
            return self._draw(image, size, box, fill, cut)
        array = np.asarray(image, np.float32)
        planes = torch.from_numpy(np.ascontiguousarray(array.reshape(*array.shape[:2], -1).transpose(2, 0, 1)))
        drawn = self._draw(planes[None], size, box, fill, cut)[0].permute(1, 2, 0).numpy()
        return np.ascontiguousarray(drawn.reshape(*size, *array.shape[2:]))

    def draw(
        self, image: Tensor, size: tuple[int, int], box: Box, beyond: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """What `apply` draws onto nothing, with and without the cut by the garment's outline, for the price of one.

        Args:
            image, size, box: As in `apply`.
            beyond: Whether the second is wanted.

        Returns:
            (C + 1, H, W), and the same without cut, if it is wanted: the picture, times its opacity, which comes last.
        """
        cut, uncut = (torch.zeros(image.shape[1] + 1, *size) if wanted else None for wanted in (True, beyond))
        for (top, bottom, left, right), part, alpha, outline in self._read(image, size, box):
            for out, opacity in ((cut, alpha * outline), (uncut, alpha)):
                if out is not None:
                    under = out[:, top:bottom, left:right]
                    torch.lerp(under[:-1], part[0], opacity, out=under[:-1])
                    under[-1] += opacity * (1 - under[-1])
        assert cut is not None
        return cut.numpy(), None if uncut is None else uncut.numpy()

    def _draw(self, image: Tensor, size: tuple[int, int], box: Box | None, fill: float, cut: bool) -> Tensor:
        box = box or (0.0, 0.0, float(size[1]), float(size[0]))
        out = torch.full((1, image.shape[1], *size), fill, dtype=image.dtype)
        for (top, bottom, left, right), part, alpha, outline in self._read(image, size, box):
            under = out[..., top:bottom, left:right]
            opacity = alpha * outline if cut else alpha
            out[..., top:bottom, left:right] = torch.lerp(under, part, opacity.to(image.dtype))
        return out

    def _read(
        self, image: Tensor, size: tuple[int, int], box: Box
    ) -> Iterator[tuple[tuple[int, int, int, int], Tensor, Tensor, Tensor]]:
        """Layer by layer: the window of the output that it reaches, the picture as it reads it there (1, C, H, W), its
        opacity (H, W), and the factor on that which cuts it by the garment's outline."""
        if image.ndim != 4 or image.shape[0] != 1:
            raise ValueError(f"one picture (1, C, h, w) is warped at a time, not {tuple(image.shape)}")
        picture_size = (int(image.shape[-2]), int(image.shape[-1]))
        pyramid = [image]
        for layer in self.layers:
            window = self._window(layer, size, box)
            if window is not None:
                unit, level, alpha, outline = self._seen(layer, window, box, picture_size)
                yield window, read_shrinking(pyramid, unit, level), alpha, outline

    @cached_property
    def _near(self) -> Tensor:
        """The garment and `AROUND` pixels of it."""
        return torch.from_numpy(ndimage.maximum_filter(self.garment.numpy(), (1, 1, 2 * AROUND + 1, 2 * AROUND + 1)))

    def places(self, size: tuple[int, int], box: Box | None = None, layer: int = 0) -> Tensor:
        """(H, W, 2) pixels of the given garment mask that each output pixel reads by the map of one layer."""
        box = box or (0.0, 0.0, float(size[1]), float(size[0]))
        x, y = self._spots((0, size[0], 0, size[1]), box)
        unit, _ = self._places(self.layers[layer], x, y, self.garment_size)
        ends = torch.tensor([self.garment_size[1], self.garment_size[0]])
        return (unit.permute(1, 2, 0) + 1.0) * (0.5 * ends) - 0.5

    def origins(self, size: tuple[int, int], box: Box | None = None) -> NDArray[np.float32]:
        """Where each output pixel's cloth comes from.

        Args:
            size, box: As in `apply`.

        Returns:
            (H, W, 2) float32 (x, y) in pixels of the garment mask as it was given; NaN where less than half of a pixel
            is garment.
        """
        box = box or (0.0, 0.0, float(size[1]), float(size[0]))
        out = np.full((*size, 2), np.nan, np.float32)
        ends = torch.tensor([self.garment_size[1], self.garment_size[0]]).reshape(2, 1, 1)
        for layer in self.layers:
            window = self._window(layer, size, box)
            if window is None:
                continue
            top, bottom, left, right = window
            unit, _, alpha, outline = self._seen(layer, window, box, self.garment_size)
            there = (alpha * outline * read(self.garment, unit)[0, 0] >= 0.25).numpy()
            places = ((unit + 1.0) * (0.5 * ends) - 0.5).permute(1, 2, 0).numpy()
            out[top:bottom, left:right][there] = places[there]
        return out

    def _seen(
        self, layer: Layer, window: tuple[int, int, int, int], box: Box, picture_size: tuple[int, int]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """For a window of the output: where the layer reads (2, H, W), at which level, its opacity (H, W), and the
        factor on that which cuts it by the garment's outline."""
        x, y = self._spots(window, box)
        unit, level = self._places(layer, x, y, picture_size)
        scale = (box[3] - box[1]) / self.frame[0]
        alpha = (sample_grid(layer.cover, x, y) * max(scale, 1.0) + 0.5).clamp(0.0, 1.0)
        outline = read(self.garment if layer.above else self._near, unit)[0, 0]
        return unit, level, alpha * (unit.abs().amax(0) <= 1.0), outline  # nothing beyond the picture's edge

    def _window(self, layer: Layer, size: tuple[int, int], box: Box) -> tuple[int, int, int, int] | None:
        """Rows and columns (top, bottom, left, right) of the output that the layer can reach."""
        if layer.reach is None:
            return None
        down, across = (box[3] - box[1]) / self.frame[0], (box[2] - box[0]) / self.frame[1]
        first, last, near, far = layer.reach
        top, bottom = max(0, math.floor(box[1] + first * down)), min(size[0], math.ceil(box[1] + last * down))
        left, right = max(0, math.floor(box[0] + near * across)), min(size[1], math.ceil(box[0] + far * across))
        return (top, bottom, left, right) if top < bottom and left < right else None

    def _spots(self, window: tuple[int, int, int, int], box: Box) -> tuple[Tensor, Tensor]:
        """Target working coordinates: x of each column and y of each row of the window."""
        top, bottom, left, right = window
        x = (torch.arange(left, right, dtype=torch.float64) + 0.5 - box[0]) * (self.frame[1] / (box[2] - box[0])) - 0.5
        y = (torch.arange(top, bottom, dtype=torch.float64) + 0.5 - box[1]) * (self.frame[0] / (box[3] - box[1])) - 0.5
        return x, y

    def _places(self, layer: Layer, x: Tensor, y: Tensor, picture_size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Where the pixels at columns x and rows y of the target read: (2, H, W) in units of `to_unit`, and at which
        level (H, W) of a picture's pyramid.
        """
        size = len(y), len(x)
        pixel = float(y[-1] - y[0]) / max(size[0] - 1, 1) or 1.0
        step = max(1, round(FINEST / pixel), math.isqrt(size[0] * size[1] // NODES))
        if step > 1:
            x, y = (at[0] + (at[1] - at[0]) * step * torch.arange(-1, -(-len(at) // step) + 2) for at in (x, y))
        where = to_unit(layer.spline.on_grid(x, y), (int(self.garment.shape[-2]), int(self.garment.shape[-1])))
        half = 0.5 * torch.tensor([picture_size[1], picture_size[0]]).reshape(2, 1, 1)
        nodes = torch.cat([where, shrinkage(where * half, step)[None]])
        dense = densify(nodes, step, size) if step > 1 else nodes
        return dense[:2], dense[2]
