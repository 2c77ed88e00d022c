"""Inception Score, FID and KID on the network and by the formulas of torch-fidelity.

The network is torch-fidelity's (2015-12-05, TensorFlow's resize to 299); a picture's features are taken one by one, so
that memory does not grow with the pictures. One network serves all three measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viton_cli.devices import placed
from viton_cli.errors import BadWeights, MissingExtra
from viton_cli.metrics import fetched
from viton_cli.metrics.case import Case, Picture, Which
from viton_cli.metrics.distances import frechet, kernel_matrices, mmd
from viton_cli.metrics.encoder import compared
from viton_cli.metrics.metric import Reference, Rows, Scorer, Tools, Weights, library

SPLITS, SEED = 10, 2020  # torch-fidelity's
SUBSETS, SUBSET = 100, 1000
FEATURES = 2048


class Inception:
    """torch-fidelity's Inception with weights of a file.

    Args:
        path: .pth or .safetensors.

    Raises:
        MissingExtra: torch-fidelity is not installed. BadWeights: The file is not of this network.
    """

    def __init__(self, path: Path) -> None:
        try:
            from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
        except ImportError:
            raise MissingExtra("needs the package torch-fidelity: pip install 'viton-cli[metrics]'") from None
        state = fetched.state_dict(path)
        try:
            # torch-fidelity unpickles the file it is given; these are tensors alone, read safely above.
            net = FeatureExtractorInceptionV3(
                "inception-v3-compat",
                ["2048", "logits_unbiased"],
                feature_extractor_weights_path=fetched.in_memory(state),
            )
        except RuntimeError as error:
            raise BadWeights(f"{path}: not weights of Inception: {' '.join(str(error).split())[:200]}") from None
        self.net: Any = placed(net)
        self._last: tuple[Picture, NDArray[np.float64]] | None = None

    def __call__(self, picture: Picture) -> NDArray[np.float64]:
        """(2048 + 1008,) features and logits of a picture; those of the last one are remembered."""
        import torch

        if self._last is None or self._last[0] is not picture:
            image = torch.from_numpy(picture.small.copy()).permute(2, 0, 1)[None]
            with torch.inference_mode():
                features, logits = self.net(image)
            self._last = picture, torch.cat((features[0], logits[0])).double().numpy()
        return self._last[1]


@lru_cache(maxsize=1)
def inception(path: Path) -> Inception:
    """One network for all measures."""
    return Inception(path)


class _OnInception:
    """What the three measures share."""

    of_sets = True
    needs: tuple[str, ...] = ()
    part = slice(0, FEATURES)

    def __init__(self, tools: Tools) -> None:
        try:
            import torch_fidelity  # noqa: F401
        except ImportError:
            raise MissingExtra("needs the package torch-fidelity: pip install 'viton-cli[metrics]'") from None
        self.path = fetched.find("inception", tools.inception)
        self.net = inception(self.path)

    def measure(self, case: Case, which: Which) -> Sequence[float] | NDArray[np.float64] | None:
        """See `Metric.measure`."""
        return self.features(case.seen(which))

    def features(self, picture: Picture) -> NDArray[np.float64]:
        """See `Metric.features`."""
        return self.net(picture)[self.part]

    def spread(self, rows: Rows, reference: Reference | None) -> float | None:
        """See `Metric.spread`: none."""
        return None

    def _how(self) -> str:
        return (
            f"{library('torch-fidelity')}, Inception of 2015-12-05 ({self.path.name}), bilinear to 299 as TensorFlow 1 "
            "(pictures of over 2 megapixels reduced to that first)"
        )


class InceptionScore(_OnInception):
    """Inception Score (Salimans et al. 2016) of the results alone."""

    name, higher_is_better, of_sets = "is", True, False
    part = slice(FEATURES, None)

    def protocol(self, rows: Rows, reference: Reference | None) -> str:
        """See `Metric.protocol`."""
        return (
            f"{self._how()}, logits without bias, {self._splits(len(rows))} splits after a shuffle with seed {SEED}: "
            "mean and standard deviation over splits"
        )

    def scorer(self, rows: Rows, reference: Reference | None) -> Scorer:
        """See `Metric.scorer`."""
        return lambda weights, others: self._of_splits(rows, weights)[0]

    def spread(self, rows: Rows, reference: Reference | None) -> float | None:
        """See `Metric.spread`: over splits."""
        return self._of_splits(rows, None)[1]

    def _splits(self, count: int) -> int:
        return min(SPLITS, count)

    def _of_splits(self, rows: Rows, weights: Weights | None) -> tuple[float, float]:
        import torch
        from torch_fidelity.metric_isc import isc_features_to_metric

        if weights is not None:
            rows = np.repeat(rows, weights.astype(int), axis=0)
        found = isc_features_to_metric(torch.from_numpy(rows), self._splits(len(rows)), True, SEED)
        return found["inception_score_mean"], found["inception_score_std"]


class Fid(_OnInception):
    """Frechet Inception Distance (Heusel et al. 2017) between results and true pictures."""

    name, higher_is_better = "fid", False

    def protocol(self, rows: Rows, reference: Reference | None) -> str:
        """See `Metric.protocol`."""
        return f"{self._how()}, {FEATURES} features; {compared(rows, reference)}"

    def scorer(self, rows: Rows, reference: Reference | None) -> Scorer:
        """See `Metric.scorer`."""
        assert reference is not None
        true = reference.rows
        return lambda weights, others: frechet(rows, true, weights, others)


class Kid(_OnInception):
    """Kernel Inception Distance (Binkowski et al. 2018) between results and true pictures, not multiplied."""

    name, higher_is_better = "kid", False

    def protocol(self, rows: Rows, reference: Reference | None) -> str:
        """See `Metric.protocol`."""
        size = self._subset(rows, reference)
        every = reference is not None and size == len(rows) == len(reference.rows)
        subsets = "over all pictures at once" if every else f"mean over {SUBSETS} subsets of {size}, seed {SEED}"
        return (
            f"{self._how()}, kernel (x.y/d + 1)^3, unbiased, raw (not x 1000), {subsets}; {compared(rows, reference)}"
        )

    def scorer(self, rows: Rows, reference: Reference | None) -> Scorer:
        """See `Metric.scorer`. Resamples are scored over all pictures at once, from one set of matrices."""
        assert reference is not None
        true = reference.rows
        kernels: list[tuple[Rows, Rows, Rows]] = []

        def scored(weights: Weights | None, others: Weights | None) -> float:
            if weights is None:
                return self._of_subsets(rows, true)[0]
            if not kernels:
                kernels.append(kernel_matrices(rows, true))
            return mmd(kernels[0], weights, others)

        return scored

    def spread(self, rows: Rows, reference: Reference | None) -> float | None:
        """See `Metric.spread`: over subsets; none where all pictures are one."""
        assert reference is not None
        return self._of_subsets(rows, reference.rows)[1] or None

    @staticmethod
    def _subset(rows: Rows, reference: Reference | None) -> int:
        return min(SUBSET, len(rows), 0 if reference is None else len(reference.rows))

    def _of_subsets(self, rows: Rows, reference: Rows) -> tuple[float, float]:
        import torch
        from torch_fidelity.metric_kid import kid_features_to_metric

        size = min(SUBSET, len(rows), len(reference))
        # Subsets that hold every picture are all alike.
        count = 1 if size == len(rows) == len(reference) else SUBSETS
        found = kid_features_to_metric(
            torch.from_numpy(rows), torch.from_numpy(reference), kid_subsets=count, kid_subset_size=size,
            rng_seed=SEED, verbose=False,
        )  # fmt: skip
        return found["kernel_inception_distance_mean"], found["kernel_inception_distance_std"]
