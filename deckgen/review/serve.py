"""The review page on a local address: what its reader says is written into the PO files at once, or refused."""

import json
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct, field

from deckgen.diagnostics import DeckgenError
from deckgen.localisation.checking import check_block
from deckgen.localisation.translations import TranslatedBlock, Translations, translated_blocks
from deckgen.localisation.verdicts import Action, Declined, Word, heard
from deckgen.model import Language, Markdown, replace
from deckgen.preview.server import LocalApp, LocalServer
from deckgen.project.files import own_path, read_optional, write_atomically
from deckgen.review.page import Showing, render_review, render_row, show
from deckgen.translation.catalog import CatalogEntry, format_catalog, mark, parse_catalog

_MAX_REQUEST_BYTES = 1 << 20
_CHANGED = "this block has changed since the page was made; reload the page"


Reply = tuple[HTTPStatus, Mapping[str, object]]
"""What the page is told; ``row`` is the block as it is now, ``problem`` why a word was not taken."""


class ReviewDesk(Struct, kw_only=True):
    """One language's translations and what its reader has said of them so far.

    ``read`` gives the translations as they are on disk, ``look`` a value that differs after every change of a file;
    ``by`` and ``today`` name the reader and the day.
    """

    language: Language
    read: Callable[[], Translations]
    look: Callable[[], object]
    by: str
    today: Callable[[], str]
    editor: str
    jobs: int = 1
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: object = None
    _showing: Showing | None = None

    def page(self, token: str) -> str:
        """The page as of now. DeckgenError where the project cannot be read."""
        with self._lock:
            return render_review(self._shown(), token=token)[0]

    def judge(self, said: Mapping[str, Any]) -> Reply:
        """Takes a reader's word on the block with the mark ``said["mark"]``, as the PO file on disk has it now."""
        with self._lock:
            showing, wanted = self._showing or self._shown(), said.get("mark")
            if (word := self._word(said)) is None:
                return HTTPStatus.BAD_REQUEST, {"problem": "no such action"}
            shown = translated_blocks(showing.found, self.language)
            block = next((block for block in shown if mark(block.entry, self.language) == wanted), None)
            if block is None:
                return HTTPStatus.CONFLICT, {"problem": _CHANGED}
            current = self.look() == self._seen
            reply = self._heard(showing, block, word)
            if current:
                self._seen = self.look()  # what was written here is shown already
            return reply

    def _shown(self) -> Showing:
        now = self.look()
        if self._showing is None or now != self._seen:
            self._showing = show(self.read(), self.language, editor=self.editor, jobs=self.jobs)
            self._seen = now
        return self._showing

    def _word(self, said: Mapping[str, Any]) -> Word | None:
        if said.get("action") not in list(Action):
            return None
        text, comment = (value if isinstance(value := said.get(name), str) else None for name in ("text", "comment"))
        return Word(
            action=Action(said["action"]),
            by=self.by,
            date=self.today(),
            text=None if text is None else Markdown(text),
            comment=comment,
            despite_warnings=said.get("despite") is True,
        )

    def _heard(self, showing: Showing, block: TranslatedBlock, word: Word) -> Reply:
        """First finds the entry in its file as it is now, then changes it there, then shows it anew."""
        locale, name = showing.found.project.locale, block.catalog.path
        path = own_path(locale.parent, name)
        catalog, problems = parse_catalog(read_optional(path, inside=locale) or "", path=name, language=self.language)
        if problems:
            return HTTPStatus.CONFLICT, {"problem": f"{problems[0].message}: {name}"}
        wanted = mark(block.entry, self.language)
        live = (one for one in catalog.entries if not one.obsolete)
        entry = next((one for one in live if mark(one, self.language) == wanted), None)
        if entry is None:
            return HTTPStatus.CONFLICT, {"problem": _CHANGED}
        after = heard(word, entry, block, showing.found)
        if isinstance(after, Declined):
            told = [f"{finding.message} [{finding.rule}]" for finding in after.findings]
            document = {"problem": after.reason, "findings": told, "despite": after.despite}
            return HTTPStatus.UNPROCESSABLE_ENTITY, document
        entries = tuple(after if one is entry else one for one in catalog.entries)
        text = format_catalog(replace(catalog, entries=entries))
        write_atomically(path, text.encode())
        return HTTPStatus.OK, self._renewed(showing, block, after, text)

    def _renewed(
        self, showing: Showing, block: TranslatedBlock, after: CatalogEntry, text: str
    ) -> Mapping[str, object]:
        """The row of a block that has changed, and the translations with its new file for what comes next."""
        catalog, _ = parse_catalog(text, path=block.catalog.path, language=self.language)
        written = next((one for one in catalog.entries if replace(one, line=0) == replace(after, line=0)), after)
        found = showing.found
        catalogs = {
            identity: replace(catalog, path=known.path) if known.path == block.catalog.path else known
            for identity, known in found.material.catalogs.items()
        }
        fresh = replace(block, entry=written, catalog=catalog)
        findings = dict(showing.findings)
        findings.pop(mark(block.entry, self.language), None)
        if written.translation:
            findings[mark(fresh.entry, self.language)] = check_block(found, fresh, written.translation)
        self._showing = replace(
            showing, found=replace(found, material=replace(found.material, catalogs=catalogs)), findings=findings
        )
        return {"row": render_row(fresh, self._showing), "state": written.state}


