"""WebKit, the engine of iPhones and Macs, driven over WebDriver: Debian's WebKitGTK on a screen of its own."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

_START_SECONDS = 60
_ANSWER_SECONDS = 120
_MINI_BROWSERS = "lib*/**/webkit2gtk-4.*/MiniBrowser"


class WebKit:
    """One window. A page is shown in a frame as wide as a screen, for a window has a least width."""

    def __init__(self, address: str, folder: Path) -> None:
        self._address = address
        self._host = folder / "host.html"
        self._session = ""
        self._screen = (0, 0)
        options = {"binary": str(_mini_browser()), "args": ["--automation", "--allow-file-access-from-file-urls=true"]}
        capabilities = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        self._session = self._send("POST", "/session", {"capabilities": capabilities})["sessionId"]
        self._send("POST", "/window/rect", {"x": 0, "y": 0, "width": 1360, "height": 1180})

    def open(self, page: Path, *, width: int, height: int) -> None:
        """Shows a file's page on a screen of this size, until it and its pictures are loaded."""
        self._screen = (width, height)
        frame = f'<iframe src="{page.as_uri()}" width="{width}" height="{height}" style="border:0"></iframe>'
        self._host.write_text(f"<!doctype html><body style='margin:0'>{frame}", encoding="utf-8")
        self._send("POST", "/frame", {"id": None})
        self._send("POST", "/url", {"url": self._host.as_uri()})
        self._send("POST", "/frame", {"id": 0})
        arrived = f"location.href === '{page.as_uri()}' && document.readyState === 'complete'"
        self.wait(f"{arrived} && [...document.images].every((image) => image.complete)")

    def run(self, script: str, *arguments: object) -> Any:
        """What the function ``script`` returns in the page."""
        body = {"script": f"return ({script}).apply(null, arguments)", "args": list(arguments)}
        return self._send("POST", "/execute/sync", body)

    def wait(self, condition: str) -> None:
        deadline = time.monotonic() + _ANSWER_SECONDS
        while not self.run(f"() => Boolean({condition})"):
            assert time.monotonic() < deadline, f"never came true: {condition}"
            time.sleep(0.05)

    def tap(self, selector: str) -> None:
        """Presses an element as a pointer does, as soon as it can be pressed."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while True:
            found = self._send("POST", "/element", {"using": "css selector", "value": selector})
            try:
                self._send("POST", f"/element/{next(iter(found.values()))}/click", {})
            except urllib.error.HTTPError:  # hidden, covered or still moving
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def picture(self) -> Image.Image:
        """The screen as it is seen."""
        self._send("POST", "/frame", {"id": None})
        window = Image.open(io.BytesIO(base64.b64decode(self._send("GET", "/screenshot"))))
        self._send("POST", "/frame", {"id": 0})
        return window.convert("RGB").crop((0, 0, *self._screen))

    def close(self) -> None:
        self._send("DELETE", "")

    def _send(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        place = f"/session/{self._session}{path}" if self._session else path
        request = urllib.request.Request(f"{self._address}{place}", data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_ANSWER_SECONDS) as answer:
            return json.load(answer)["value"]


def missing() -> str:
    """The Debian packages without which WebKit cannot be had here; empty where nothing is missing."""
    absent = [
        package
        for package, there in (
            ("webkit2gtk-driver", shutil.which("WebKitWebDriver") and _mini_browser()),
            ("xvfb", shutil.which("Xvfb")),
        )
        if not there
    ]
    return " ".join(absent)


@contextmanager
def open_webkit() -> Iterator[WebKit]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        screen = _start(stack, "Xvfb", "-displayfd", "1", "-screen", "0", "1400x1200x24", "-nolisten", "tcp")
        assert screen.stdout
        display = f":{screen.stdout.readline().decode().strip()}"
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = {**os.environ, "DISPLAY": display, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
        environment |= {"XDG_CACHE_HOME": str(folder), "XDG_DATA_HOME": str(folder), "GDK_BACKEND": "x11"}
        _start(stack, "WebKitWebDriver", f"--port={port}", environment=environment)
        _await_port(port)
        window = WebKit(f"http://127.0.0.1:{port}", folder)
        stack.callback(window.close)
        yield window


def _mini_browser() -> Path | None:
    return next(iter(sorted(Path("/usr").glob(_MINI_BROWSERS))), None)


def _start(stack: ExitStack, *command: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def _await_port(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "WebKitWebDriver does not answer"
            time.sleep(0.05)
