"""Fixtures of all tests: stand-ins for the networks, folders of pictures, calm property tests."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings
from stand_ins import FakeFinder, FakeMethod, install_fakes, photo
from study import Study, make_study

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would the programs they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Property tests neither fail because a machine is busy nor leave a folder behind.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
settings.load_profile("calm")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-seconds", default=60, type=float, help="How long tests/fuzz runs in all.")
    parser.addoption("--fuzz-seed", default=0, type=int, help="What tests/fuzz damages files by.")
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow") and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: give --slow"))


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The stand-ins, installed for one test."""
    install_fakes(monkeypatch)
    return SimpleNamespace(finder=FakeFinder, method=FakeMethod)


@pytest.fixture
def folders(tmp_path: Path) -> SimpleNamespace:
    """Two people and three garments."""
    for name in ("anna.png", "sub dir/bert ü.png"):
        photo(tmp_path / "people" / name)
    for name, colour in {"red": (200, 10, 10), "green": (10, 200, 10), "tops/blue": (10, 10, 200)}.items():
        photo(tmp_path / "clothes" / f"{name}.png", colour)
    return SimpleNamespace(
        root=tmp_path, people=tmp_path / "people", clothes=tmp_path / "clothes", out=tmp_path / "out", photo=photo
    )


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """study(methods=2, people=2, clothes=2, **settings): see `make_study`."""
    return partial(make_study, tmp_path)
