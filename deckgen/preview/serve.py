"""The preview on a local address, made anew after every change of the project; a broken edit is shown, not fatal."""

from __future__ import annotations

import hmac
import json
import queue
import re
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from deckgen.diagnostics import DeckgenError
from deckgen.preview.site import DATA_DIR, page_data

EVENTS = "/deckgen-events"
LIVE = "/deckgen-live.js"
STYLE = "/deckgen-preview.css"
_WAITING = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>deckgen preview</title>
<link rel="stylesheet" href="{STYLE}"></head><body></body></html>""".encode()
"""Shown as long as there is no page, which is when the first one could not be made."""
_HEARTBEAT_SECONDS = 15.0


@dataclass(slots=True, kw_only=True)
class _News:
    """What browsers are told: the number of the page that is current, and why the next one could not be made."""

    version: int = 0
    problem: str = ""
    _listeners: list[queue.SimpleQueue[None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def publish(self, *, problem: str) -> None:
        with self._lock:
            self.problem = problem
            if not problem:
                self.version += 1
        self.wake()

    def wake(self) -> None:
        with self._lock:
            for listener in self._listeners:
                listener.put(None)

    def listen(self) -> queue.SimpleQueue[None]:
        listener: queue.SimpleQueue[None] = queue.SimpleQueue()
        with self._lock:
            self._listeners.append(listener)
        return listener

    def forget(self, listener: queue.SimpleQueue[None]) -> None:
        with self._lock:
            self._listeners.remove(listener)

    def events(self) -> bytes:
        problem = json.dumps(self.problem)
        return f"event: version\ndata: {self.version}\n\nevent: problem\ndata: {problem}\n\n".encode()


class PreviewServer:
    """Serves ``folder`` on 127.0.0.1 and keeps it current.

    ``make`` writes the preview and raises DeckgenError where it cannot. It runs whenever ``changes``, which is given
    the event that ends it, yields. Port 0 takes any free one.
    """

    def __init__(
        self,
        folder: Path,
        make: Callable[[], object],
        changes: Callable[[threading.Event], Iterable[object]],
        *,
        port: int = 0,
    ) -> None:
        self._make = make
        self._changes = changes
        self._news = _News()
        self._stop = threading.Event()
        try:
            handler = partial(_Handler, folder, self._news, self._stop, secrets.token_hex(16))
            self._http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError as error:
            raise DeckgenError(
                f"port {port} cannot be used: {error.strerror}", hint="choose another with --port"
            ) from error
        self._http.daemon_threads = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/"

    def run(self, report: Callable[[str], None] = lambda line: None) -> None:
        """Serves until ``stop`` is called; ``report`` is told of every new page and every failure."""
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        try:
            for _ in self._changes(self._stop):
                self._remake(report)
        finally:
            self.stop()
            self._http.shutdown()
            self._http.server_close()

    def stop(self) -> None:
        self._stop.set()
        self._news.wake()

    def _remake(self, report: Callable[[str], None]) -> None:
        try:
            self._make()
        except DeckgenError as error:
            problem = describe(error)
        except Exception as error:  # whatever a half-saved file brings about, the next save mends it
            problem = f"deckgen failed: {type(error).__name__}: {error}"
        else:
            problem = ""
        self._news.publish(problem=problem)
        report(problem or "preview is current")


def serve_preview(server: PreviewServer, report: Callable[[str], None]) -> None:
    """Runs the server until the person at the keyboard stops it."""
    try:
        server.run(report)
    except KeyboardInterrupt:
        server.stop()


def describe(error: DeckgenError) -> str:
    """A failure in the form that the command line uses."""
    where = f"{error.location.path}:{error.location.line}: " if error.location else ""
    return f"{where}error: {error}" + (f"\n  hint: {error.hint}" if error.hint else "")


class _Handler(SimpleHTTPRequestHandler):
    """The folder's files, the page with the live script, and the stream of events, for this server's own page alone."""

    def __init__(
        self,
        folder: Path,
        news: _News,
        stop: threading.Event,
        token: str,
        request: object,
        client: object,
        server: object,
    ) -> None:
        self._news = news
        self._stop = stop
        self._folder = folder
        self._token = token
        super().__init__(request, client, server, directory=str(folder))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if "\0" in unquote(path):
            self.send_error(HTTPStatus.NOT_FOUND)
        elif not self._is_welcome(path, query):
            self.send_error(HTTPStatus.FORBIDDEN)
        elif path in ("/", "/index.html"):
            self._send(self._page(), "text/html; charset=utf-8")
        elif path == LIVE:
            self._send(page_data("live.js").encode(), "text/javascript; charset=utf-8")
        elif path == STYLE:
            self._send(page_data("preview.css").encode(), "text/css; charset=utf-8")
        elif path == EVENTS:
            self._stream()
        elif self.command == "HEAD":
            super().do_HEAD()
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _is_welcome(self, path: str, query: str) -> bool:
        """Whether the project may be read: not by a page elsewhere, be it one that makes its name point here.

        The data are scripts, which any page may run, so they ask for the token, which only this server's page knows.
        """
        host = self.headers.get("Host", "")
        if host.rsplit(":", 1)[0] not in ("127.0.0.1", "localhost"):
            return False
        if self.headers.get("Origin", f"http://{host}") != f"http://{host}":
            return False
        opened = self.headers.get("Sec-Fetch-Mode") == "navigate" and path in ("/", "/index.html")
        if not opened and self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return False
        # As file systems see it, some of which look at no case and no last dot: %64ata/ is the data folder too.
        folder = next(iter(Path(self.translate_path(path)).relative_to(self.directory).parts), "")
        if folder.casefold().rstrip(". ") != DATA_DIR:
            return True
        return hmac.compare_digest(query[: len(self._token)].encode(), self._token.encode())

    def _page(self) -> bytes:
        version = self._news.version
        page = self._folder / "index.html"
        content = page.read_bytes() if page.is_file() else _WAITING
        # The script asks for further data with what it was asked for with itself.
        content = re.sub(rb'="(data/[^"?]*)\?', rb'="\1?' + self._token.encode(), content)
        # The page knows its own number, for a newer one may be there before the stream of events is.
        tag = f'<script defer src="{LIVE}" data-version="{version}"></script>\n</head>'
        return content.replace(b"</head>", tag.encode(), 1)

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _stream(self) -> None:
        listener = self._news.listen()
        try:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            while self.command != "HEAD" and not self._stop.is_set():
                self.wfile.write(self._news.events())
                self.wfile.flush()
                self._wait(listener)
        except OSError:
            pass  # the browser went away
        finally:
            self._news.forget(listener)

    def _wait(self, listener: queue.SimpleQueue[None]) -> None:
        try:
            listener.get(timeout=_HEARTBEAT_SECONDS)
        except queue.Empty:
            return
