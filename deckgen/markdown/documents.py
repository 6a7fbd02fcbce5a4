"""Every Markdown text of a run as its document: parsed once, by several processes where there is much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deckgen.diagnostics import DeckgenError
from deckgen.markdown.definitions import used_definitions
from deckgen.markdown.document import Document, is_plain, parse_document
from deckgen.memory import Codec, Memory
from deckgen.model import Context, Markdown
from deckgen.workers import MUCH_TEXT, WorkerDiedError, map_in_processes

Text = tuple[Markdown, Context]

_CHUNK = 64
_CODEC = Codec(Document)


class Documents:
    """Texts and their contexts → their documents; whoever reads a text asks here."""

    def __init__(self, memory: Memory | None = None, *, jobs: int = 1) -> None:
        self._memory = memory or Memory()
        self._jobs = jobs
        self._known: dict[Text, Document] = {}

    def of(self, markdown: Markdown, context: Context) -> Document:
        text = (markdown, context)
        if text not in self._known:
            self._known[text] = parse_document(markdown, context)
        return self._known[text]

    def read(self, texts: Iterable[Text]) -> None:
        """Parses those of the texts that nobody has read yet. DeckgenError where a process dies over one of them."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known and not is_plain(*text)))
        keys = [self._key(*text) for text in new]
        found = self._memory.recall(keys)
        missing = [(text, key) for text, key in zip(new, keys, strict=True) if key not in found]
        parsed = self._parse([text for text, _ in missing])
        made = dict(zip((key for _, key in missing), parsed, strict=True))
        self._memory.keep(made)
        found.update(made)
        for text, key in zip(new, keys, strict=True):
            self._known[text] = replace(_CODEC.decode(found[key]), markdown=text[0])

    def _parse(self, texts: list[Text]) -> list[bytes]:
        much = sum(len(markdown) for markdown, _ in texts) >= MUCH_TEXT
        try:
            return map_in_processes(_encoded, texts, jobs=self._jobs if much else 1, chunk=_CHUNK)
        except WorkerDiedError as error:
            first = texts[error.index][0].strip().split("\n")[0][:60]
            raise DeckgenError(
                f"the process that read the text “{first}…” was ended",
                hint="build again with --jobs 1; if that ends as well, take the text apart",
            ) from error

    def _key(self, markdown: Markdown, context: Context) -> bytes:
        definitions = used_definitions(markdown, context.definitions)
        return self._memory.key("document", context.dialect, str(context.html_headings), definitions, markdown)


def _encoded(text: Text) -> bytes:
    """The document without its own text, which whoever decodes it knows."""
    return _CODEC.encode(replace(parse_document(*text), markdown=Markdown("")))
