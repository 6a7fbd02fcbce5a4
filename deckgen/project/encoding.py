"""Bytes → a chapter's text: what is no text, in another encoding or damaged is found and named."""

import re
import shlex
from collections.abc import Callable, Iterator

from msgspec import Struct

from deckgen.diagnostics import Diagnostic, Severity, diagnostic
from deckgen.model import Location

_BINARY = (b"PK\x03\x04", b"\x89PNG", b"%PDF", b"\xd0\xcf\x11\xe0", b"\xff\xd8\xff")
_ENCODINGS = {"GB18030": "gb18030", "BIG5": "big5hkscs", "SHIFT_JIS": "cp932", "EUC-JP": "euc_jp"}
"""Names as iconv knows them → Python's."""
_EAST_ASIAN = re.compile("[\u2010-\u2027\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")
_EVERYDAY = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后么多，。、：？（）“”；"
    "這來國個說們為時會著過學對裡後麼與從數據與型機習用作方法能成分同行面理什如何のはをにがでとたるいしてもれさこ"
)
_FEW_BAD_LINES = 5
_BAD_SHARE = 0.01
_MAX_BAD_BYTES = 20
_MAX_EXCERPT_BYTES = 4096
_LOST = "\ufffd".encode()


class Source(Struct, frozen=True, kw_only=True):
    r"""A chapter's text with ``\n`` line ends and without a byte order mark."""

    path: str
    text: str

    def __reduce__(self) -> "tuple[Callable[[str, bytes], Source], tuple[str, bytes]]":
        """To another process as bytes: a text that is pickled as it is keeps a copy of itself as UTF-8, for good."""
        return _from_bytes, (self.path, self.text.encode("utf-8", "surrogatepass"))


def _from_bytes(path: str, data: bytes) -> Source:
    return Source(path=path, text=data.decode("utf-8", "surrogatepass"))


def decode_source(data: bytes, path: str) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """The text of a chapter; bytes that are no UTF-8 become U+FFFD and are named.

    A binary file gives None, and so does one that is in another encoding or full of such bytes.
    """
    if problem := _not_text(data):
        return None, (diagnostic("unreadable-file", problem[0], Location(path=path), hint=problem[1]),)
    findings: list[Diagnostic] = []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if strange := _other_encoding(data, error.start, path):
            return None, (strange,)
        text = data.decode("utf-8", errors="replace")
        findings += _bad_bytes(data, path)
    findings += _lost_characters(data, path)
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), tuple(findings)


def _not_text(data: bytes) -> tuple[str, str] | None:
    """What the file is instead of UTF-8 text, and what to do about it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "this file is UTF-16", "save it as UTF-8"
    if b"\0" in data[:8192] or data.startswith(_BINARY):
        return "this is not a text file", "take it out of the chapters"
    return None


def _other_encoding(data: bytes, first: int, path: str) -> Diagnostic | None:
    """The finding about a file that is not UTF-8 as a whole, rather than but for a few bytes from ``first`` on."""
    lines = data.splitlines()
    bad = sum(line.decode(errors="ignore").encode() != line for line in lines)
    name = _likely_encoding(data)
    if not name and (bad < _FEW_BAD_LINES or bad <= len(lines) * _BAD_SHARE):
        return None
    message = f"this file is not UTF-8 but seems to be {name}" if name else f"{bad} of {len(lines)} lines are not UTF-8"
    return diagnostic(
        "bad-encoding",
        f"{message}; the chapter is left out",
        byte_location(data, first, path),
        hint=f"open it as {name or 'what it is'} and save it as UTF-8"
        + (f", or: iconv -f {name} -t UTF-8 {shlex.quote(path)} > converted.md" if name else ""),
        severity=Severity.ERROR,
    )


def _likely_encoding(data: bytes) -> str:
    """The encoding in which the bytes are Chinese or Japanese; empty where they are UTF-8 with a few bad bytes."""
    shown = data.decode("utf-8", errors="replace")
    lost = shown.count("\ufffd")
    if lost <= (len(shown) - lost - sum(map(str.isascii, shown))) / 2:
        return ""
    scores = {name: _familiarity(data, codec) for name, codec in _ENCODINGS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0 else ""


def _familiarity(data: bytes, codec: str) -> float:
    """The share of everyday characters among those beyond ASCII; 0 where they cannot be a text of East Asia."""
    try:
        text = [character for character in data.decode(codec) if not character.isascii()]
    except UnicodeDecodeError:
        return 0.0
    ours = sum(_EAST_ASIAN.match(character) is not None for character in text)
    return sum(character in _EVERYDAY for character in text) / len(text) if ours >= 0.9 * len(text) > 0 else 0.0


def _bad_bytes(data: bytes, path: str) -> Iterator[Diagnostic]:
    """The first places that are not UTF-8, each; then how many more there are."""
    start = shown = 0
    while start < len(data) and shown < _MAX_BAD_BYTES:
        try:
            data[start:].decode("utf-8")
            return
        except UnicodeDecodeError as error:
            first = start + error.start
            yield diagnostic(
                "bad-encoding",
                f"byte 0x{data[first]:02x} at offset {first} is not UTF-8",
                byte_location(data, first, path),
                hint="save the file as UTF-8, and write the character again",
                excerpt=_byte_line(data, first),
            )
            start += error.end
            shown += 1
    more = data[start:].decode("utf-8", errors="replace").count("\ufffd") - data[start:].count(_LOST)
    if more:
        place, hint = byte_location(data, start, path), "mend the first ones, then run this again"
        yield diagnostic("bad-encoding", f"{more} more places are not UTF-8", place, hint=hint)


def _lost_characters(data: bytes, path: str) -> Iterator[Diagnostic]:
    """U+FFFD in the file itself: what an earlier conversion could not read."""
    if count := data.count(_LOST):
        first, many = data.index(_LOST), f"{count} characters were lost before (U+FFFD), here first"
        message = many if count > 1 else "a character was lost (U+FFFD)"
        place, excerpt = byte_location(data, first, path), _byte_line(data, first)
        yield diagnostic("bad-encoding", message, place, hint="write what was meant", excerpt=excerpt)


def _byte_line(data: bytes, offset: int) -> str:
    """The line that holds a byte, with U+FFFD for what is not UTF-8."""
    start = max(data.rfind(b"\n", 0, offset), data.rfind(b"\r", 0, offset)) + 1
    return data[start : start + _MAX_EXCERPT_BYTES].decode("utf-8-sig", errors="replace").splitlines()[0]


def byte_location(data: bytes, offset: int, path: str) -> Location:
    """Line and column, in characters, of a byte."""
    line_start = max(data.rfind(b"\n", 0, offset), data.rfind(b"\r", 0, offset)) + 1
    line = data.count(b"\n", 0, offset) + data.count(b"\r", 0, offset) - data.count(b"\r\n", 0, offset) + 1
    column = len(data[line_start:offset].decode("utf-8", errors="replace")) + 1
    return Location(path=path, line=line, column=column, end_line=line, end_column=column)
