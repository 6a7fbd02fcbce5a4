"""Angle brackets: which are HTML and which are text, such as ``vector<int>``; and what of the HTML is not safe."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

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
_DECLARATION = re.compile(r"<[?!][^>\n]{0,200}>?")
_STYLE = re.compile(r"\sstyle\s*=", re.IGNORECASE)
_MARKDOWN_SCRIPT = re.compile(
    r"\]\(\s*+<?\s*+(?:javascript|vbscript|data):(?!image/(?:png|gif|jpeg|webp))", re.IGNORECASE
)


def find_unsafe_html(text: str, code: Iterable[tuple[int, int]], literal: Iterable[int]) -> Iterator[tuple[int, str]]:
    """What the card leaves out of the HTML in ``text``: where it stands and what it is.

    ``code`` are the spans of what is shown as written, ``literal`` the offsets that ``literal_brackets`` found.
    """
    hidden, shown = _Spans(code), frozenset(literal)

    @cache
    def taken() -> list[tuple[list[int], str]]:
        """Each pattern looks through the text once: tags without an end would be looked through again and again."""
        patterns = ((_HANDLER, "an event handler"), (_SCRIPT_URL, "a script address"), (_STYLE, "a style"))
        return [([found.start() for found in pattern.finditer(text)], what) for pattern, what in patterns]

    for found in _CANDIDATE.finditer(text):
        if not found["name"] or found["close"] or found.start() in shown or hidden.cover(found.start()):
            continue
        name = found["name"].lower()
        end = text.find(">", found.end(), found.end() + _MAX_TAG)
        end = end if end >= 0 else found.end() + _MAX_TAG
        if name in REMOVED_WITH_CONTENT or name in ("audio", "video", "form", "base", "link", "meta"):
            yield found.start(), f"<{name}>"
        for starts, what in taken() if name in ALLOWED else ():
            first = bisect_right(starts, found.start())
            if first < len(starts) and starts[first] < end:
                yield starts[first] + 1, what
    for found in _MARKDOWN_SCRIPT.finditer(text):
        if not hidden.cover(found.start()):
            yield found.start() + 2, "a script address"


def find_unknown_html(text: str, code: Iterable[tuple[int, int]], literal: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Angle brackets outside code that are shown as text where GitHub swallows them: where they stand, the tag."""
    hidden = _Spans(code)
    for start in literal:
        if not hidden.cover(start) and (found := _COMPLETE.match(text, start) or _DECLARATION.match(text, start)):
            yield start, found[0]


class _Spans:
    """Parts of a text, for many questions about what is inside one."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._starts, self._ends = [], list[int]()
        for start, end in sorted(spans):
            if not self._ends or start >= self._ends[-1]:
                self._starts.append(start)
                self._ends.append(end)

    def cover(self, offset: int) -> bool:
        index = bisect_right(self._starts, offset) - 1
        return index >= 0 and offset < self._ends[index]
