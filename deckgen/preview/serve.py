"""The preview on a local address, made anew after every change of the project; a broken edit is shown, not fatal."""

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deckgen.diagnostics import DeckgenError
from deckgen.preview.server import LocalApp, LocalServer
from deckgen.preview.site import DATA_DIR, page_data

EVENTS = "/deckgen-events"
OWN_FILES = {"/deckgen-live.js": ("live.js", "text/javascript"), "/deckgen-preview.css": ("preview.css", "text/css")}
_PAGES = ("/", "/index.html")
_WAITING = b"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>deckgen preview</title>
<link rel="stylesheet" href="/deckgen-preview.css"></head><body></body></html>"""
"""Shown as long as there is no page, which is when the first one could not be made."""
_HEARTBEAT_SECONDS = 15.0


class _News(threading.Condition):
    """What browsers are told: the number of the page that is current, and why the next one could not be made."""

    version, problem, ended = 0, "", False

    def tell(self, *, problem: str = "", ended: bool = False) -> None:
        with self:
            self.problem, self.ended = problem, ended
            self.version += not (problem or ended)
            self.notify_all()

    def events(self) -> bytes:
        told = f"event: version\ndata: {self.version}\n\nevent: problem\ndata: {json.dumps(self.problem)}\n\n"
        return told.encode()


class PreviewServer(LocalServer):
    """Serves ``folder`` and keeps it current.

    ``make`` writes the preview and raises DeckgenError where it cannot. It runs whenever ``changes``, which is given
    the event that ends it, yields.
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
        super().__init__(partial(_Preview, self._news, folder), port=port)

    def run(self, report: Callable[[str], None] = lambda line: None) -> None:
        """Serves until ``stop`` is called; ``report`` is told of every new page and every failure."""
        serving = threading.Thread(target=super().run, daemon=True)
        serving.start()
        try:
            for _ in self._changes(self._stop):
                problem = self._remade()
                self._news.tell(problem=problem)
                report(problem or "preview is current")
        finally:
            self.stop()
            super().stop()
            serving.join()

    def stop(self) -> None:
        self._stop.set()
        self._news.tell(ended=True)

    def _remade(self) -> str:
        """Why the page could not be made, in the form that the command line uses; empty where it could."""
        try:
            self._make()
        except DeckgenError as error:
            where = f"{error.location.path}:{error.location.line}: " if error.location else ""
            return f"{where}error: {error}" + (f"\n  hint: {error.hint}" if error.hint else "")
        except Exception as error:  # whatever a half-saved file brings about, the next save mends it
            return f"deckgen failed: {type(error).__name__}: {error}"
        return ""


class _Preview(LocalApp, SimpleHTTPRequestHandler):
    """The folder's files, the page with the live script, and the stream of events."""

    def __init__(self, news: _News, folder: Path, token: str, *arguments: Any) -> None:
        self._news = news
        self._folder = folder
        super().__init__(token, *arguments, directory=str(folder))

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if re.search("[\0\ufffd]", unquote(path)):
            self.send_error(HTTPStatus.NOT_FOUND)
        elif not self.is_from_here() or not self._is_welcome(path, query):
            self.refuse(HTTPStatus.FORBIDDEN)
        elif path in _PAGES:
            self.send(self._page(), "text/html")
        elif path in OWN_FILES:
            name, kind = OWN_FILES[path]
            self.send(page_data(name), kind)
        elif path == EVENTS:
            self._stream()
        elif self.command == "HEAD":
            super().do_HEAD()
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _is_welcome(self, path: str, query: str) -> bool:
        """Whether the project may be read, since any page may run a script, be it from here.

        The data are scripts, so they ask for the token, which only this server's page knows.
        """
        opened = self.headers.get("Sec-Fetch-Mode") == "navigate" and path in _PAGES
        if not opened and self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return False
        # As file systems see it, some of which look at no case and no last dot: %64ata/ is the data folder too.
        folder = next(iter(Path(self.translate_path(path)).relative_to(self.directory).parts), "")
        return folder.casefold().rstrip(". ") != DATA_DIR or self.knows(query[: len(self.token)])

    def _page(self) -> bytes:
        version = self._news.version
        page = self._folder / "index.html"
        content = page.read_bytes() if page.is_file() else _WAITING
        # The script asks for further data with what it was asked for with itself.
        content = re.sub(rb'="(data/[^"?]*)\?', rb'="\1?' + self.token.encode(), content)
        # The page knows its own number, for a newer one may be there before the stream of events is.
        tag = f'<script defer src="/deckgen-live.js" data-version="{version}"></script>\n</head>'
        return content.replace(b"</head>", tag.encode(), 1)

    def _stream(self) -> None:
        news, told = self._news, b""

        def is_due() -> bool:
            return news.ended or news.events() != told

        with contextlib.suppress(OSError):  # the browser went away
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            while self.command != "HEAD" and not news.ended:
                told = news.events()
                self.wfile.write(told)
                self.wfile.flush()
                with news:
                    news.wait_for(is_due, _HEARTBEAT_SECONDS)
