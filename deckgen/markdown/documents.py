"""Every Markdown text of a run as its document: parsed once, by several processes where there is much."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from deckgen.markdown.definitions import used_definitions
from deckgen.markdown.document import Document, ImageSpan, is_plain, parse_document
from deckgen.memory.store import Decoder, Memory, encoded
from deckgen.memory.workers import MUCH_TEXT, WorkerDiedError, died_over, map_in_processes
from deckgen.model import Context, Html, Markdown, replace

TextInContext = tuple[Markdown, Context]

_CHUNK = 64
_LONG = 200
"""Characters; hardly a title has as many."""


class Shown(Struct, frozen=True, kw_only=True):
    """The part of a document that a page shows; the rest is not even decoded."""

    html: Html
    images: tuple[ImageSpan, ...] = ()


_CODEC = Decoder(Document)
_SHOWN = Decoder(Shown)


class Documents:
    """Texts and their contexts → their documents; whoever reads a text asks here.

    They are kept encoded, in a fraction of the room, and decoded as often as they are asked for.
    """

    def __init__(self, memory: Memory | None = None, *, jobs: int = 1) -> None:
        self.memory = memory or Memory()
        self.jobs = jobs
        self._known: dict[TextInContext, bytes] = {}

    def of(self, markdown: Markdown, context: Context) -> Document:
        if is_plain(markdown, context):
            return parse_document(markdown, context)
        return replace(_CODEC.decode(self._encoded(markdown, context)), markdown=markdown)

    def html_of(self, markdown: Markdown, context: Context) -> Html:
        """What a page shows of a text."""
        return self.shown(markdown, context).html

    def shown(self, markdown: Markdown, context: Context) -> Shown:
        """The same, and which images it shows."""
        if is_plain(markdown, context):
            return Shown(html=parse_document(markdown, context).html)
        return _SHOWN.decode(self._encoded(markdown, context))

    def read(self, texts: Iterable[TextInContext], report: Callable[[int, int], object] | None = None) -> None:
        """Parses those of the texts that nobody has read yet. DeckgenError where a process dies over one of them.

        ``report`` is called with how many are parsed, of how many.
        """
        new = list(dict.fromkeys(text for text in texts if not is_plain(*text) and text not in self._known))
        keys = [self._key(*text) for text in new]
        found = self.memory.recall(keys)
        missing = [(text, key) for text, key in zip(new, keys, strict=True) if key not in found]
        parsed = self._parse([text for text, _ in missing], report)
        made = dict(zip((key for _, key in missing), parsed, strict=True))
        self.memory.keep(made)
        found.update(made)
        self._known.update((text, found[key]) for text, key in zip(new, keys, strict=True))

    def known(self, texts: Iterable[TextInContext]) -> list[bytes]:
        """The documents of texts that are read, encoded, for another process to ``take``."""
        return [b"" if is_plain(*text) else self._known[text] for text in texts]

    def take(self, texts: Iterable[TextInContext], known: Iterable[bytes]) -> None:
        """Takes over what another process read."""
        self._known.update((text, data) for text, data in zip(texts, known, strict=True) if data)

    def forget_long(self) -> None:
        """Lets go of all but titles, when cards show them: whoever asks once more waits until a text is parsed."""
        self._known = {text: data for text, data in self._known.items() if len(text[0]) <= _LONG}

    def _encoded(self, markdown: Markdown, context: Context) -> bytes:
        text = (markdown, context)
        if text not in self._known:
            self.read([text])
        return self._known[text]

    def _parse(self, texts: list[TextInContext], report: Callable[[int, int], object] | None) -> list[bytes]:
        much = sum(len(markdown) for markdown, _ in texts) >= MUCH_TEXT
        try:
            parsed = []
            for data in map_in_processes(_encoded, texts, jobs=self.jobs if much else 1, chunk=_CHUNK):
                parsed.append(data)
                if report:
                    report(len(parsed), len(texts))
            return parsed
        except WorkerDiedError as error:
            first = texts[error.index][0].strip().split("\n")[0][:60]
            raise died_over(f"the text “{first}…”") from error

    def _key(self, markdown: Markdown, context: Context) -> bytes:
        definitions = used_definitions(markdown, context.definitions)
        return self.memory.key("document", context.dialect, str(context.html_headings), definitions, markdown)


def _encoded(text: TextInContext) -> bytes:
    """The document without its own text, which whoever decodes it knows."""
    return encoded(replace(parse_document(*text), markdown=Markdown("")))
