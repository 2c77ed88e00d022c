"""What a try-on run is to do: its photos, its pairs, and which of them fall to this process and are not finished."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from viton_cli.config import DECISIVE as OF_METHOD
from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Progress
from viton_cli.engines.share import Share
from viton_cli.errors import BadConfig, VitonError
from viton_cli.files import look, picture_size
from viton_cli.files.stores import bring
from viton_cli.pipelines.contents import Contents, made_with
from viton_cli.pipelines.garment_store import GarmentStore
from viton_cli.pipelines.pairing import Pairing, pairs_of
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.corrections import Corrections, corrections_of
from viton_cli.pipelines.tryon.folder import FIXED, Sources, TryOnFolder
from viton_cli.pipelines.tryon.inputs import Given, check_inputs, ending_of, list_given

DECISIVE = (*OF_METHOD, "strip", "image_format", "quality")  # settings on which results depend
# Bytes of a pixel of a photo in each format: as a PNG 0.5 for clean pictures, 1.8 for grainy ones.
BYTES_A_PIXEL = {".png": 1.3, ".jpg": 0.2, ".webp": 0.15}
Wanted = dict[str, list[str]]  # person id to the ids of garments


@dataclass(frozen=True, eq=False)
class Plan:
    """What is read, and what is to be made of it.

    Attributes:
        config: The settings. share: Which part of the pairs falls to this process.
        people, clothes: The photos. store: The garments.
        pairing: The pairs of the whole run.
        contents: Hashes of the files that are read.
    """

    config: TryOnConfig
    share: Share
    people: Given
    clothes: Given
    store: GarmentStore
    pairing: Pairing
    contents: Contents

    @cached_property
    def files(self) -> list[Path]:
        """All that is read: photos, masks, and files with corrections."""
        photos = [*self.people.files.values(), *self.clothes.files.values()]
        return [*photos, *self.store.masks.values(), *self.corrections.files]

    @cached_property
    def corrections(self) -> Corrections:
        """What is said by hand of people and pairs."""
        return corrections_of(self.config, self.people.files, self.pairing.rows, Path(self.config.pairing).parent)

    @property
    def needed(self) -> list[Path]:
        """Those of them that this share's pairs are made from."""
        garments = {garment for clothes in self.wanted.values() for garment in clothes}
        masks = [path for garment, path in self.store.masks.items() if garment in garments]
        ids = [*(("person", person) for person in self.wanted), *(("garment", garment) for garment in garments)]
        people = self.corrections.people
        said = (people[person].files for person in self.wanted if person in people)
        return [*(self.photos[id] for id in ids), *masks, *(path for files in said for path in files)]

    @cached_property
    def pairs(self) -> set[tuple[str, str]]:
        """(person id, garment id) of the whole run."""
        return set(self.pairing.pairs)

    def without(self, pairs: Collection[tuple[str, str]]) -> Plan:
        """The same, with some pairs left as they are."""
        plan = replace(self)
        plan.__dict__["ahead"] = by_person([pair for pair in pairs_in(self.ahead) if pair not in pairs])
        return plan

    @cached_property
    def photos(self) -> dict[tuple[str, str], Path]:
        """(kind, id) to file."""
        photos = {("person", id): path for id, path in self.people.files.items()}
        return photos | {("garment", id): path for id, path in self.clothes.files.items()}

    @cached_property
    def wanted(self) -> Wanted:
        """The pairs of this share."""
        return by_person(self.share.of(self.pairing.pairs))

    @cached_property
    def folder(self) -> TryOnFolder:
        """The output, after a look at what is there; nothing is written."""
        sources = Sources(
            self.photos, self.store.masks, self.contents, made_with(self.config, DECISIVE), self.corrections
        )
        ledger = look(Path(self.config.out), "tryon", self.config.force, FIXED, part=self.share.part)
        return TryOnFolder(self.config, sources, ledger, self.pairing.outputs, self.share.part)

    @cached_property
    def ahead(self) -> Wanted:
        """Those of this share's pairs that are not finished."""
        finished = self.folder.finished(self.wanted)
        return by_person([pair for pair in pairs_in(self.wanted) if pair not in finished])

    def size(self) -> str:
        """How much lies ahead, in words."""
        count = sum(map(len, self.ahead.values()))
        pixels = (_pixels(self.photos["person", p]) * len(garments) for p, garments in self.ahead.items())
        disk = BYTES_A_PIXEL[ending_of(self.config)] * sum(pixels) / 1e6
        return f"{count} pairs of {len(self.ahead)} people, about {disk:.0f} MB in {self.config.out}"


def plan_of(
    config: TryOnConfig,
    share: Share,
    tools: Tools,
    progress: Progress,
    is_whole: Callable[[Path], bool] | None = None,
) -> Plan:
    """See what there is to do; nothing is written.

    Args:
        config: The settings. share: Which part falls to this process. tools: Cut the garments.
        progress: Hears what is passed over.
        is_whole: Whether a file may be read already; what may not is left out, and so is what a pairs file says of
            files that are not there yet.

    Raises:
        VitonError: No photos, bad pairs, settings that do not go together, an output that is read.
    """
    people = list_given(config.person, config.out, "--person", progress.note)
    clothes = list_given(config.clothes, config.out, "--clothes", progress.note)
    if people.given and clothes.given:
        raise BadConfig("--person - and --clothes -: only one of them can come from stdin")
    if config.seed is not None and not config.shuffle:
        raise BadConfig("--seed belongs to --shuffle")
    if is_whole is not None:
        people, clothes = people.only(is_whole), clothes.only(is_whole)
    garments = list(clothes.files.items())
    pairing = pairs_of(
        config.pairing, list(people.files.items()), garments, config.limit, config.shuffle, config.seed or 0,
        ending_of(config), waits=is_whole is not None,
    )  # fmt: skip
    for note in pairing.notes:
        progress.note(note)
    store = GarmentStore(garments, tools.cut, config.clothes_mask, clothes.given, pairing.masks)
    contents = Contents({**people.hashes, **clothes.hashes})
    plan = Plan(config, share, people, clothes, store, pairing, contents)
    check_inputs(config, plan.files, pairing)
    bring(plan.needed)
    return plan


def by_person(pairs: list[tuple[str, str]]) -> Wanted:
    """Pairs as the garments of each person."""
    wanted: Wanted = {}
    for person, garment in pairs:
        wanted.setdefault(person, []).append(garment)
    return wanted


def pairs_in(wanted: Wanted) -> list[tuple[str, str]]:
    """The garments of each person as pairs."""
    return [(person, garment) for person, garments in wanted.items() for garment in garments]


def _pixels(path: Path) -> int:
    """Size of a picture by its header; 0 if it cannot be read, which is reported in its turn."""
    try:
        height, width = picture_size(path)
        return height * width
    except VitonError:
        return 0
