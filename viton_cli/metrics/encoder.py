"""A distance between sets of pictures that needs nothing fetched: on features of one frozen encoder of this package.

It has a name of its own: its numbers are not those of FID or KID, and not comparable to any of another encoder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viton_cli.errors import BadWeights
from viton_cli.metrics.case import Case, Picture, Which
from viton_cli.metrics.distances import kernel_matrices, mmd
from viton_cli.metrics.metric import Encoder, Reference, Rows, Scorer, Tools


class EncoderMmd:
    """Squared maximum mean discrepancy between the features of results and true pictures, times 1000."""

    name, higher_is_better, of_sets = "encoder-mmd", False, True
    needs: tuple[str, ...] = ()

    def __init__(self, tools: Tools) -> None:
        if tools.encoder is None:
            raise BadWeights("encoder-mmd: no encoder was given")
        self.encoder: Encoder = tools.encoder

    def protocol(self, rows: Rows, reference: Reference | None) -> str:
        """See `Metric.protocol`."""
        return (
            f"unbiased MMD^2 x 1000 with kernel (cosine + 1)^3 on the {rows.shape[1]} features of {self.encoder.name} "
            f"(SHA-256 {self.encoder.sha256[:12]}), result and truth of one person left out where both are given; "
            f"compare only with the same hash; {compared(rows, reference)}"
        )

    def measure(self, case: Case, which: Which) -> Sequence[float] | NDArray[np.float64] | None:
        """See `Metric.measure`."""
        return self.features(case.seen(which))

    def features(self, picture: Picture) -> NDArray[np.float64]:
        """See `Metric.features`."""
        found = self.encoder.features(picture.small)
        scaled: NDArray[np.float64] = found * (len(found) ** 0.5 / max(float(np.linalg.norm(found)), 1e-12))
        return scaled

    def scorer(self, rows: Rows, reference: Reference | None) -> Scorer:
        """See `Metric.scorer`."""
        assert reference is not None
        kernels, matched = kernel_matrices(rows, reference.rows), reference.matched
        return lambda weights, others: 1000 * mmd(kernels, weights, others, matched)

    def spread(self, rows: Rows, reference: Reference | None) -> float | None:
        """See `Metric.spread`: none."""
        return None


def compared(rows: Rows, reference: Reference | None) -> str:
    """How many pictures against how many."""
    return f"{len(rows)} pictures against {0 if reference is None else len(reference.rows)} true ones"
