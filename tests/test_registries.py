"""Every registered name can be had, is documented, and is the only way its implementation is named."""

from __future__ import annotations

import importlib
import inspect

import pytest

from viton_cli.errors import MissingExtra, UnknownName
from viton_cli.registry import Registry

WHERE = {
    "METHODS": "viton_cli.methods",
    "POSE": "viton_cli.perception",
    "PARSING": "viton_cli.perception",
    "BOTH": "viton_cli.perception",
    "DATASETS": "viton_cli.data",
    "METRICS": "viton_cli.metrics",
    "EXPORTS": "viton_cli.data.exports",
}
# What an implementation must offer, by registry.
OFFERS = {
    "METHODS": ("prepare_person", "prepare_garment", "dress"),
    "POSE": ("detect",),
    "PARSING": ("parse",),
    "BOTH": ("perceive",),
    "DATASETS": ("entries", "pairs", "report"),
    "METRICS": ("measure", "scorer", "protocol", "features", "spread"),
    "EXPORTS": ("write_person", "write_garment", "write_lists"),
}


def registry(name: str) -> Registry:
    found = getattr(importlib.import_module(WHERE[name]), name)
    assert isinstance(found, Registry)
    return found


ENTRIES = [(kind, name) for kind in WHERE for name in (*registry(kind), *registry(kind).unlisted)]


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_name_is_importable_documented_and_complete(kind: str, name: str) -> None:
    try:
        target = registry(kind).get(name)
    except MissingExtra as error:
        assert "pip install 'viton-cli[" in str(error)
        return
    assert inspect.getdoc(target) and inspect.getdoc(inspect.getmodule(target))
    for method in OFFERS[kind]:
        assert callable(getattr(target, method)) and inspect.getdoc(getattr(target, method)), method


@pytest.mark.parametrize("kind", WHERE)
def test_an_unknown_name_lists_the_known_ones_and_the_nearest(kind: str) -> None:
    known = sorted(registry(kind))
    with pytest.raises(UnknownName) as caught:
        registry(kind).get(known[0] + "x")
    text = str(caught.value)
    assert f"did you mean '{known[0]}'" in text and all(name in text for name in known) and "\n" not in text


def test_modules_are_imported_when_they_are_asked_for() -> None:
    lazy = Registry("thing", {"gone": "viton_cli.gone:Gone"})
    assert list(lazy) == ["gone"] and "gone" in lazy and "else" not in lazy
    with pytest.raises(ModuleNotFoundError):
        lazy.get("gone")
