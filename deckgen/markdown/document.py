"""A Markdown text, parsed once: its safe HTML and all that others want to know of it."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from html import escape, unescape
from urllib.parse import unquote

from msgspec import Struct

from deckgen.markdown import gfm, python_markdown
from deckgen.markdown.blocks import BlockKind, Leaf, LeafBlock, leaf_blocks
from deckgen.markdown.definitions import used_definitions
from deckgen.markdown.depth import MAX_CHARACTERS, preformatted, too_deep
from deckgen.markdown.formulas import Formula
from deckgen.markdown.page import page_html, page_html_of_plain
from deckgen.markdown.protect import Protected, protect_text, remove_control_characters
from deckgen.markdown.sanitize import sanitize_html, sanitize_plain
from deckgen.markdown.tree import plain_text_of
from deckgen.model import Context, Dialect, Html, Markdown

Span = tuple[int, int]
"""Start and end offset, in characters of the text."""


class ImageSpan(Struct, frozen=True, kw_only=True):
    """An image that the HTML shows: its address, decoded once, and where it is written; 0 to 0 if nobody can tell."""

    target: str
    start: int
    end: int


class LiteralBold(Struct, frozen=True, kw_only=True):
    """``text[start:end]``, asterisks included, was meant bold and GitHub shows the asterisks.

    ``mended``: our cards show it bold.
    """

    start: int
    end: int
    mended: bool


class Document(Struct, frozen=True, kw_only=True):
    """What ``parse_document`` found out about a text. All offsets count characters of ``markdown`` from 0.

    ``html`` is safe to show, as a page shows it; its images are still as the source refers to them. What is nested
    deeper, or is longer, than a page can show is given as it was written, in a ``pre`` of class ``dg-deep``, and is
    ``too_deep``.
    """

    markdown: Markdown
    html: Html
    too_deep: bool = False
    leaves: tuple[Leaf, ...] = ()
    images: tuple[ImageSpan, ...] = ()
    formulas: tuple[Formula, ...] = ()
    code: tuple[Span, ...] = ()
    """Code spans, code blocks, fences included, and comments."""
    math_fences: tuple[Span, ...] = ()
    tags: tuple[Span, ...] = ()
    """Raw HTML: tags within a line, and whole HTML blocks."""
    brackets: tuple[int, ...] = ()
    """Each ``<`` that is no HTML and shown as text, though Markdown may take it for a tag."""
    literal_bold: tuple[LiteralBold, ...] = ()
    elements: tuple[tuple[str, int], ...] = ()
    """How often the parser made each kind of node out of Markdown."""

    @property
    def blocks(self) -> tuple[LeafBlock, ...]:
        """The headings, paragraphs, table cells and texts within raw HTML that are not empty, in their order.

        Code and the definitions of links are left out; so are footnotes that nothing refers to. In the Python-Markdown
        dialect the blocks are those that GitHub would see, and those within admonitions and tabs as well: what is
        inside a block may then be cut finer than Python-Markdown does, which changes nothing in the text put back.
        """
        return leaf_blocks(self.markdown, self.leaves)

    @property
    def plain_text(self) -> str:
        """What a reader sees without markup, in one line; formulas as LaTeX, images as their alternative text."""
        return " ".join(plain_text_of(self.html).split())


_PLAIN = re.compile(r"[^\W\d_](?:[^\W_]|[ ，。？！；：、（）《》“”‘’?](?! ))*")
"""A text that says the same in every dialect: letters, digits, Chinese marks."""


def is_plain(markdown: Markdown, context: Context) -> bool:
    """Whether a text has nothing that the dialect reads, so that its document is at hand without a parser."""
    return not markdown or (context.dialect is Dialect.GFM and _PLAIN.fullmatch(markdown) is not None)


def parse_document(markdown: Markdown, context: Context) -> Document:
    """The document of one text, such as a title or an answer; what the context defines moves no offset."""
    if not markdown:
        return Document(markdown=markdown, html=Html(""))
    if len(markdown) > MAX_CHARACTERS:
        return Document(markdown=markdown, html=page_html(preformatted(markdown)), too_deep=True)
    if is_plain(markdown, context):
        leaf = Leaf(BlockKind.PARAGRAPH, 0, len(markdown), 0)
        return Document(
            markdown=markdown, html=Html(f"<p>{markdown}</p>"), leaves=(leaf,), elements=(("Paragraph", 1),)
        )
    parsed = _parse(markdown, context)
    html = page_html_of_plain(parsed.safe) if parsed.plain else page_html(parsed.safe)
    nodes = parsed.nodes
    return Document(
        markdown=markdown,
        html=html,
        too_deep=parsed.too_deep,
        leaves=tuple(_leaves(nodes)),
        images=tuple(_images(html, markdown, nodes)) if "<img" in html else (),
        formulas=parsed.protected.formulas,
        code=tuple((node.start, node.end) for node in nodes if _is_code(markdown, node)),
        math_fences=tuple((node.start, node.end) for node in nodes if node.name == "CodeBlock" and _is_maths(node)),
        tags=tuple((node.start, node.end) for node in nodes if node.name in ("HtmlInline", "HtmlBlock")),
        brackets=parsed.protected.brackets,
        literal_bold=tuple(_literal_bold(markdown, parsed, context)) if "**" in markdown else (),
        elements=tuple(sorted((name, count) for name, count in parsed.counts.items() if name not in _NO_ELEMENTS)),
    )


def safe_html(markdown: Markdown, context: Context) -> Html:
    """The HTML of a text before it is made ready for a page: what GitHub or MkDocs would show, less what is unsafe.

    Formulas are ``<span data-math-style="inline|display">`` that hold the LaTeX.
    """
    return _parse(markdown, context).safe


class _Parsed(Struct, frozen=True, kw_only=True):
    safe: Html
    plain: bool
    """It is of text and Markdown alone, which ``page_html_of_plain`` takes."""
    too_deep: bool
    nodes: tuple[gfm.Node, ...]
    counts: Mapping[str, int]
    protected: Protected
    definitions: str
    """Those of the context that the text uses."""


def _parse(markdown: Markdown, context: Context) -> _Parsed:
    protected = protect_text(markdown)
    definitions = used_definitions(markdown, context.definitions)
    raw: str | None
    nodes: tuple[gfm.Node, ...] = ()
    counts: Mapping[str, int] = {}
    if context.dialect is Dialect.PYTHON_MARKDOWN:
        raw = _python_markdown(protected.text, definitions)
        nodes, counts = _github_nodes(protected.text, markdown, context.html_headings)
    elif tree := gfm.parse(
        protected.text, written=markdown, definitions=definitions, ignore_setext=context.html_headings
    ):
        raw, nodes, counts = tree.html, tree.nodes, tree.counts
    else:
        raw = None
    plain = _plain(raw, protected) if raw is not None and context.dialect is Dialect.GFM else None
    safe = plain or (_safe(raw, protected) if raw is not None else preformatted(markdown))
    return _Parsed(
        safe=safe,
        plain=plain is not None,
        too_deep=raw is None,
        nodes=nodes,
        counts=counts,
        protected=protected,
        definitions=definitions,
    )


_NO_ELEMENTS = frozenset(("Document", "Text", "SoftBreak", "HtmlInline", "HtmlBlock"))


_RAW_HTML = re.compile("<[A-Za-z/!?]")


def _plain(raw: str, protected: Protected) -> Html | None:
    """``_safe`` of a text without raw HTML, far quicker; None where that cannot be told."""
    if _RAW_HTML.search(protected.text) or (plain := sanitize_plain(remove_control_characters(raw))) is None:
        return None
    return protected.restore(plain)


def _safe(raw: str, protected: Protected) -> Html:
    safe = sanitize_html(remove_control_characters(raw))
    html = protected.restore(safe)
    return Html(sanitize_html(html)) if protected.hides_in_tags(safe) else html


def _python_markdown(text: str, definitions: str) -> str | None:
    """What Python-Markdown makes of ``text``; None where that is too deep for it or for a page."""
    if python_markdown.is_beyond(text):
        return None
    try:
        raw = python_markdown.render(text, definitions=definitions)
    except RecursionError:
        return None
    return None if too_deep(raw) else raw


def _github_nodes(text: str, written: str, html_headings: bool) -> tuple[tuple[gfm.Node, ...], Mapping[str, int]]:
    """The nodes that GitHub would see in a text of the other dialect, and the titles of admonitions as headings."""
    nodes: list[gfm.Node] = []
    counts: Counter[str] = Counter()
    for part in python_markdown.parts(text, written):
        nodes += (gfm.Node("Heading", start, end, 0) for start, end in part.titles)
        if tree := gfm.parse(part.text, written=part.text, ignore_setext=html_headings):
            nodes += (
                gfm.Node(node.name, part.offset(node.start), part.offset(node.end), node.quotes, node.value)
                for node in tree.nodes
            )
            counts.update(tree.counts)
    return tuple(nodes), counts


_KINDS = {
    "Paragraph": BlockKind.PARAGRAPH,
    "Heading": BlockKind.HEADING,
    "TableCell": BlockKind.CELL,
    "HtmlBlock": BlockKind.HTML,
}


def _leaves(nodes: Iterable[gfm.Node]) -> Iterator[Leaf]:
    for node in nodes:
        if kind := _KINDS.get(node.name):
            yield Leaf(kind, node.start, node.end, node.quotes)


def _is_code(markdown: str, node: gfm.Node) -> bool:
    return node.name in ("Code", "CodeBlock", "Math") or (
        node.name in ("HtmlInline", "HtmlBlock") and markdown.startswith("<!--", node.start)
    )


def _is_maths(node: gfm.Node) -> bool:
    return node.value.split()[:1] == ["math"]


# --- images -----------------------------------------------------------------------------------------------------------

_SHOWN_IMAGE = re.compile(r'<img(?: [a-z]+="[^"]*")*? src="([^"]*)"|<img\b')
_WRITTEN_IMAGE = re.compile(r"""<img\b[^>]*?\ssrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_BEFORE, _AFTER = " \t\n(<\"'=", " \t\n)>\"'"
_MAX_LENGTH = 2000
"""Of a reference that is looked for; a longer one is an image by itself."""


