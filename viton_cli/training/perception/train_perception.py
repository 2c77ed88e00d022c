"""`viton train perception`: joints and labels from photos with either or both."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from viton_cli.checkpoints import load_weights, resolve
from viton_cli.data.base import Entry
from viton_cli.errors import BadConfig, BadDataset, BadWeights, VitonError
from viton_cli.files import list_photos, read_labels, read_photo, write_labels
from viton_cli.imaging import frames
from viton_cli.imaging.drawing import draw_labels, draw_skeleton, repeated, tile
from viton_cli.metrics.perception import LabelCounts, correct_keypoints
from viton_cli.perception.builtin.network import STRIDE, PerceptionNet, decode_joints
from viton_cli.perception.builtin.perceiver import Perceiver
from viton_cli.training.pairs.sources import open_sources
from viton_cli.training.perception.augment import Example, augment, negative
from viton_cli.training.perception.losses import LABEL_WEIGHTS, joint_loss, label_loss
from viton_cli.training.task import Batch, Task, Telling
from viton_cli.vocabulary import labels as L

if TYPE_CHECKING:
    from viton_cli.config import TrainPerceptionConfig

Known = TypeVar("Known")
HELD_OUT = 400  # at most this many held-out photos are looked at during training


class PerceptionTask(Telling, Task):
    """Task of `fit`: every person photo of the sources that has joints or labels."""

    score = "score"

    def __init__(self, config: TrainPerceptionConfig, say: Callable[[str], None] = lambda line: None) -> None:
        self.say = say
        self._told: set[str] = set()
        self.size = config.size
        if min(self.size) < STRIDE or self.size[0] % STRIDE or self.size[1] % STRIDE:
            raise BadConfig(f"size {self.size[0]}x{self.size[1]}: height and width must be multiples of {STRIDE}")
        self.width, self.encoder_rate = config.width, config.encoder_rate
        self.net: nn.Module = PerceptionNet(self.width)
        if config.init:
            self._initialise(str(config.init))
        self.weights = torch.tensor(LABEL_WEIGHTS)
        self.train_entries: list[Entry] = []
        held_out: list[Entry] = []
        self._source: list[int] = []  # of each training entry, its place among the sources
        for number, dataset in enumerate(open_sources(config.data)):
            self.train_entries += [e for e in dataset.entries("train") if e.kind == "person" and self._is_usable(e)]
            self._source += [number] * (len(self.train_entries) - len(self._source))
            held_out += [e for e in dataset.entries("val") if e.kind == "person" and self._is_usable(e)]
        self._labels = [_pack(e.labels()) for e in self.train_entries]
        self.taught: set[int] = set()
        if config.teacher:
            self._teach(resolve(config.teacher), config.out / "taught")
        repeats = config.labelled_repeats
        # A photo labelled by hand teaches both heads best and is seen most often.
        self.order = [
            index
            for index, (entry, labels) in enumerate(zip(self.train_entries, self._labels))
            for _ in range(repeats if labels and index not in self.taught else int(entry.read_pose is not None))
        ]
        if not self.order:
            raise BadDataset(f"{', '.join(config.data)}: no photos of people with joints or labels to train on")
        self.nobody = [path for _, path in list_photos(config.nobody)] if config.nobody else []
        self.held_out = [view for e in held_out[:HELD_OUT] if (view := self._read(self._view, e)) is not None]

    def _is_usable(self, entry: Entry) -> bool:
        """Whether what is known of a photo can be read; if not, that is said, and the others are trained on."""
        return self._read(lambda one: (one.labels(), one.pose()), entry) is not None

    def _read(self, read: Callable[[Entry], Known], entry: Entry) -> Known | None:
        """What `read` makes of an entry, or None where a file of it cannot be read, which is said once."""
        try:
            return read(entry)
        except VitonError as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                self.say(f"not used: {error}")
            return None

    def _teach(self, weights: Path, folder: Path) -> None:
        """Self-training: photos of which only the tags are known get the teacher's labels, as far as the tags allow.

        A teacher that hesitates between coat and top is told by the tags which it is. What it says is kept in `folder`
        as indexed PNGs, to look at and for the next start.
        """
        teacher: Perceiver | None = None  # not needed where all its labels are there from an earlier start
        for index, entry in enumerate(self.train_entries):
            possible = entry.possible()
            if self._labels[index] is not None or possible is None:
                continue
            path = folder / str(self._source[index]) / f"{entry.id}.png"  # ids of two sources may be the same
            if path.exists():
                labels = read_labels(path)
            else:
                teacher = teacher or Perceiver(weights)
                labels = teacher.labels(read_photo(entry.image), possible).labels
                write_labels(path, labels)
            self._labels[index] = _pack(labels)
            self.taught.add(index)

    def _initialise(self, init: str) -> None:
        if init.endswith(".pth"):
            from viton_cli.perception.builtin.efficientnet import load_efficientnet

            assert isinstance(self.net, PerceptionNet)
            load_efficientnet(self.net, Path(init))
        else:
            path = resolve(init)
            try:
                self.net.load_state_dict(load_weights(path)[0])
            except RuntimeError as error:
                cause = str(error).splitlines()[0]
                raise BadWeights(f"{path}: not weights of this network (--width {self.width}): {cause}") from error

    def __len__(self) -> int:
        return len(self.order) + len(self.nobody)

    def parameters(self, lr: float) -> list[dict[str, Any]]:
        """The encoder learns slower than the heads: it starts from weights that already see."""
        assert isinstance(self.net, PerceptionNet)
        heads = [*self.net.pose.parameters(), *self.net.parsing.parameters()]
        return [
            {"params": list(self.net.encoder.parameters()), "lr": lr * self.encoder_rate},
            {"params": heads, "lr": lr},
        ]

    def example(self, index: int) -> Example:
        """Training photo `index` with everything known of it."""
        entry, packed = self.train_entries[index], self._labels[index]
        photo, pose = read_photo(entry.image), entry.pose()
        labels = None
        if packed is not None:
            labels = np.frombuffer(zlib.decompress(packed[0]), np.uint8).reshape(packed[1])
            if labels.shape != photo.size:
                labels = np.asarray(Image.fromarray(labels).resize(photo.size[::-1], Image.Resampling.NEAREST))
        return Example(photo.image, pose.joints if pose else None, pose.seen if pose else None, labels)

    def sample(self, index: int, rng: np.random.Generator) -> Batch:
        for place in range(index, index + len(self)):  # in place of a photo that cannot be read the next one that can
            example = self._example_at(place % len(self))
            if example is not None:
                return _tensors(augment(example, self.size, rng))
        raise BadDataset("none of the photos to train on can be read")

    def _example_at(self, index: int) -> Example | None:
        if index < len(self.order):
            number = self.order[index]
            return self._read(lambda _: self.example(number), self.train_entries[number])
        nobody = self.nobody[index - len(self.order)]
        return self._read(lambda one: negative(read_photo(one.image).image), Entry("nobody", "person", nobody))

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        out = net(batch["image"].to(memory_format=torch.channels_last))
        labels = batch["labels"].long()
        weights = self.weights.to(labels.device)
        pose = joint_loss(out.joints, out.absent, batch["joints"], batch["seen"].bool(), batch["known"].float())
        fine = label_loss(out.labels, labels[:, ::2, ::2], weights)
        coarse = label_loss(out.coarse, labels[:, 1::4, 1::4], weights)
        return {"loss": 0.5 * pose + fine + 0.4 * coarse, "pose": pose, "parsing": fine}

    def _view(
        self, entry: Entry
    ) -> tuple[Tensor, NDArray[np.float32] | None, NDArray[np.bool_] | None, NDArray[np.uint8] | None]:
        """A held-out photo in the frame of its whole picture: image, joints, seen, labels there."""
        photo = read_photo(entry.image)
        frame = frames.whole_photo(photo.size, self.size)
        image = frames.crop(photo.image, frame)
        found = entry.labels()
        labels = None
        if found is not None:
            labels = frames.crop(found, frame, L.BACKGROUND, nearest=True).astype(np.uint8)
        pose = entry.pose()
        joints = None if pose is None else frames.to_frame(pose.joints, frame)
        return _image(image.astype(np.uint8)), joints, None if pose is None else pose.seen, labels

    def validate(self, net: nn.Module) -> dict[str, float]:
        if not self.held_out:
            return {}
        counts = LabelCounts()
        hits: dict[float, list[NDArray[np.bool_]]] = {0.1: [], 0.2: []}
        for start in range(0, len(self.held_out), 16):
            part = self.held_out[start : start + 16]
            labels, points, _ = self._predict(net, torch.stack([image for image, *_ in part]))
            for (_, joints, seen, truth), predicted, found in zip(part, labels, points):
                if truth is not None:
                    counts.add(truth, predicted)
                if joints is not None and seen is not None:
                    for threshold, collected in hits.items():
                        correct = correct_keypoints(joints, seen, found, threshold)
                        if correct is not None:
                            collected.append(correct)
        scores = {"mIoU12": counts.mean_iou(), "person": counts.person_iou()}
        scores |= {f"PCK@{t}": float(np.concatenate(c).mean()) for t, c in hits.items() if c}
        scores |= {f"IoU {k}": v for k, v in counts.iou().items() if k in ("hair", "face", "top", "lower", "arms")}
        scores["score"] = scores["mIoU12"] + 0.5 * scores.get("PCK@0.1", 0.0)
        return scores

    def _predict(
        self, net: nn.Module, images: Tensor
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
        device = next(net.parameters()).device
        out = net(images.to(device).to(memory_format=torch.channels_last))
        full = torch.nn.functional.interpolate(out.labels, size=self.size, mode="bilinear", align_corners=False)
        points, confidence = decode_joints(out.joints, out.absent)
        return full.argmax(1).byte().cpu().numpy(), points.cpu().numpy(), confidence.cpu().numpy()

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        if not self.held_out:
            return None
        part = self.held_out[:: max(len(self.held_out) // 12, 1)][:12]
        images = torch.stack([image for image, *_ in part])
        labels, points, confidence = self._predict(net, images)
        tiles = []
        for image, predicted, found, sure in zip(images, labels, points, confidence):
            photo = ((image.permute(1, 2, 0).numpy() + 1) * 127.5).astype(np.uint8)
            tiles += [draw_skeleton(photo, found, sure > 0.3), draw_labels(photo, predicted)]
        return tile(tiles, columns=8, captions=repeated(("joints", "labels"), len(tiles)))

    def meta(self) -> dict[str, Any]:
        return {"kind": "perception", "width": self.width, "size": list(self.size)}


def _pack(labels: NDArray[np.uint8] | None) -> tuple[bytes, tuple[int, ...]] | None:
    """Labels compressed, so that those of a whole data set fit into memory."""
    return None if labels is None else (zlib.compress(labels.tobytes(), 1), labels.shape)


def _image(image: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1).float() / 127.5 - 1


def _tensors(example: Example) -> Batch:
    h, w = example.image.shape[:2]
    labels = example.labels if example.labels is not None else np.full((h, w), L.IGNORE, np.uint8)
    known = example.joints is not None
    joints = example.joints if example.joints is not None else np.zeros((L.N_JOINTS, 2), np.float32)
    seen = example.seen if example.seen is not None else np.zeros(L.N_JOINTS, bool)
    return {
        "image": _image(example.image),
        "labels": torch.from_numpy(labels.copy()),
        "joints": torch.from_numpy(np.asarray(joints, np.float32)),
        "seen": torch.from_numpy(np.asarray(seen)),
        "known": torch.tensor(known),
    }
