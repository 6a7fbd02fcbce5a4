"""What settings leave open: which Markdown files are the chapters of a book, and which language it is in; pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from deckgen.diagnostics import DeckgenError, Diagnostic, diagnostic, name_some
from deckgen.model import Edition, Language, parse_edition, replace
from deckgen.project.config import Config, matches
from deckgen.text.titles import ask_score, han_value

SOURCES = "source/**/*.md"
"""A folder of chapters and nothing else."""
_SUFFIXES = (".md", ".markdown")
_ABOUT_A_PROJECT = re.compile(
    r"changelog|changes|history|contributing|contributors?|licen[cs]e|architecture|code[-_]of[-_]conduct|security|"
    r"support|authors|governance|roadmap|todo|release[-_]?notes?|copying|notice|pull_request_template|issue_template|"
    r"贡献指南|贡献者|更新日志|行为准则",
    re.IGNORECASE,
)
_NAVIGATION = re.compile(r"_.*|summary|toc|contents|nav|sidebar|navbar|coverpage|404|目录|导航", re.IGNORECASE)
_FRONT_PAGE = re.compile(r"readme|index|home", re.IGNORECASE)
_TRANSLATION = re.compile(
    r"(?P<base>.+?)[._-](?:(?:zh|en|ja|jp|ko|kr|de|fr|es|pt|ru|it|vi|tr|ar|fa|id|th|pl|uk|nl)"
    r"(?:[-_](?:[a-z]{2}|hans|hant))?|cn|tw|hk|br)",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\s*(?:`{3}|~{3})")
_HEADING = re.compile(
    r"\s{0,3}(?:#{1,6}\s|<h[1-6]|\*\*|\d{1,4}\s*[.、)）]|.*<summary|Q\d*\s*[:：]|问\s*[:：])", re.IGNORECASE
)
_LINK = re.compile(
    r"!?\[[^\[\]]*\]\((?P<to>[^()\s]*)[^()]*\)|<a\s(?:[^<>]*?href=[\"'](?P<at>[^<>\"']*))?[^<>]*>[^<>]*</a>|<img\s[^<>]*>",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"<[^<>]*>|[#>*+|_`~\s-]+|\d+[.)]")
_MOSTLY = 0.5
_LONGEST_LINK = 60
"""So many characters of a link count at most: an address says how long it is, not how much it matters."""
_ENOUGH_QUESTIONS = 5
_CODE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1", re.MULTILINE | re.DOTALL)
_HAN = re.compile("[\u4e00-\u9fff]")
_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7af]")
_WORD = re.compile("[A-Za-z]{2,}")
_TELLING_SHARE = 0.05
"""The share of kana among Chinese characters, or of these among words, that tells a language."""
_LONGEST_TEXT = 200_000
_EDITION = re.compile(r'^\{"edition": "([a-zA-Z-]+)"', re.MULTILINE)
"""An edition's line in deckgen.lock."""