def _images(html: str, markdown: str, nodes: Iterable[gfm.Node]) -> Iterator[ImageSpan]:
    """Each image of the HTML at the place of the node that made it, else where its address stands by itself."""
    written: dict[str, list[Span]] = defaultdict(list)
    for node in nodes:
        if node.name == "Image":
            written[node.value].append((node.start, node.end))
        elif node.name in ("HtmlInline", "HtmlBlock") and "<img" in markdown[node.start : node.end].lower():
            for found in _WRITTEN_IMAGE.finditer(markdown, node.start, node.end):
                written[unescape(found[1] or found[2] or found[3] or "")].append(found.span())
    for spans in written.values():
        spans.reverse()
    for shown in _SHOWN_IMAGE.finditer(html):
        target = unescape(shown[1] or "")
        spans = written.get(target) or []
        place = spans.pop() if spans else (0, len(markdown))
        found_at = _find(markdown, target, *place)
        start, end = found_at or (place if place != (0, len(markdown)) else (0, 0))
        yield ImageSpan(target=target, start=start, end=end)


def _find(text: str, target: str, first: int, last: int) -> Span | None:
    """Where one of the spellings of an address stands in a part of the text, as a path would begin and end."""
    if not 0 < len(target) <= _MAX_LENGTH:
        return None
    plain = unquote(target)
    spellings = dict.fromkeys((plain, target, escape(plain), escape(target)))
    for spelling in sorted(spellings, key=len, reverse=True):
        start = text.find(spelling, first, last)
        while start >= 0:
            end = start + len(spelling)
            if text[start - 1 : start] in _BEFORE and text[end : end + 1] in _AFTER:
                return start, end
            start = text.find(spelling, start + 1, last)
    return None


