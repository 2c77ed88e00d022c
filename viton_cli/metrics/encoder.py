"""A distance between sets of pictures that needs nothing fetched: on the features of one frozen encoder of this package.

It has a name of its own: its numbers are not those of FID or KID, and not comparable to any of another encoder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viton_cli.errors import BadWeights
from viton_cli.metrics.case import Case, Picture, Which
from viton_cli.metrics.distances import kernel_matrices, mmd
from viton_cli.metrics.metric import Encoder, Rows, Tools, Weights


class EncoderMmd:
    """Squared maximum mean discrepancy between the features of results and true pictures, times 1000."""

    name, higher_is_better, of_sets = "encoder-mmd", False, True
    needs: tuple[str, ...] = ()

    def __init__(self, tools: Tools) -> None:
        if tools.encoder is None:
            raise BadWeights("encoder-mmd: no encoder was given")
        self.encoder: Encoder = tools.encoder
        self._kernels: tuple[int, int, tuple[Rows, Rows, Rows]] | None = None

    def protocol(self, rows: Rows, reference: Rows | None) -> str:
        """See `Metric.protocol`."""
        return (
            f"unbiased MMD^2 x 1000 with kernel (x.y/d + 1)^3 on the {rows.shape[1]} features of {self.encoder.name} "
            f"(SHA-256 {self.encoder.sha256[:12]}); compare only with the same hash; {compared(rows, reference)}"
        )

    def measure(self, case: Case, which: Which) -> Sequence[float] | NDArray[np.float64] | None:
        """See `Metric.measure`."""
        return self.features(case.seen(which))

    def features(self, picture: Picture) -> NDArray[np.float64]:
        """See `Metric.features`."""
        return self.encoder.features(picture.small)

    def value(
        self, rows: Rows, reference: Rows | None, weights: Weights | None = None, others: Weights | None = None
    ) -> float:
        """See `Metric.value`."""
        assert reference is not None
        key = id(rows), id(reference)  # the matrices of one bootstrap are the same each time
        if self._kernels is None or self._kernels[:2] != key:
            self._kernels = (*key, kernel_matrices(rows, reference))
        return 1000 * mmd(self._kernels[2], weights, others)

    def spread(self, rows: Rows, reference: Rows | None) -> float | None:
        """See `Metric.spread`: none."""
        return None


def compared(rows: Rows, reference: Rows | None) -> str:
    """How many pictures against how many."""
    return f"{len(rows)} pictures against {0 if reference is None else len(reference)} true ones"