class ReviewServer(LocalServer):
    """Serves the page to whoever knows its token."""

    def __init__(self, desk: ReviewDesk, *, port: int = 0) -> None:
        super().__init__(partial(_Review, desk), port=port)

    @property
    def address(self) -> str:
        """What the reader opens; it holds the token."""
        return f"{self.origin}/?token={self.token}"


class _Review(LocalApp):
    """The page, and one address that takes words on blocks."""

    def __init__(self, desk: ReviewDesk, token: str, *arguments: Any) -> None:
        self._desk = desk
        super().__init__(token, *arguments)

    def do_GET(self) -> None:  # noqa: N802
        address = urlsplit(self.path)
        if not self._is_welcome(parse_qs(address.query).get("token", [""])[0]):
            self.refuse(HTTPStatus.FORBIDDEN)
        elif address.path != "/":
            self.refuse(HTTPStatus.NOT_FOUND)
        else:
            try:
                self.send(self._desk.page(self.token), "text/html")
            except DeckgenError as error:
                self.send(str(error), "text/plain", HTTPStatus.INTERNAL_SERVER_ERROR)

    def do_POST(self) -> None:  # noqa: N802
        # A page elsewhere can send a request here, but not in the name of this one.
        if not self._is_welcome(self.headers.get("X-Deckgen-Token", "")) or not self.headers.get("Origin"):
            self.refuse(HTTPStatus.FORBIDDEN)
            return
        length = self.headers.get("Content-Length", "")
        kind = self.headers.get_content_type()
        if not length.isdecimal() or int(length) > _MAX_REQUEST_BYTES or kind != "application/json":
            self.refuse(HTTPStatus.BAD_REQUEST)
            return
        try:
            said = json.loads(self.rfile.read(int(length)))
            json.dumps(said, ensure_ascii=False).encode()  # no halves of characters
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            self.refuse(HTTPStatus.BAD_REQUEST)
            return
        try:
            status, document = self._desk.judge(said)
        except DeckgenError as error:
            status, document = HTTPStatus.INTERNAL_SERVER_ERROR, {"problem": str(error)}
        self.send(json.dumps(document), "application/json", status)

    def _is_welcome(self, token: str) -> bool:
        port = self.headers.get("Host", "").partition(":")[2]
        return self.is_from_here() and port == str(self.connection.getsockname()[1]) and self.knows(token)
