"""Angle brackets: which are HTML and which are text, such as ``vector<int>``; and what of the HTML is not safe."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from deckgen.markdown.formulas import code_fences
from deckgen.markdown.inline import code_spans, comment_spans

ALLOWED = frozenset(
    """a abbr b blockquote br caption center code col colgroup dd del details dfn div dl dt em figcaption figure font
    h1 h2 h3 h4 h5 h6 hr i img input ins kbd label li mark ol p pre q rp rt ruby s samp section small span strike strong
    sub summary sup table tbody td tfoot th thead tr tt u ul var""".split()
)
REMOVED_WITH_CONTENT = frozenset(("embed", "iframe", "noscript", "object", "script", "style", "svg", "template"))
DROPPED = frozenset(
    """acronym address applet area article aside audio base basefont bdi bdo big body button canvas cite data datalist
    dialog dir fieldset footer form frame frameset head header hgroup html legend link main map marquee menu menuitem
    meta meter nav nobr noframes optgroup option output param picture portal progress search select source textarea time
    title track video wbr""".split()
)
"""HTML whose tags go and whose content stays, as on GitHub."""
_VOID = frozenset("area base basefont br col embed frame hr img input link meta param source track wbr".split())
_EMPTY_ALONE = frozenset("area base embed frame img input link meta param source track".split())
"""They say nothing without attributes: ``--model <input>`` is a placeholder."""
_OPTIONAL_END = frozenset(
    "body caption colgroup dd dt head html li optgroup option p rp rt tbody td tfoot th thead tr".split()
)
_PHRASES = frozenset(
    """a abbr b code del dfn em font i ins kbd label mark q s samp small span strike strong sub sup tt u var""".split()
)
_MAX_UNCLOSED_PHRASES = 16
_MAX_TAG = 2000
_CANDIDATE = re.compile(
    r"""<(?:(?P<comment>!--)
    | (?P<other>[?!](?!--))
    | (?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*)(?=[\s/>.,:;&|*_@(){}\[\]"'=$#%+!?\\^`~<-]|$|[^\x00-\x7f]))""",
    re.VERBOSE,
)
_COMPLETE = re.compile(
    r"""</?[A-Za-z][A-Za-z0-9-]*(?P<attributes>(?:\s+[A-Za-z_:][\w.:-]*(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*)\s*/?>"""
)
_AUTOLINK = re.compile(r"<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*|[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+)>")
_TARGET = re.compile(r"(?:\]\([ \t]*|^ {0,3}\[[^\]\n]+\]:[ \t]*)$")


def literal_brackets(text: str) -> tuple[int, ...]:
    """Offsets of the ``<`` in ``text`` that open no HTML and are to be shown; some Markdown would escape anyway."""
    if "<" not in text:
        return ()
    candidates = list(_CANDIDATE.finditer(text))
    partners = _partners(candidates)
    unclosed: Counter[str] = Counter()
    last_comment_end = text.rfind("-->")
    return tuple(
        found.start()
        for found in candidates
        if not _is_target(text, found.start()) and _is_text(text, found, partners, unclosed, last_comment_end)
    )


def _partners(candidates: list[re.Match[str]]) -> dict[str, tuple[int, int]]:
    """Name → where its first opening and its last closing tag stand; -1 for none."""
    partners: dict[str, tuple[int, int]] = {}
    for found in candidates:
        if found["name"]:
            name = found["name"].lower()
            first, last = partners.get(name, (-1, -1))
            if found["close"]:
                partners[name] = first, found.start()
            elif first < 0:
                partners[name] = found.start(), last
    return partners


def _is_text(
    text: str,
    found: re.Match[str],
    partners: dict[str, tuple[int, int]],
    unclosed: Counter[str],
    last_comment_end: int,
) -> bool:
    start = found.start()
    if found["comment"]:
        return last_comment_end < start
    if found["other"]:
        return True
    name = found["name"].lower()
    if name not in ALLOWED and name not in DROPPED and name not in REMOVED_WITH_CONTENT:
        return not _AUTOLINK.match(text, start)
    if (complete := _COMPLETE.match(text, start)) is None:
        # An unfinished tag is text to Markdown, unless it opens an HTML block.
        return name in REMOVED_WITH_CONTENT and not found["close"] and not _is_paired(found, partners)
    bare = not complete["attributes"]
    if name in _VOID:
        return bare and name in _EMPTY_ALONE
    if name in _OPTIONAL_END or _is_paired(found, partners):
        return False
    if name in REMOVED_WITH_CONTENT or (bare and (name in _PHRASES or name in DROPPED)):
        return True
    if name in _PHRASES:
        unclosed[name] += 1
        return unclosed.total() > _MAX_UNCLOSED_PHRASES
    return False


def _is_paired(found: re.Match[str], partners: dict[str, tuple[int, int]]) -> bool:
    first, last = partners[found["name"].lower()]
    return 0 <= first < found.start() if found["close"] else last > found.start()


def _is_target(text: str, start: int) -> bool:
    """``[text](<a path>)``: brackets around the target of a link."""
    far = max(0, start - 200)
    line = text[max(text.rfind("\n", far, start) + 1, far) : start]
    return line.endswith(("(", " ", "\t", ":")) and bool(_TARGET.search(line))


# --- what is taken out ------------------------------------------------------------------------------------------------

_HANDLER = re.compile(r"\son[a-z]+\s*=", re.IGNORECASE)
_SCRIPT_URL = re.compile(r"""=\s*+["']?[\s\x00-\x20]*+(?:javascript|vbscript|data:text)""", re.IGNORECASE)
_STYLE = re.compile(r"\sstyle\s*=", re.IGNORECASE)
_MARKDOWN_SCRIPT = re.compile(
    r"\]\(\s*+<?\s*+(?:javascript|vbscript|data):(?!image/(?:png|gif|jpeg|webp))", re.IGNORECASE
)


def find_unsafe_html(markdown: str) -> tuple[tuple[int, int, str], ...]:
    """What the card leaves out of the HTML in ``markdown``: line, column (from 1) and what it is, in order."""
    return _located(markdown, _unsafe(markdown))


def find_unknown_html(markdown: str) -> tuple[tuple[int, int, str], ...]:
    """Angle brackets outside code that are shown as text where GitHub swallows them: line, column, the tag."""
    return _located(markdown, _unknown(markdown))


def _unsafe(text: str) -> Iterator[tuple[int, str]]:
    code = _Code(text)
    literal = set(literal_brackets(text))
    for found in _CANDIDATE.finditer(text):
        if not found["name"] or found["close"] or found.start() in literal or code.covers(found.start()):
            continue
        name = found["name"].lower()
        end = text.find(">", found.end(), found.end() + _MAX_TAG)
        tag = text[found.start() : end + 1 if end >= 0 else found.end() + _MAX_TAG]
        if name in REMOVED_WITH_CONTENT or name in ("audio", "video", "form", "base", "link", "meta"):
            yield found.start(), f"<{name}>"
        for pattern, what in ((_HANDLER, "an event handler"), (_SCRIPT_URL, "a script address"), (_STYLE, "a style")):
            if name in ALLOWED and (inner := pattern.search(tag)):
                yield found.start() + inner.start() + 1, what
    for found in _MARKDOWN_SCRIPT.finditer(text):
        if not code.covers(found.start()):
            yield found.start() + 2, "a script address"


def _unknown(text: str) -> Iterator[tuple[int, str]]:
    code = _Code(text)
    for start in literal_brackets(text):
        if not code.covers(start) and (
            found := _COMPLETE.match(text, start) or re.compile(r"<[?!][^>\n]{0,200}>?").match(text, start)
        ):
            yield start, found[0]


class _Code:
    """Where code is: fences, and spans within a line or a paragraph."""

    def __init__(self, text: str) -> None:
        self.starts, self.ends = [], list[int]()
        fences = code_fences(text)
        spans = [*fences, *_code_spans(text, fences), *comment_spans(text)]
        for start, end in sorted(spans):
            if not self.ends or start >= self.ends[-1]:
                self.starts.append(start)
                self.ends.append(end)

    def covers(self, offset: int) -> bool:
        index = bisect_right(self.starts, offset) - 1
        return index >= 0 and offset < self.ends[index]


def _code_spans(text: str, fences: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int]]:
    bounds = [0, *(offset for fence in fences for offset in fence), len(text)]
    for start, end in zip(bounds[::2], bounds[1::2], strict=True):
        for paragraph in re.finditer(r"(?:[^\n]+\n?)+", text[start:end]):
            offset = start + paragraph.start()
            yield from ((offset + first, offset + last) for first, last in code_spans(paragraph[0]))


def _located(text: str, found: Iterator[tuple[int, str]]) -> tuple[tuple[int, int, str], ...]:
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    places = []
    for offset, what in sorted(found):
        line = bisect_right(starts, offset)
        places.append((line, offset - starts[line - 1] + 1, what))
    return tuple(places)
