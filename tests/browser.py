"""Headless Chromium, driven over the pipe of its own debugging protocol: real keys, clicks, touches, and every request.

Debian's package `chromium` is enough; nothing of Python is needed. Where BROWSER_TESTS is "required" (as `.ci/run`
sets it) a machine without Chromium fails these tests instead of passing them over.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-pipe",
    "--hide-scrollbars", "--disable-extensions",
)  # fmt: skip
KEYS = {"Enter": 13, "Escape": 27, "Backspace": 8, "ArrowLeft": 37, "ArrowRight": 39, "ArrowUp": 38, "ArrowDown": 40}
PATIENCE = 60.0  # seconds; other work may keep the machine busy


def chromium() -> str:
    """The browser's file; without one the test is passed over, or fails where a browser is required."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    if os.environ.get("BROWSER_TESTS") == "required":
        pytest.fail("no Chromium on this machine: apt-get install chromium")
    pytest.skip("no Chromium on this machine: apt-get install chromium")


class Browser:
    """One page of one browser."""

    def __init__(self, to: int, back: int, downloads: Path) -> None:
        self.to, self.back, self.buffer = to, back, b""
        self.numbers = itertools.count(1)
        self.session: str | None = None
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.downloads = downloads
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        session, self.session = self.session, None
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        self.session = session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol."""
        number = next(self.numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            part = os.read(self.back, 1 << 20)
            assert part, "the browser is gone"
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        told = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(told["exceptionDetails"])[:600])
        elif message.get("method") == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        return message

    def open(self, place: Path | str, width: int = 1400, height: int = 900, dark: bool = False, hash: str = "") -> None:
        """Open a file or an address at a size; a narrow one is a phone with a touch screen."""
        address = place if isinstance(place, str) else place.resolve().as_uri()
        phone = width < 700
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=address + hash)
        self.wait(f"location.href.startsWith({json.dumps(address)}) && document.readyState === 'complete'")

    def open_blank(self) -> None:
        """Forget what was heard and saved, and what pages from the disk kept."""
        self.call("Page.navigate", url="about:blank")
        self.call("Storage.clearDataForOrigin", origin="file://", storageTypes="all")
        for path in self.downloads.iterdir():
            path.unlink()
        self.requests.clear()
        self.errors.clear()

    def js(self, expression: str) -> Any:
        """The value of an expression (awaited, if it is a promise)."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, json.dumps(done["exceptionDetails"])
        return done["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until an expression is true."""
        ends = time.monotonic() + PATIENCE
        while not self.js(f"Boolean({expression})"):
            assert time.monotonic() < ends, f"never true: {expression}; {self.errors}"
            time.sleep(0.02)

    def key(self, key: str) -> None:
        """Press a key, as a hand does."""
        code = KEYS.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            more = text if kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)

    def type(self, text: str) -> None:
        """Type text into what has the focus."""
        self.call("Input.insertText", text=text)

    def middle(self, selector: str) -> tuple[float, float]:
        """The middle of an element, scrolled to if need be."""
        found = self.js(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return null;"
            " e.scrollIntoView({block: 'nearest'}); const b = e.getBoundingClientRect();"
            " return [b.left + b.width / 2, b.top + b.height / 2]; })()"
        )
        assert found, f"no {selector} on the page"
        return found[0], found[1]

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """One event of the mouse."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **{"button": "left", "clickCount": 1, **more})

    def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        x, y = self.middle(selector)
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def tap(self, selector: str) -> None:
        """Touch an element."""
        x, y = self.middle(selector)
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def pinch(self, selector: str, apart: float) -> None:
        """Two fingers on an element, 40 pixels apart, move until they are `apart`."""
        x, y = self.middle(selector)
        for step in range(6):
            half = 20 + (apart / 2 - 20) * step / 5
            points = [{"x": x - half, "y": y, "id": 0}, {"x": x + half, "y": y, "id": 1}]
            self.call("Input.dispatchTouchEvent", type="touchMove" if step else "touchStart", touchPoints=points)
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def upload(self, selector: str, path: Path) -> None:
        """Choose a file."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def downloaded(self, pattern: str) -> Path:
        """A file that the page saved, once it is whole."""
        ends = time.monotonic() + PATIENCE
        while True:
            self.js("0")
            found = sorted(self.downloads.glob(pattern))
            # The browser keeps the name free with an empty file until the whole one takes its place.
            newest = max(found, key=lambda path: path.stat().st_mtime_ns, default=None)
            if newest and newest.stat().st_size and not list(self.downloads.glob("*.crdownload")):
                return newest
            assert time.monotonic() < ends, f"nothing called {pattern} was saved"
            time.sleep(0.05)

    def picture(self, path: Path) -> None:
        """Write what is on the screen as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def foreign(self, own: str = "file:") -> list[str]:
        """Requests for anything but data and blobs of the page, and what begins with `own`."""
        return [url for url in self.requests if not url.startswith((own, "data:", "blob:", "about:"))]


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own in a folder."""
    downloads = folder / "downloads"
    downloads.mkdir()
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()
    # The browser reads commands from descriptor 3 and answers on 4.
    shell = f'exec "$0" "$@" 3<&{to_read} 4>&{back_write}'
    command = ["bash", "-c", shell, chromium(), *QUIET, f"--user-data-dir={folder / 'profile'}"]
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, pass_fds=(to_read, back_write), stderr=log, stdout=log)
    os.close(to_read)
    os.close(back_write)
    try:
        yield Browser(to_write, back_read, downloads)
    finally:
        process.terminate()
        process.wait(timeout=30)
        os.close(to_write)
        os.close(back_read)


# What text is too faint, measured in the page: [text, ratio] of every visible text with less than 4.5 to its ground.
FAINT = """(() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const light = (c) => { const f = (v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]); };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c[3] > .99) return c; } return [255, 255, 255, 1]; };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walker.nextNode());) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.checkVisibility() || e.closest('script,style,noscript,:disabled')) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) faint.push([n.data.trim().slice(0, 40), Math.round(ratio * 100) / 100]);
  }
  return faint; })()"""
