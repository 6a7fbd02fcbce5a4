"""PO catalogs: text ↔ frozen values, byte for byte when nothing changed; the only module that imports polib."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

import polib
from msgspec import Struct

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.model import Language, Location, Markdown, TextState, replace
from deckgen.project.layout import SOURCE_DIR


class Machine(Struct, frozen=True, kw_only=True):
    """Where a translation comes from that a machine made; ``digest`` is that of the text as the machine left it."""

    engine: str
    date: str
    digest: str


class Verdict(Struct, frozen=True, kw_only=True):
    """What a reader said of a translation, and when; ``digest`` is that of the text that was before them."""

    accepted: bool
    by: str
    date: str
    digest: str


class Proposal(Struct, frozen=True, kw_only=True):
    """A machine's text for a source that has changed, kept beside the translation that was reviewed for the old one."""

    engine: str
    date: str
    text: Markdown


class CatalogEntry(Struct, frozen=True, kw_only=True):
    """One block and its translation. ``context`` is a key and a side, as in ``k3x7abc|answer``.

    ``previous`` is the source that the translation was made for, where that has changed since; ``comment`` is the
    translators', ``hint`` is ours. ``draft`` marks one that nobody has reviewed, though no machine made it.
    """

    context: str
    source: Markdown
    translation: Markdown = Markdown("")
    fuzzy: bool = False
    previous: Markdown | None = None
    machine: Machine | None = None
    draft: bool = False
    verdict: Verdict | None = None
    proposal: Proposal | None = None
    comment: str = ""
    hint: str = ""
    flags: tuple[str, ...] = ()
    obsolete: bool = False
    line: int = 0

    @property
    def state(self) -> TextState:
        """Reviewed, stale, a draft or missing."""
        if not self.translation:
            return TextState.MISSING
        if not self.fuzzy:
            return TextState.REVIEWED
        return TextState.STALE if self.previous is not None and not self.unreviewed else TextState.DRAFT

    @property
    def unreviewed(self) -> bool:
        """Fuzzy for another reason than a changed source."""
        return self.fuzzy and (self.machine is not None or self.draft or self.previous is None)

    @property
    def edited(self) -> bool:
        """A person has changed what a machine wrote."""
        return self.machine is not None and self.machine.digest != digest(self.translation)

    def was_rejected(self, translation: str) -> bool:
        """A reader has refused this text for this block."""
        return self.verdict is not None and not self.verdict.accepted and self.verdict.digest == digest(translation)


class Catalog(Struct, frozen=True, kw_only=True):
    """The translations of one chapter into one language; ``path`` and ``CatalogEntry.line`` say where they stand."""

    language: Language
    path: str
    entries: tuple[CatalogEntry, ...] = ()
    header: tuple[tuple[str, str], ...] = ()
    comment: str = ""


def catalog_name(chapter: str) -> str:
    """The path of a chapter's catalog within its language's folder: ``source/a/模型.md`` → ``a/模型.po``."""
    inner = chapter.removeprefix(f"{SOURCE_DIR}/")
    stem, dot, suffix = inner.rpartition(".")
    return f"{stem if dot and '/' not in suffix else inner}.po"


def digest(translation: str) -> str:
    """What tells whether a person has touched a machine's text: eight hexadecimal digits."""
    return hashlib.sha256(translation.encode()).hexdigest()[:8]


def mark(entry: CatalogEntry, language: Language) -> str:
    """What stands for a block as a reader saw it: another source or translation gives another; eight digits."""
    return digest("\0".join((language, entry.context, entry.source, entry.translation)))


def accepted(entry: CatalogEntry, *, by: str = "", date: str = "") -> CatalogEntry:
    """The entry as reviewed by a person, who is named where a date is given."""
    verdict = Verdict(accepted=True, by=by, date=date, digest=digest(entry.translation)) if date else entry.verdict
    return replace(entry, fuzzy=False, previous=None, machine=None, draft=False, proposal=None, verdict=verdict)


def rejected(entry: CatalogEntry, *, by: str, date: str) -> CatalogEntry:
    """The entry without its translation, which is remembered as one that will not do."""
    verdict = Verdict(accepted=False, by=by, date=date, digest=digest(entry.translation))
    return replace(accepted(entry), translation=Markdown(""), verdict=verdict, obsolete=False)


