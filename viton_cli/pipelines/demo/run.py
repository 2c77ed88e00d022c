"""What `viton demo` does, from its settings to its end."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path

from viton_cli.config import DemoConfig
from viton_cli.errors import BadConfig, MissingExtra
from viton_cli.files.temporary import temporary_folder
from viton_cli.pipelines.demo.room import FittingRoom
from viton_cli.pipelines.demo.samples import samples
from viton_cli.pipelines.demo.visits import Visits
from viton_cli.pipelines.tools import Tools
from viton_cli.threads import use_threads

NEEDS = "viton demo needs a package: pip install 'viton-cli[demo]'"


def demo(
    config: DemoConfig, ready: Callable[[str], None], note: Callable[[str], None], tools: Tools | None = None
) -> None:
    """Serve the page until it is stopped.

    Args:
        config: The settings.
        ready: Is given the page's address once it can be opened; of a dry run, the one it would have.
        note: Hears what is worth knowing.
        tools: Finder, cutter and method to work with, instead of those that the settings name.

    Raises:
        MissingExtra: Gradio is not installed. BadConfig: The address cannot be had. NothingUsable: No such examples.
        UnknownName, BadWeights: The networks cannot be had.
    """
    if importlib.util.find_spec("gradio") is None:
        raise MissingExtra(NEEDS)
    with listening(config.host, config.port) as listener, temporary_folder() as folder:
        use_threads(config.threads)
        room = FittingRoom(config, folder, tools)
        room.load()
        people = samples(config.person, "people", folder / "people", note)
        clothes = samples(config.clothes, "clothes", folder / "clothes", note)
        host = f"[{config.host}]" if ":" in config.host else config.host
        address = f"http://{host}:{listener.getsockname()[1]}/"
        if config.dry_run:
            ready(address)
            return
        be_quiet(folder)
        from viton_cli.pipelines.demo.page import build
        from viton_cli.pipelines.demo.server import serve

        page = build(room, Visits(folder), people, clothes, config.kind)
        if not is_local(config.host):
            note(f"warning: whoever reaches {host} can use this page; it asks for no password")
        ready(address)
        serve(page, listener, is_local(config.host))


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        BadConfig: No such address, or another program has it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise BadConfig(f"--host {host}: no such address ({getattr(error, 'strerror', None) or error})") from None
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise BadConfig(f"--host {host} --port {port}: {error.strerror}; --port 0 takes any that is free") from None
    return listener


def is_local(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def be_quiet(folder: Path) -> None:
    """Let Gradio keep its files in a folder and speak to nobody; it reads this when it is imported."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
