"""The review page on a local address: what its reader says is written into the PO files at once, or refused."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deckgen.diagnostics import DeckgenError
from deckgen.localisation import Action, Declined, TranslatedBlock, Translations, Word, blocks, check_block, heard
from deckgen.model import Language, Markdown
from deckgen.project.files import own_path, read_optional, write_atomically
from deckgen.review.page import Showing, render_review, render_row, show
from deckgen.translation.catalog import CatalogEntry, format_catalog, mark, parse_catalog

_MAX_REQUEST_BYTES = 1 << 20
_CHANGED = "this block has changed since the page was made; reload the page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the page is told; ``row`` is the block as it is now."""

    status: HTTPStatus
    document: Mapping[str, object]


class ReviewDesk:
    """One language's translations and what its reader has said of them so far.

    ``read`` gives the translations as they are on disk, ``look`` a value that differs after every change of a file;
    ``by`` and ``today`` name the reader and the day.
    """

    def __init__(
        self,
        language: Language,
        *,
        read: Callable[[], Translations],
        look: Callable[[], object],
        by: str,
        today: Callable[[], str],
        editor: str,
        jobs: int = 1,
    ) -> None:
        self._language = language
        self._read = read
        self._look = look
        self._by = by
        self._today = today
        self._editor = editor
        self._jobs = jobs
        self._lock = threading.Lock()
        self._seen: object = None
        self._showing: Showing | None = None

    def page(self, token: str) -> str:
        """The page as of now. DeckgenError where the project cannot be read."""
        with self._lock:
            return render_review(self._shown(), token=token).html

    def judge(self, said: Mapping[str, Any]) -> Reply:
        """Takes a reader's word on the block with the mark ``said["mark"]``, as the PO file on disk has it now."""
        with self._lock:
            showing = self._showing or self._shown()
            one, word = said.get("mark"), self._word(said)
            block = next((block for block in blocks(showing.found, self._language) if self._mark(block) == one), None)
            if word is None:
                return Reply(status=HTTPStatus.BAD_REQUEST, document={"problem": "no such action"})
            if block is None:
                return Reply(status=HTTPStatus.CONFLICT, document={"problem": _CHANGED})
            current = self._look() == self._seen
            reply = self._heard(showing, block, word)
            if current:
                self._seen = self._look()  # what was written here is shown already
            return reply

    def _shown(self) -> Showing:
        now = self._look()
        if self._showing is None or now != self._seen:
            self._showing = show(self._read(), self._language, editor=self._editor, jobs=self._jobs)
            self._seen = now
        return self._showing

    def _mark(self, block: TranslatedBlock) -> str:
        return mark(block.entry, self._language)

    def _word(self, said: Mapping[str, Any]) -> Word | None:
        try:
            action = Action(str(said.get("action")))
        except ValueError:
            return None
        text, comment = (value if isinstance(value := said.get(name), str) else None for name in ("text", "comment"))
        despite = said.get("despite") is True
        written = None if text is None else Markdown(text)
        return Word(
            action=action, by=self._by, date=self._today(), text=written, comment=comment, despite_warnings=despite
        )

    def _heard(self, showing: Showing, block: TranslatedBlock, word: Word) -> Reply:
        """First finds the entry in its file as it is now, then changes it there, then shows it anew."""
        locale = showing.found.project.locale
        path = own_path(locale.parent, block.catalog.path)
        catalog, problems = parse_catalog(
            read_optional(path, inside=locale) or "", path=block.catalog.path, language=self._language
        )
        if problems:
            message = f"{problems[0].message}: {catalog.path}"
            return Reply(status=HTTPStatus.CONFLICT, document={"problem": message})
        wanted = self._mark(block)
        entry = next((one for one in catalog.entries if mark(one, self._language) == wanted and not one.obsolete), None)
        if entry is None:
            return Reply(status=HTTPStatus.CONFLICT, document={"problem": _CHANGED})
        after = heard(word, entry, block, showing.found)
        if isinstance(after, Declined):
            told = [f"{finding.message} [{finding.rule}]" for finding in after.findings]
            document = {"problem": after.reason, "findings": told, "despite": after.despite}
            return Reply(status=HTTPStatus.UNPROCESSABLE_ENTITY, document=document)
        text = format_catalog(
            replace(catalog, entries=tuple(after if one is entry else one for one in catalog.entries))
        )
        write_atomically(path, text.encode())
        return Reply(status=HTTPStatus.OK, document=self._renewed(showing, block, after, text))

    def _renewed(
        self, showing: Showing, block: TranslatedBlock, after: CatalogEntry, text: str
    ) -> Mapping[str, object]:
        """The row of a block that has changed, and the translations with its new file for what comes next."""
        catalog, _ = parse_catalog(text, path=block.catalog.path, language=self._language)
        written = next((one for one in catalog.entries if replace(one, line=0) == replace(after, line=0)), after)
        found = showing.found
        catalogs = {
            identity: replace(catalog, path=known.path) if known.path == block.catalog.path else known
            for identity, known in found.material.catalogs.items()
        }
        fresh = replace(block, entry=written, catalog=catalog)
        findings = dict(showing.findings)
        findings.pop(self._mark(block), None)
        if written.translation:
            findings[self._mark(fresh)] = check_block(found, fresh, written.translation)
        self._showing = replace(
            showing, found=replace(found, material=replace(found.material, catalogs=catalogs)), findings=findings
        )
        return {"row": render_row(fresh, self._showing), "state": written.state}


