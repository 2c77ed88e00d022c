"""One browser for all tests of the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Browser, browser


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def page(chromium: Browser) -> Browser:
    """The browser, with nothing heard, saved or kept so far."""
    chromium.open_blank()
    return chromium
