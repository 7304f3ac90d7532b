"""``cqrsim explore``: the page of settings and answers, in a browser."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from cqrsim.cli.options import FINE, NO

PATIENCE_S = 10
"""How long the server may take to end, once it was asked to."""


def explore(
    files: Annotated[
        list[Path] | None, typer.Argument(help="One scenario to try designs on, or several to compare.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the page is served on this machine.")] = 8866,
    browser: Annotated[bool, typer.Option(help="Whether to open the page.")] = True,
) -> None:
    """Show a page in which settings are moved and designs compared at once, until Ctrl-C is pressed."""
    from cqrsim.explorer import INSTALL, MissingExtraError
    from cqrsim.explorer.stand_alone import subject_of, write_notebook

    chosen = files or []
    subject_of(chosen)
    missing = [name for name in ("ipywidgets", "voila") if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"the explorer needs {' and '.join(missing)}, not installed here: {INSTALL}")
    if _is_taken(port):
        raise typer.BadParameter(f"port {port} is taken by something else: name another one with --port")
    with tempfile.TemporaryDirectory(prefix="cqrsim-") as folder:
        code = _serve(_command(write_notebook(Path(folder), chosen), port, browser), port)
    raise typer.Exit(NO if code else FINE)


def _is_taken(port: int) -> bool:
    """Whether somebody answers there."""
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        return False
    return True


def _command(notebook: Path, port: int, browser: bool) -> list[str]:
    """Voila with this very Python."""
    options = [f"--port={port}", "--ServerApp.port_retries=0", "--Voila.log_level=ERROR"]
    return [sys.executable, "-m", "voila", str(notebook), *options, *([] if browser else ["--no-browser"])]


def _serve(command: list[str], port: int) -> int:
    """Serve until the server ends, or until Ctrl-C or a signal to end, which is a good end."""
    print(f"cqrsim explorer: http://localhost:{port}/  (Ctrl-C ends it)", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with subprocess.Popen(command) as server:
        try:
            return server.wait()
        except KeyboardInterrupt:
            return _ended(server)


def _ended(server: subprocess.Popen[bytes]) -> int:
    server.terminate()
    try:
        server.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        server.kill()
    return FINE