def parse_catalog(text: str, *, path: str, language: Language) -> tuple[Catalog, tuple[Diagnostic, ...]]:
    """The entries of a PO file, and what is wrong with it. After a syntax error there are none."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    empty = Catalog(language=language, path=path)
    if broken := tuple(_broken_lines(text, path)):
        return empty, broken
    text = _OCTAL.sub(_character, text)
    try:
        parsed = polib.pofile(_Lines(f"{text}\n"), wrapwidth=0) if text.strip() else polib.POFile(wrapwidth=0)
    except (OSError, ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        found = re.search(r"\(line (\d+)\)(?:: (.*))?", str(error), re.DOTALL)
        where = Location(path=path, line=int(found[1]) if found else 1)
        reason = found[2] if found and found[2] else "not a PO file"
        return empty, (diagnostic("bad-catalog", f"cannot be read: {reason}", where, hint=_MEND),)
    entries: dict[tuple[str, str, bool], CatalogEntry] = {}
    findings: list[Diagnostic] = []
    for raw in parsed:
        where = Location(path=path, line=raw.linenum or 1)
        if not raw.msgid or raw.msgid_plural or raw.msgstr_plural or "|" not in (raw.msgctxt or ""):
            message = "this entry is not one that deckgen wrote: "
            message += "it has plural forms" if raw.msgstr_plural else "it has no key and side as its context (msgctxt)"
            hint = "restore its lines from the file's last commit, or take it out"
            findings.append(diagnostic("bad-catalog", message, where, hint=hint, excerpt=raw.msgid))
            continue
        entry = _entry(raw)
        identity = (entry.context, entry.source, entry.obsolete)
        if identity in entries and not entry.obsolete:
            message = f"this entry is also in line {entries[identity].line}; the first one counts"
            findings.append(diagnostic("bad-catalog", message, where, hint="keep one of them", excerpt=entry.source))
        entries.setdefault(identity, entry)
    header = tuple(parsed.ordered_metadata())
    findings += _wrong_charset(text, dict(header).get("Content-Type", ""), path)
    catalog = replace(empty, entries=tuple(entries.values()), header=header, comment=parsed.header.strip("\n"))
    return catalog, tuple(findings)


def format_catalog(catalog: Catalog, *, project: str = "") -> str:
    """The PO file; ``project`` stands in the header of a new one. Like gettext, polib puts obsolete entries last."""
    file = polib.POFile(wrapwidth=0)
    file.header = catalog.comment
    file.metadata = dict(catalog.header or _header(catalog.language, project))
    file.extend(
        polib.POEntry(
            msgctxt=entry.context,
            msgid=entry.source,
            msgstr=entry.translation,
            flags=[*(("fuzzy",) if entry.fuzzy else ()), *entry.flags],
            previous_msgid=entry.previous,
            tcomment="\n".join(_comment_lines(entry)),
            comment="" if entry.obsolete else entry.hint,
            obsolete=entry.obsolete,
        )
        for entry in catalog.entries
    )
    return str(file)


class _Lines(str):
    """A text that polib splits into lines at line feeds alone, not within a string at U+2028 and its like."""

    __slots__ = ()

    def splitlines(self, keepends: bool = False) -> list[str]:
        return self.split("\n")


_MEND = "mend the line by hand, or take back the last change of the file"
_MACHINE = re.compile(r"mt: (\S+) (\S+) h=(\w+)")
_VERDICT = re.compile(r"(reviewed|rejected):(?: by (.+) on)? (\d{4}-\d\d-\d\d) h=(\w+)")
_PROPOSAL = re.compile(r'proposed: (\S+) (\S+) (".*")')
_DRAFT = "draft: not reviewed"
_LINE = re.compile(
    r'\s*|#(?!~).*|(?:#~\|? *)?(?:(?:msgctxt|msgid(?:_plural)?|msgstr(?:\[\d+\])?)\s+)?"(?:[^"\\]|\\.)*"\s*|#~.*'
)
_OCTAL = re.compile(r"^#(?![~|]).*|(?P<bytes>(?:\\[0-7]{1,3})+)|\\.", re.MULTILINE)
"""Bytes as ``msgcat --escape`` writes them; comments and other escapes are found to be left alone."""
_NO_UTF8 = re.compile("[\udc80-\udcff]")
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?: |$)")


def _broken_lines(text: str, path: str) -> Iterator[Diagnostic]:
    """What a merge left behind, and strings without an end, which polib would silently take for empty."""
    for number, line in enumerate(text.split("\n"), 1):
        hint = _MEND
        if _CONFLICT.match(line):
            message, hint = "a merge left a conflict marker here", "settle the conflict"
        elif not _LINE.fullmatch(line):
            message = (
                "this is no line of a PO file: a string needs a quotation mark at both ends, and \\ before one in it"
            )
        elif _NO_UTF8.search(_OCTAL.sub(_character, line)):
            message = "bytes in octal that are not UTF-8"
        else:
            continue
        yield diagnostic("bad-catalog", message, Location(path=path, line=number), hint=hint, excerpt=line)


def _character(found: re.Match[str]) -> str:
    """What bytes in octal stand for, ready to stand in a string; all else as it is. Of what is not UTF-8 its bytes."""
    if not found["bytes"]:
        return found[0]
    unpacked = bytes(int(digits, 8) & 0xFF for digits in found["bytes"].split("\\")[1:])
    return str(polib.escape(unpacked.decode(errors="surrogateescape")))


def _wrong_charset(text: str, content_type: str, path: str) -> Iterator[Diagnostic]:
    """A header that names another encoding than the file's: a PO editor would read it in that one."""
    found = re.search(r'charset=([^\s";\\]+)', content_type, re.IGNORECASE)
    if found and found[1].upper() not in ("UTF-8", "UTF8", "CHARSET", "ASCII", "US-ASCII"):
        message = f"the header says that the file is in {found[1]}; it is in UTF-8"
        at = max(0, text.find(found[0]))
        where = Location(path=path, line=text.count("\n", 0, at) + 1)
        yield diagnostic(
            "bad-catalog", message, where, hint="write charset=UTF-8", excerpt=text.split("\n")[where.line - 1]
        )