class ReviewServer:
    """Serves the page on 127.0.0.1 to whoever knows its token. Port 0 takes any free one."""

    def __init__(self, desk: ReviewDesk, *, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(24)
        try:
            self._http = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, desk, self.token))
        except OSError as error:
            hint = "choose another with --port"
            raise DeckgenError(f"port {port} cannot be used: {error.strerror}", hint=hint) from error
        self._http.daemon_threads = True

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def address(self) -> str:
        """What the reader opens; it holds the token."""
        return f"{self.origin}/?token={self.token}"

    def run(self) -> None:
        """Serves until `stop` is called."""
        try:
            self._http.serve_forever(poll_interval=0.1)
        finally:
            self._http.server_close()

    def stop(self) -> None:
        self._http.shutdown()


def serve_review(server: ReviewServer) -> None:
    """Runs the server until the person at the keyboard stops it."""
    try:
        server.run()
    except KeyboardInterrupt:
        return


class _Handler(BaseHTTPRequestHandler):
    """The page, and one address that takes words on blocks."""

    def __init__(self, desk: ReviewDesk, token: str, request: Any, client: Any, server: ThreadingHTTPServer) -> None:
        self._desk = desk
        self._token = token
        self._port = server.server_port
        super().__init__(request, client, server)

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        given = parse_qs(address.query).get("token", [""])[0]
        if not self._is_from_here() or not self._knows(given):
            self._refuse(HTTPStatus.FORBIDDEN)
        elif address.path != "/":
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            try:
                page = self._desk.page(self._token)
            except DeckgenError as error:
                self._send(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", str(error))
            else:
                self._send(HTTPStatus.OK, "text/html", page)

    def do_POST(self) -> None:
        if not self._is_from_here() or not self._knows(self.headers.get("X-Deckgen-Token", "")):
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        # A page elsewhere can send a request here, but not in the name of this one.
        if self.headers.get("Origin") != f"http://{self.headers.get('Host')}":
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        length = self.headers.get("Content-Length", "")
        kind = self.headers.get_content_type()
        if not length.isdigit() or int(length) > _MAX_REQUEST_BYTES or kind != "application/json":
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        try:
            said = json.loads(self.rfile.read(int(length)))
            said["text"] = said.get("text") and said["text"].encode().decode()  # no halves of characters
        except (ValueError, TypeError, AttributeError, RecursionError):
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        try:
            reply = self._desk.judge(said)
        except DeckgenError as error:
            reply = Reply(status=HTTPStatus.INTERNAL_SERVER_ERROR, document={"problem": str(error)})
        self._send(reply.status, "application/json", json.dumps(reply.document))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: an address holds the token."""

    def _is_from_here(self) -> bool:
        """Not a page elsewhere that makes its name point here."""
        host, _, port = self.headers.get("Host", "").partition(":")
        return host in ("127.0.0.1", "localhost") and port == str(self._port)

    def _knows(self, token: str) -> bool:
        return secrets.compare_digest(token.encode(), self._token.encode())

    def _refuse(self, status: HTTPStatus) -> None:
        self._send(status, "text/plain", status.phrase)

    def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(data)),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