class Chosen(Struct, frozen=True, kw_only=True):
    """The chapters to read, in order.

    ``found`` are those that nobody named, ``wanted`` those that the command line names, and ``left`` tells of pages
    that are plainly no chapters why.
    """

    paths: tuple[str, ...]
    found: frozenset[str]
    wanted: frozenset[str]
    left: Mapping[str, str]

    def no_chapters(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """What was found and is no chapter by its text, and why; nothing where nothing else would remain."""
        found = (path for path in texts if path in self.found)
        left = {path: why for path in found if (why := _why_no_chapter(path, texts[path]))}
        return left if texts.keys() - left.keys() else {}


def choose_chapters(
    files: Iterable[str],
    config: Config,
    asked: tuple[str, ...],
    *,
    settled: bool,
    ignored: frozenset[str] = frozenset(),
) -> Chosen:
    """First what the settings name or, without any, what may be chapters; then what the command line asks for.

    ``asked`` are files, and folders with a slash at their end. Where there are no settings (``settled``) and something
    was asked for, that alone is read. ``ignored`` are the files that git ignores. DeckgenError for a folder of nothing.
    """
    pages = sorted(path for path in files if path.lower().endswith(_SUFFIXES) or is_chapter(path, config))
    kept = {path for path in pages if is_chapter(path, config)}
    found: set[str] = set()
    left: dict[str, str] = {}
    if not config.chapters and (settled or not asked):
        found, left = _find(pages, config, ignored)
    wanted = {path for path in asked if not path.endswith("/")}
    for folder in (path for path in asked if path.endswith("/")):
        within = [page for page in pages if page.startswith(folder.removeprefix("/"))]
        if not (kept | found).intersection(within):
            more, aside = _find(within, config, ignored)
            found, left = found | more, left | aside
        if not (inside := (kept | found).intersection(within)):
            raise DeckgenError(f"there is no chapter in {folder}", hint="chapters are Markdown files with questions")
        wanted |= inside
    excluded = {path for path in kept | found if any(matches(item, path) for item in config.exclude)} - wanted
    paths = sorted((kept | found | wanted) - excluded, key=natural_key)
    return Chosen(paths=tuple(paths), found=frozenset(found - kept), wanted=frozenset(wanted), left=left)


def is_chapter(path: str, config: Config) -> bool:
    """Whether the settings name a file."""
    return any(matches(pattern, path) for pattern in (*config.chapters, *config.include))


def is_front_page(path: str) -> bool:
    """Whether a file is called as that of its folder: README, index."""
    return _FRONT_PAGE.fullmatch(PurePosixPath(path).stem.split(".")[0]) is not None


def left_out(left: Mapping[str, str]) -> Iterator[Diagnostic]:
    """One finding about all that was left out, by reason; none about nothing."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for path, reason in left.items():
        by_reason[reason].append(path)
    if left:
        told = "; ".join(f"{name_some(paths)} ({reason})" for reason, paths in by_reason.items())
        pages = "1 page is no chapter" if len(left) == 1 else f"{len(left)} pages are no chapters"
        yield diagnostic("left-out", f"{pages}: {told}", hint="deck.include in deckgen.toml takes pages in")


def _find(pages: Iterable[str], config: Config, ignored: frozenset[str]) -> tuple[set[str], dict[str, str]]:
    """Those of the pages that are chapters by where they lie and what they are called; the others with the reason."""
    pages = frozenset(pages)
    if own := {path for path in pages if matches(SOURCES, path)}:
        return own, {}
    others = (path for path in sorted(pages) if not is_chapter(path, config))
    left = {path: why for path in others if (why := _why_left_out(path, pages, ignored))}
    return set(pages - left.keys()), left


def _why_left_out(path: str, pages: frozenset[str], ignored: frozenset[str]) -> str:
    name = PurePosixPath(path)
    base = _TRANSLATION.fullmatch(name.stem)
    original = str(name.with_name(f"{base['base']}{name.suffix}")) if base else path
    if path in ignored:
        return "ignored by git"
    if _ABOUT_A_PROJECT.fullmatch(name.stem):
        return "about the project"
    if _NAVIGATION.fullmatch(name.stem):
        return "navigation"
    if original != path and original in pages:
        return f"a translation of {PurePosixPath(original).name}"
    return ""


def _why_no_chapter(path: str, text: str) -> str:
    """Why the text of a file shows that it is no chapter; empty where it may be one."""
    if matches(SOURCES, path):
        return ""
    if _share_of_links(text) >= _MOSTLY:
        return "a list of links"
    if not is_front_page(path):
        return ""
    lines = (line for line, is_code in _lines(text) if not is_code and _HEADING.match(line))
    asked = sum(ask_score(line) == 1.0 and not _LINK.search(line) for line in lines)
    return "" if asked >= _ENOUGH_QUESTIONS else "a front page"


def _share_of_links(text: str) -> float:
    """How much of the visible text is links to elsewhere; those within the page are its contents list."""
    linked = other = 0
    for line, is_code in _lines(text):
        if is_code:
            other += len(line)
            continue
        links = list(_LINK.finditer(line))
        if links and all((link["to"] or link["at"] or "").startswith("#") for link in links):
            continue
        inside = sum(min(len(link[0]), _LONGEST_LINK) for link in links if not link[0].startswith(("<img", "![")))
        linked += inside
        other += len(_MARKUP.sub("", _LINK.sub("", line)))
    return linked / (linked + other) if linked else 0.0


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """The lines that hold something, and whether each is code; fences are left out."""
    inside = False
    for line in text.split("\n"):
        if _FENCE.match(line):
            inside = not inside
        elif line.strip():
            yield line, inside


_HAN_NUMERAL = "[〇零一二两三四五六七八九十百]{1,5}"
_NUMERAL = re.compile(rf"([0-9]+)|(?<=第)({_HAN_NUMERAL})|({_HAN_NUMERAL})(?=[章节篇部讲课回、])")

_NaturalKey = tuple[tuple[tuple[int, int, str], ...], ...]


def natural_key(path: str) -> tuple[_NaturalKey, str]:
    """What to sort POSIX paths by: folder by folder, numbers by their value, ``第2章`` before ``第10章``."""
    return tuple(tuple(_pieces(part.casefold())) for part in path.split("/")), path


def _pieces(text: str) -> list[tuple[int, int, str]]:
    pieces: list[tuple[int, int, str]] = []
    position = 0
    for found in _NUMERAL.finditer(text):
        if between := text[position : found.start()]:
            pieces.append((1, 0, between))
        pieces.append((0, int(found[1]) if found[1] else han_value(found[2] or found[3]), ""))
        position = found.end()
    return [*pieces, (1, 0, text[position:])]


# --- in which language ------------------------------------------------------------------------------------------------


def with_languages(config: Config, lock_text: str | None, texts: Iterable[str]) -> Config:
    """The settings with the language and the editions that they leave open.

    They are those of the lock, so that no learner's edition ends, else told from the text.
    """
    if "editions" in config.settled:
        return config
    told = "language" in config.settled
    language = config.language if told else guess_language(texts)
    edition = Edition(languages=(language, Language("zh" if language == "en" else "en")))  # with room for a translation
    locked = [parse_edition(found[1]) for found in _EDITION.finditer(lock_text or "")]
    if locked and edition not in locked:
        edition = next((item for item in config.editions if item in locked), locked[0])
    language = config.language if told else edition.primary
    return replace(
        config,
        language=language,
        editions=(edition,),
        titles=_moved(config.titles, config.language, language),
        descriptions=_moved(config.descriptions, config.language, language),
    )


def guess_language(texts: Iterable[str]) -> Language:
    """``zh``, ``ja``, ``ko`` or ``en``: code is in English in every book, and counts for none; nothing at all is zh."""
    text = _CODE.sub("", "\n".join(texts)[:_LONGEST_TEXT])
    han, kana, hangul, words = (len(found.findall(text)) for found in (_HAN, _KANA, _HANGUL, _WORD))
    if hangul > han + kana and hangul > _TELLING_SHARE * words:
        return Language("ko")
    if kana > _TELLING_SHARE * han and kana > _TELLING_SHARE * words:
        return Language("ja")
    return Language("en") if words and han < _TELLING_SHARE * words else Language("zh")


def _moved(texts: Mapping[Language, str], old: Language, new: Language) -> Mapping[Language, str]:
    """Texts by language, one alone in the language that the book turned out to have."""
    return {new: texts[old]} if old != new and texts.keys() == {old} else texts
