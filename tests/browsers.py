"""A real browser: headless Chromium, told what to do over its DevTools protocol by wskit's client.

The protocol is described at https://chromedevtools.github.io/devtools-protocol/.
"""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.deadlines import scaled, wait_for
from wskit import Client, connect

__all__ = ["CHROMIUM", "Page", "browser_page"]

T = TypeVar("T")

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
"""Its path; None if it is not installed."""

_PATIENCE = 30.0
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--disable-dev-shm-usage", "--remote-debugging-port=0"),
)


class Page:
    """One page. ``received`` is what came in on the WebSockets that it opened, in order."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._numbers = itertools.count(1)
        self._session: dict[str, object] = {}
        self.received = bytearray()
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Network", "Runtime"):
            self._call(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Go to ``url``."""
        answer = self._call("Page.navigate", url=url)
        assert not answer.get("errorText"), answer

    def run(self, script: str) -> object:
        """Return the value of a JavaScript expression, awaited if it is a promise."""
        answer = self._call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        result = answer["result"]
        assert isinstance(result, dict)
        return result.get("value")

    def type(self, text: str) -> None:
        """Press the keys of ``text``, one after the other; a line end is Enter."""
        for character in text:
            key = "\r" if character == "\n" else character
            name = "Enter" if character == "\n" else character
            code = 13 if character == "\n" else 0
            for kind in ("keyDown", "keyUp"):
                self._call(
                    "Input.dispatchKeyEvent",
                    type=kind,
                    text=key if kind == "keyDown" else "",
                    key=name,
                    windowsVirtualKeyCode=code,
                )

    def wait(self, predicate: Callable[[], T], what: str) -> T:
        """Wait until ``predicate()`` is true, while the browser tells what happens."""

        def look() -> T:
            self.run("1")  # what has happened comes before the answer
            return predicate()

        return wait_for(look, _PATIENCE, what)

    def _call(self, method: str, **params: object) -> dict[str, object]:
        number = next(self._numbers)
        self._client.write(
            json.dumps({"id": number, "method": method, "params": params, **self._session})
        )
        while True:
            message = self._client.read(timeout=scaled(_PATIENCE))
            assert message is not None, f"{method}: no answer"
            answer = json.loads(message.data)
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, object] = answer["result"]
                return result
            self._notice(answer)

    def _notice(self, event: dict[str, object]) -> None:
        if event.get("method") != "Network.webSocketFrameReceived":
            return
        params = event["params"]
        assert isinstance(params, dict)
        frame = params["response"]
        data = frame["payloadData"]
        self.received += base64.b64decode(data) if frame["opcode"] == 2 else data.encode()


@contextmanager
def browser_page() -> Iterator[Page]:
    """Start a browser with a profile of its own; end it after the block."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [CHROMIUM, *_OPTIONS, f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = wait_for(lambda: _devtools(Path(folder)), _PATIENCE, "the browser")
            with connect(url, proxy=False, max_size=64 << 20, ping_interval=None) as client:
                yield Page(client)
        finally:
            process.kill()
            process.wait()


def _devtools(folder: Path) -> str:
    """Return the URL of the browser's end, "" until it has written that down."""
    try:
        port, path = (folder / "DevToolsActivePort").read_text().splitlines()
    except (OSError, ValueError):
        return ""
    return f"ws://127.0.0.1:{port}{path}"