# --- bold that is none ------------------------------------------------------------------------------------------------


def _literal_bold(text: str, parsed: _Parsed, context: Context) -> Iterator[LiteralBold]:
    """Bold beside full-width punctuation, which GitHub does not read, and pairs of asterisks that nobody does."""
    strong = [node for node in parsed.nodes if node.name == "Strong"]
    suspects = [node for node in strong if _has_no_effect(text, node)]
    if all(_is_alone(text, node, parsed.nodes) for node in suspects):
        yield from (LiteralBold(start=node.start, end=node.end, mended=True) for node in suspects)
    else:
        on_github = gfm.literal_bold_starts(
            parsed.protected.text,
            written=text,
            definitions=parsed.definitions,
            ignore_setext=context.html_headings,
        )
        for node in strong:
            if node.start in on_github and node.end - 2 in on_github:
                yield LiteralBold(start=node.start, end=node.end, mended=True)
    for runs in _runs_by_leaf(text, parsed.nodes):
        for opening, closing in zip(runs[::2], runs[1::2], strict=False):
            if text[opening[1] : closing[0]].strip():
                yield LiteralBold(start=opening[0], end=closing[1], mended=False)


def _is_alone(text: str, node: gfm.Node, nodes: Iterable[gfm.Node]) -> bool:
    """Whether no other asterisks in its block could pair with these."""
    around = (leaf for leaf in nodes if leaf.name in _KINDS and leaf.start <= node.start and node.end <= leaf.end)
    return all(text.count("*", leaf.start, leaf.end) == 4 for leaf in around)


def _has_no_effect(text: str, node: gfm.Node) -> bool:
    """CommonMark's rule: between punctuation and a letter, asterisks do not open or close towards the punctuation."""
    before, first = text[node.start - 1 : node.start], text[node.start + 2]
    last, after = text[node.end - 3], text[node.end : node.end + 1]
    return (_is_mark(first) and _is_letter(before)) or (_is_mark(last) and _is_letter(after))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _is_letter(character: str) -> bool:
    return bool(character) and not character.isspace() and not _is_mark(character)


def _runs_by_leaf(text: str, nodes: tuple[gfm.Node, ...]) -> Iterator[list[Span]]:
    """The runs of asterisks that are left in each leaf block, without operators such as ``2**10``."""
    runs: list[Span] = []
    for node in nodes:
        if node.name in _KINDS:
            yield runs
            runs = []
        elif node.name == gfm.STARS and not _multiplies(text, node.start, node.end):
            runs.append((node.start, node.end))
    yield runs


def _multiplies(text: str, start: int, end: int) -> bool:
    """``2**10`` and ``2 ** 10``: an operator, never meant bold."""
    before = text[max(0, start - 8) : start].rstrip(" ")[-1:]
    after = text[end : end + 8].lstrip(" ")[:1]
    spaced = (text[start - 1 : start] == " ") == (text[end : end + 1] == " ")
    return spaced and f"{before}{after}".isascii() and before.isalnum() and after.isalnum()