def _entry(raw: polib.POEntry) -> CatalogEntry:
    said: list[str] = []
    machine = verdict = proposal = None
    draft = False
    for line in raw.tcomment.split("\n"):
        text = line.strip()
        if found := _MACHINE.fullmatch(text):
            machine = Machine(engine=found[1], date=found[2], digest=found[3])
        elif found := _VERDICT.fullmatch(text):
            verdict = Verdict(accepted=found[1] == "reviewed", by=found[2] or "", date=found[3], digest=found[4])
        elif (found := _PROPOSAL.fullmatch(text)) and (offered := _unquoted(found[3])):
            proposal = Proposal(engine=found[1], date=found[2], text=offered)
        elif text == _DRAFT:
            draft = True
        else:
            said.append(line)
    return CatalogEntry(
        context=raw.msgctxt or "",
        source=Markdown(raw.msgid),
        translation=Markdown(raw.msgstr),
        fuzzy="fuzzy" in raw.flags,
        previous=None if raw.previous_msgid is None else Markdown(raw.previous_msgid),
        machine=machine,
        draft=draft,
        verdict=verdict,
        proposal=proposal,
        comment="\n".join(said),
        hint=raw.comment,
        flags=tuple(flag for flag in raw.flags if flag != "fuzzy"),
        obsolete=bool(raw.obsolete),
        line=raw.linenum or 0,
    )


def _unquoted(text: str) -> Markdown | None:
    try:
        return Markdown(str(json.loads(text)))
    except ValueError:
        return None


def _comment_lines(entry: CatalogEntry) -> Iterator[str]:
    """What translators said, then what we remember; PO tools keep comments, and lose flags that they do not know."""
    if entry.comment:
        yield entry.comment
    if entry.machine:
        yield f"mt: {entry.machine.engine} {entry.machine.date} h={entry.machine.digest}"
    if entry.draft:
        yield _DRAFT
    if verdict := entry.verdict:
        who = f" by {verdict.by} on" if verdict.by else ""
        yield f"{'reviewed' if verdict.accepted else 'rejected'}:{who} {verdict.date} h={verdict.digest}"
    if offered := entry.proposal:
        yield f"proposed: {offered.engine} {offered.date} {json.dumps(offered.text, ensure_ascii=False)}"


def _header(language: Language, project: str) -> Mapping[str, str]:
    """No dates, so that the same texts give the same bytes."""
    unsaid = ("Report-Msgid-Bugs-To", "PO-Revision-Date", "Last-Translator", "Language-Team")
    return {
        "Project-Id-Version": project or "deckgen",
        **dict.fromkeys(unsaid, ""),
        "Language": language.replace("-", "_"),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "X-Generator": "deckgen",
    }
