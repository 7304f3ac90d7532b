"""The stand-alone page in a real browser: it loads, answers, follows a slider, shows code, and ends cleanly.

With ``CQRSIM_PICTURE=FILE`` a picture of the page is kept.
"""

import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE_S = 120
ELSEWHERE = "https://"
"""Voila asks other hosts for icons that the page can do without; ours has no certificate."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server that is ready, and has to end well when it is interrupted."""
    pytest.importorskip("voila")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "cqrsim", "explore", "--no-browser", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        at = f"http://localhost:{port}/"
        try:
            _wait_for(at)
            yield at
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(PATIENCE_S) == 0
            assert server.stdout is not None
            assert at in server.stdout.read()


def _wait_for(address: str) -> None:
    pause = Event()
    for _ in range(PATIENCE_S):
        try:
            urllib.request.urlopen(f"{address}voila/static/main.js", timeout=10).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            pause.wait(1)
    pytest.fail("the server never answered")


@pytest.fixture(scope="module")
def told() -> list[str]:
    """Errors that the browser told of."""
    return []


@pytest.fixture(scope="module")
def page(address: str, told: list[str]) -> Iterator[Any]:
    """The page, when it has answered for the first time."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as browsers:
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=as_root)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(1000 * PATIENCE_S)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda said: told.append(_error(said)))
        page.goto(address)
        _finished(page)
        yield page
        browser.close()


def _error(said: Any) -> str:
    is_ours = said.type == "error" and not said.location.get("url", "").startswith(ELSEWHERE)
    return str(said.text) if is_ours else ""


def _finished(page: Any) -> None:
    """Wait until an answer is there that belongs to what is chosen."""
    page.wait_for_selector(".cqrsim-explorer table td")
    page.wait_for_function("() => !document.querySelector('.cqrsim-explorer .stale')")
    page.get_by_text("runs, finished").wait_for()


def _table(page: Any) -> str:
    return str(page.locator(".cqrsim-explorer table").inner_text())


def test_the_page_answers(page: Any) -> None:
    """It loads with a picture, a table of four designs, and words."""
    rows = _table(page).splitlines()
    assert sum(row.startswith(("wait", "forward event", "silence", "error cache")) for row in rows) == 4
    picture = page.locator(".cqrsim-explorer img")
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 500
    assert page.get_by_text("Half of the clients have been told").is_visible()


def test_a_slider_changes_the_table(page: Any) -> None:
    """Moved by the keyboard, a slider shows its new value with its unit, and the table follows."""
    before = _table(page)
    slider = page.locator(".cqrsim-explorer .widget-hslider", has_text="commands")
    slider.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("old => document.querySelector('.cqrsim-explorer table').innerText !== old", arg=before)
    _finished(page)
    assert "250/s" in slider.inner_text()


def test_copy_as_code(page: Any) -> None:
    """The code of what is chosen is shown, and one button copies it."""
    page.get_by_role("button", name="Copy as code").click()
    code = page.locator(".cqrsim-explorer pre")
    code.wait_for()
    assert '"clients.arrivals.rate": cq.per_second(250)' in code.inner_text()
    page.get_by_role("button", name="Copy to clipboard").click()
    assert page.evaluate("() => getSelection().toString()").strip() == code.inner_text().strip()
    page.get_by_role("button", name="Copy as code").click()
    code.wait_for(state="detached")


def test_save_scenario(page: Any) -> None:
    """Saving gives a link to an archive of the scenarios."""
    page.get_by_role("button", name="Save scenario").click()
    link = page.locator(".cqrsim-explorer a[download]")
    link.wait_for()
    assert base64.b64decode(link.get_attribute("href").partition("base64,")[2])[:2] == b"PK"


def test_mistakes_and_trouble(page: Any) -> None:
    """Impossible settings are told in words; put right, with a fault, the answer is there again."""
    warm_up = page.locator(".cqrsim-explorer .widget-hslider", has_text="warm-up")
    warm_up.locator(".noUi-handle").focus()
    page.keyboard.press("End")
    page.get_by_text("warm_up: must be less than length").wait_for()
    warm_up.locator(".noUi-handle").focus()
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    page.get_by_label("what goes wrong").select_option("the disk is full")
    page.get_by_text("were reported as successful, and are not in the log").wait_for()
    _finished(page)


def test_nothing_is_cut_off(page: Any, tmp_path: Path) -> None:
    """At 1280 pixels nothing is wider than the page, and no label is cut."""
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    cut = page.locator(".cqrsim-explorer .widget-label").evaluate_all(
        "labels => labels.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.innerText)"
    )
    assert cut == []
    page.evaluate("() => { getSelection().removeAllRanges(); document.activeElement.blur(); }")
    page.screenshot(path=os.environ.get("CQRSIM_PICTURE", str(tmp_path / "page.png")), full_page=True)


def test_ways_to_keep_state_fit_too(page: Any) -> None:
    """With a way to keep state the table has other columns, and still is no wider than its place."""
    page.get_by_label("2b fire and forget", exact=True).check()
    page.get_by_text("handler and log apart (%)").wait_for()
    _finished(page)
    assert page.locator(".cqrsim-explorer .wide").evaluate("wide => wide.scrollWidth <= wide.clientWidth")


def test_the_console_is_silent(page: Any, told: list[str]) -> None:
    """Through all of this the browser had nothing to complain of."""
    assert [text for text in told if text] == []
