"""The screen in a browser: what a person sees and types there, and who gets nothing."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browsers import CHROMIUM, browser_page
from tests.cli.processes import Command
from tests.deadlines import scaled
from tests.tui.frames import capture, frame
from wskit import HandshakeError, connect
from wskit.cli.web import arguments
from wskit.trace import frame_json


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "a file.jsonl"
    words = ("alpha", "beta", "gamma")
    path.write_text(
        "".join(f"{frame_json(capture(1000.0, frame(1, w.encode())))}\n" for w in words)
    )
    return path


@pytest.fixture
def served(recording: Path) -> Iterator[str]:
    with Command("inspect", str(recording), "--web") as command:
        yield command.line()
        command.interrupt()
        assert command.ended() == (0, "", "")


def get(url: str, path: str, **headers: str) -> tuple[int, str, str]:
    """Return status, Location and Set-Cookie."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        return (
            response.status,
            response.getheader("Location", ""),
            response.getheader("Set-Cookie", ""),
        )
    finally:
        connection.close()


def test_whoever_has_the_token_gets_a_cookie_and_the_page(served: str) -> None:
    parts = urlsplit(served)
    assert (parts.scheme, parts.hostname) == ("http", "127.0.0.1")
    status, location, cookie = get(served, f"/?{parts.query}")
    assert (status, location) == (303, "/")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert get(served, "/", Cookie=cookie.partition(";")[0])[0] == 200
    assert get(served, "/static/js/textual.js", Cookie=cookie.partition(";")[0])[0] == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/?token=guessed", {}),
        ("/static/js/textual.js", {}),
        ("/ws", {}),
        ("/", {"Cookie": "wskit-token=guessed"}),
    ],
)
def test_others_get_nothing(served: str, path: str, headers: dict[str, str]) -> None:
    assert get(served, path, **headers)[0] == 403


@pytest.mark.parametrize("wrong", [{"Host": "rebound.example"}, {"Origin": "http://evil.example"}])
def test_pages_of_other_origins_get_nothing_even_with_the_cookie(
    served: str, wrong: dict[str, str]
) -> None:
    query = urlsplit(served).query
    cookie = get(served, f"/?{query}")[2].partition(";")[0]
    assert get(served, "/", Cookie=cookie, **wrong)[0] == 403
    assert get(served, f"/?{query}", **wrong)[0] == 403
    url = f"ws://{urlsplit(served).netloc}/ws"
    with pytest.raises(HandshakeError) as refused:
        connect(url, proxy=False, headers={"Cookie": cookie, **wrong})
    assert refused.value.status == 403


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_a_person_looks_and_types_in_a_browser(served: str) -> None:
    with browser_page() as page:
        page.open(served)
        page.wait(lambda: b"3 of 3 frames" in page.received, "three frames")
        page.run("document.querySelector('.xterm-helper-textarea').focus()")
        page.type("/beta")
        page.wait(lambda: b"1 of 3 frames" in page.received, "the filter")
        assert b"beta" in page.received


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_it_ends_at_once_although_somebody_looks(recording: Path) -> None:
    with Command("inspect", str(recording), "--web") as command, browser_page() as page:
        page.open(command.line())
        page.wait(lambda: b"3 of 3 frames" in page.received, "three frames")
        began = time.monotonic()
        command.interrupt()
        assert command.ended() == (0, "", "")
        assert time.monotonic() - began < scaled(10)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["inspect", "a", "--web"], ["inspect", "a"]),
        (["inspect", "--web", "--web-port", "80", "a b"], ["inspect", "a b"]),
        (["inspect", "--web-port=80", "--web", "--filter", "x"], ["inspect", "--filter", "x"]),
    ],
)
def test_the_screen_gets_the_same_arguments(given: list[str], kept: list[str]) -> None:
    assert arguments(given) == kept
