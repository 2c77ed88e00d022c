"""A fitted warp and the drawing of pictures through it.

Convention: the map runs backwards, from the person's side to the garment's, so every output pixel has exactly one place
to read and nothing need be inverted. Garment coordinates belong to a working size of the garment's mask and are
stretched to whatever picture is drawn; the target's working size is stretched to `box`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from viton_cli.core.tps import ThinPlateSpline, rescale, sample, sample_shrinking

# The spline is evaluated every 2 pixels of a 256 pixel high frame and read bilinearly in between. On 24 layers of eight
# rendered pairs the largest error inside a layer had a median of 0.3 garment pixels of that frame and a worst of 1.9.
LATTICE = 128

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
        self, image: Tensor, size: tuple[int, int] | None = None, box: Box | None = None, fill: float = 1.0
    ) -> Tensor: ...
    @overload
    def apply(
        self, image: NDArray[Any], size: tuple[int, int] | None = None, box: Box | None = None, fill: float = 1.0
    ) -> NDArray[np.float32]: ...
    def apply(
        self,
        image: Tensor | NDArray[Any],
        size: tuple[int, int] | None = None,
        box: Box | None = None,
        fill: float = 1.0,
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

        Returns:
            (1, C, H, W) tensor, or float32 array (H, W, C) or (H, W), as `image` was.
        """
        size = size or self.target_size
        if isinstance(image, Tensor):
            return self._draw(image, size, box, fill)
        array = np.asarray(image, np.float32)
        planes = torch.from_numpy(np.ascontiguousarray(array.reshape(*array.shape[:2], -1).transpose(2, 0, 1)))
        drawn = self._draw(planes[None], size, box, fill)[0].permute(1, 2, 0).numpy()
        return np.ascontiguousarray(drawn.reshape(*size, *array.shape[2:]))

    def _draw(self, image: Tensor, size: tuple[int, int], box: Box | None, fill: float) -> Tensor:
        if image.ndim != 4 or image.shape[0] != 1:
            raise ValueError(f"one picture (1, C, h, w) is warped at a time, not {tuple(image.shape)}")
        box = box or (0.0, 0.0, float(size[1]), float(size[0]))
        picture_size = (int(image.shape[-2]), int(image.shape[-1]))
        garment_size = (int(self.garment.shape[-2]), int(self.garment.shape[-1]))
        out = torch.full((1, image.shape[1], *size), fill, dtype=image.dtype)
        pyramid = [image]
        # The picture's own edge of the garment is sharper than the working mask's: cut a little outside of it.
        near = F.max_pool2d(self.garment, 5, stride=1, padding=2)
        for layer in self.layers:
            window = self._window(layer, size, box)
            if window is None:
                continue
            top, bottom, left, right = window
            where = self._places(layer, window, box)
            cut = self.garment if layer.above else near
            alpha = _coverage(layer, self._spots(window, box), box, self.frame) * sample(cut, where[None])[0, 0]
            places = rescale(where, garment_size, picture_size)
            ended = (
                (places[..., 0] < -0.5)
                | (places[..., 1] < -0.5)
                | (places[..., 0] > picture_size[1] - 0.5)
                | (places[..., 1] > picture_size[0] - 0.5)
            )
            part = sample_shrinking(pyramid, places[None])
            share = alpha.to(image.dtype) * ~ended
            under = out[..., top:bottom, left:right]
            out[..., top:bottom, left:right] = torch.lerp(under, part, share)
        return out

    def places(self, size: tuple[int, int], box: Box | None = None, layer: int = 0) -> Tensor:
        """(H, W, 2) pixels of the given garment mask that each output pixel reads by the map of one layer."""
        box = box or (0.0, 0.0, float(size[1]), float(size[0]))
        where = self._places(self.layers[layer], (0, size[0], 0, size[1]), box)
        return rescale(where, (int(self.garment.shape[-2]), int(self.garment.shape[-1])), self.garment_size)

    def _window(self, layer: Layer, size: tuple[int, int], box: Box) -> tuple[int, int, int, int] | None:
        """Rows and columns (top, bottom, left, right) of the output that the layer can reach."""
        reach = layer.cover > -1.2
        rows, columns = torch.nonzero(reach.any(1))[:, 0], torch.nonzero(reach.any(0))[:, 0]
        if len(rows) == 0:
            return None
        down, across = (box[3] - box[1]) / self.frame[0], (box[2] - box[0]) / self.frame[1]
        top = max(0, int(np.floor(box[1] + float(rows[0]) * down)))
        bottom = min(size[0], int(np.ceil(box[1] + float(rows[-1] + 1) * down)))
        left = max(0, int(np.floor(box[0] + float(columns[0]) * across)))
        right = min(size[1], int(np.ceil(box[0] + float(columns[-1] + 1) * across)))
        return (top, bottom, left, right) if top < bottom and left < right else None

    def _spots(self, window: tuple[int, int, int, int], box: Box) -> tuple[Tensor, Tensor]:
        """Target working coordinates: x of each column and y of each row of the window."""
        top, bottom, left, right = window
        x = (torch.arange(left, right, dtype=torch.float64) + 0.5 - box[0]) * (self.frame[1] / (box[2] - box[0])) - 0.5
        y = (torch.arange(top, bottom, dtype=torch.float64) + 0.5 - box[1]) * (self.frame[0] / (box[3] - box[1])) - 0.5
        return x, y

    def _places(self, layer: Layer, window: tuple[int, int, int, int], box: Box) -> Tensor:
        x, y = self._spots(window, box)
        step = self.frame[0] / LATTICE
        counts = [max(2, int(np.ceil(float(v[-1] - v[0]) / step)) + 1) for v in (y, x)]
        if counts[0] * counts[1] >= len(x) * len(y):
            grid = torch.stack([x.expand(len(y), -1), y[:, None].expand(-1, len(x))], -1)
            return layer.spline(grid.reshape(1, -1, 2)).reshape(len(y), len(x), 2)
        rows = torch.linspace(float(y[0]), float(y[-1]), counts[0], dtype=torch.float64)
        columns = torch.linspace(float(x[0]), float(x[-1]), counts[1], dtype=torch.float64)
        nodes = torch.stack([columns.expand(counts[0], -1), rows[:, None].expand(-1, counts[1])], -1)
        mapped = layer.spline(nodes.reshape(1, -1, 2)).reshape(1, *counts, 2).permute(0, 3, 1, 2).float()
        dense = F.interpolate(mapped, size=(len(y), len(x)), mode="bilinear", align_corners=True)
        return dense[0].permute(1, 2, 0)


def _coverage(layer: Layer, spots: tuple[Tensor, Tensor], box: Box, frame: tuple[int, int]) -> Tensor:
    """(H, W) share of each output pixel that the layer covers, with an edge one output pixel soft."""
    x, y = (spot.float() for spot in spots)
    grid = torch.stack([x.expand(len(y), -1), y[:, None].expand(-1, len(x))], -1)
    distance = sample(layer.cover[None, None], grid[None])[0, 0]
    scale = (box[3] - box[1]) / frame[0]
    return (distance * max(scale, 1.0) + 0.5).clamp(0.0, 1.0)
