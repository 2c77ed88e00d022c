"""The page served: only to who asks for it by its address, and forbidden to speak to anybody else."""

from __future__ import annotations

import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request, Response
from gradio import processing_utils
from starlette.middleware.trustedhost import TrustedHostMiddleware

from viton_cli.config import ADDRESS
from viton_cli.pipelines.demo.page import STYLE, THEME

LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]", "["]  # the last: what is before the colon of an IPv6 address
MOST_BYTES = "100mb"
# What the page may load, and from where: the browser itself stops anything that would go elsewhere.
POLICY = "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; form-action 'self'; frame-ancestors 'none'"


def serve(page: gr.Blocks, listener: socket.socket, local: bool) -> None:
    """Serve until the process is told to stop.

    Args:
        page: The page. listener: Where it is asked for.
        local: Only this machine is meant to reach it: a page of the web that gives its own name this address (DNS
            rebinding) is refused.
    """
    processing_utils.async_ssrf_protected_download = fetch_nothing
    server = uvicorn.Server(uvicorn.Config(app_of(page, local), log_level="error", timeout_graceful_shutdown=1))
    # Uvicorn stops in peace at a signal, and then raises it again: as an exception, so that what is open is closed.
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        server.run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)


def app_of(page: gr.Blocks, local: bool) -> FastAPI:
    """The page as a web application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    async def forbid(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await go_on(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    app.middleware("http")(forbid)
    if local:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_NAMES)
    mounted: FastAPI = gr.mount_gradio_app(
        app, page, "/", footer_links=["api"], run_history=False, show_error=True, max_file_size=MOST_BYTES,
        ssr_mode=False, pwa=False, mcp_server=False, enable_monitoring=False, theme=THEME, css=STYLE,
    )  # fmt: skip
    return mounted


async def fetch_nothing(url: str, cache_dir: str) -> str:
    """In place of what would download a picture that is given by its address."""
    raise gr.Error(ADDRESS.format(url), print_exception=False)


def _stop(*_: Any) -> None:
    raise SystemExit(128 + signal.SIGTERM)
