"""TOML text → Config: every setting with its default; an unknown key or a wrong value is a located finding."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import EnumType
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, TypeVar

from deckgen.choices import Packages, Policy, Profile
from deckgen.diagnostics import RULES, Diagnostic, Severity, diagnostic
from deckgen.model import Dialect, Edition, Language, Location, parse_edition, parse_language
from deckgen.patterns import is_pattern, matches

_T = TypeVar("_T")

CHILDLESS = ("left-out", "cards")
HEADING_STYLES = ("auto", "html", "atx", "setext", "numbered", "qa")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChapterSettings:
    """How one chapter is read; None leaves the decision to the evidence in the file."""

    dialect: Dialect = Dialect.GFM
    headings: str = "auto"
    category_level: int | None = None
    question_level: int | None = None
    title: str | None = None
    answer_marks: tuple[str, ...] | None = None
    """The words that begin an answer where more is asked than the heading says; none where nothing is."""
    childless: str = "left-out"
    """What becomes of sections around the questions' that hold none: ``cards``, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSettings:
    """Where pictures are looked for by name, and how large one may stay."""

    roots: tuple[str, ...] = ("imgs",)
    budget_kb: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerSettings:
    """What a push into a running Anki leaves alone: tags that match one of the patterns."""

    keep_tags: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of a deck project; ``titles`` and ``descriptions`` by language, ``card`` as the file has it."""

    id: str | None = None
    slug: str | None = None
    titles: Mapping[Language, str] = field(default_factory=lambda: MappingProxyType({}))
    descriptions: Mapping[Language, str] = field(default_factory=lambda: MappingProxyType({}))
    language: Language = Language("zh")
    editions: tuple[Edition, ...] = (parse_edition("zh-en"),)
    settled: frozenset[str] = frozenset()
    """Which of ``language`` and ``editions`` the settings name; the others are told from the text or the lock."""
    profile: Profile = Profile.MOBILE
    packages: Packages | None = None
    """None leaves the choice to the number of categories."""
    chapters: tuple[str, ...] = ()
    """Patterns of the chapters; without any they are found."""
    include: tuple[str, ...] = ()
    """Patterns of what is a chapter besides those that are found."""
    exclude: tuple[str, ...] = ()
    dialect: Dialect = Dialect.GFM
    origin: str = ""
    licence: str = ""
    policy: Policy = Policy.REVIEWED
    images: ImageSettings = ImageSettings()
    learner: LearnerSettings = LearnerSettings()
    card: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    severities: Mapping[str, Severity] = field(default_factory=lambda: MappingProxyType({}))
    chapter_settings: Mapping[str, ChapterSettings] = field(default_factory=lambda: MappingProxyType({}))

    def settings_for(self, path: str) -> ChapterSettings:
        """The settings of the chapter at ``path``, relative to the project and POSIX: its own, else its pattern's."""
        names = (path, *(name for name in self.chapter_settings if is_pattern(name) and matches(name, path)))
        found = (self.chapter_settings[name] for name in names if name in self.chapter_settings)
        return next(found, ChapterSettings(dialect=self.dialect))


def parse_config(text: str, path: str) -> tuple[Config, tuple[Diagnostic, ...]]:
    """The settings in ``text``, with defaults for what is missing or wrong, and every problem found."""
    table, problems = parse_toml(text, path, rule="bad-setting")
    if problems:
        return Config(), problems
    reader = _Reader(text=text, path=path)
    reader.check_keys(table, ("deck", "images", "card", "lint", "chapters", "learner"), ())
    return _read(reader, table), tuple(reader.problems)


def parse_toml(text: str, path: str, *, rule: str) -> tuple[Mapping[str, Any], tuple[Diagnostic, ...]]:
    """The table that a text holds, an empty one with a finding under ``rule`` where it is no TOML."""
    try:
        return tomllib.loads(text), ()
    except RecursionError:
        return {}, (diagnostic(rule, "not valid TOML: nested too deeply", Location(path=path)),)
    except ValueError as error:  # TOMLDecodeError, and what Python has against numbers of thousands of digits
        found = re.search(r"line (\d+), column (\d+)", str(error))
        place = Location(path=path, line=int(found[1]), column=int(found[2])) if found else Location(path=path)
        return {}, (diagnostic(rule, f"not valid TOML: {error}", place),)


def locate_setting(text: str, path: str, where: tuple[str, ...]) -> Location:
    """The line of a key in the text of a deckgen.toml, such as ``("card", "accent")``."""
    return _Reader(text=text, path=path).locate(where)


def unknown_setting(where: tuple[str, ...], known: Iterable[str], place: Location) -> Diagnostic:
    """The finding about a key that is none of those ``known`` beside it."""
    known = tuple(known)
    close = difflib.get_close_matches(where[-1], known, 1)
    hint = f"did you mean “{close[0]}”?" if close else f"known here: {', '.join(known)}"
    return diagnostic("unknown-setting", f"unknown setting “{'.'.join(where)}”", place, hint=hint)


def _read(reader: _Reader, table: Mapping[str, Any]) -> Config:
    deck = reader.section(table, "deck", _DECK_KEYS)
    dialect = reader.get(deck, ("deck", "dialect"), Dialect, Dialect.GFM)
    language = reader.get(deck, ("deck", "language"), _language, Language("zh"))
    return Config(
        id=reader.get(deck, ("deck", "id"), _identifier, None),
        slug=reader.get(deck, ("deck", "slug"), _identifier, None),
        titles=reader.get(deck, ("deck", "title"), _by_language(language), MappingProxyType({})),
        descriptions=reader.get(deck, ("deck", "description"), _by_language(language), MappingProxyType({})),
        language=language,
        editions=reader.get(deck, ("deck", "editions"), _editions, (parse_edition("zh-en"),)),
        settled=frozenset({"language", "editions"} & deck.keys()),
        profile=reader.get(deck, ("deck", "profile"), Profile, Profile.MOBILE),
        packages=reader.get(deck, ("deck", "packages"), Packages, None),
        chapters=reader.get(deck, ("deck", "chapters"), _patterns, ()),
        include=reader.get(deck, ("deck", "include"), _patterns, ()),
        exclude=reader.get(deck, ("deck", "exclude"), _patterns, ()),
        dialect=dialect,
        origin=reader.get(deck, ("deck", "origin"), _text, ""),
        licence=reader.get(deck, ("deck", "licence"), _text, ""),
        policy=reader.get(deck, ("deck", "policy"), Policy, Policy.REVIEWED),
        images=_read_images(reader, reader.section(table, "images", ("roots", "budget_kb"))),
        learner=LearnerSettings(
            keep_tags=reader.get(
                reader.section(table, "learner", ("keep_tags",)),
                ("learner", "keep_tags"),
                _texts,
                LearnerSettings().keep_tags,
            )
        ),
        card=MappingProxyType(reader.section(table, "card", None)),
        severities=_read_severities(reader, reader.section(table, "lint", tuple(RULES))),
        chapter_settings=_read_chapters(reader, reader.section(table, "chapters", None), dialect),
    )


_DECK_KEYS = (
    "id",
    "slug",
    "title",
    "description",
    "language",
    "editions",
    "profile",
    "packages",
    "chapters",
    "include",
    "exclude",
    "dialect",
    "origin",
    "licence",
    "policy",
)


def _read_images(reader: _Reader, table: Mapping[str, Any]) -> ImageSettings:
    default = ImageSettings()
    return ImageSettings(
        roots=reader.get(table, ("images", "roots"), _folders, default.roots),
        budget_kb=reader.get(table, ("images", "budget_kb"), _positive, default.budget_kb),
    )


def _read_severities(reader: _Reader, table: Mapping[str, Any]) -> Mapping[str, Severity]:
    chosen = {
        name: reader.get(table, ("lint", name), Severity, RULES[name].severity) for name in table if name in RULES
    }
    return MappingProxyType(chosen)


def _read_chapters(reader: _Reader, table: Mapping[str, Any], dialect: Dialect) -> Mapping[str, ChapterSettings]:
    chapters = {}
    for path in table:
        where = ("chapters", path)
        entry = reader.section(table, path, tuple(item.name for item in fields(ChapterSettings)), where)
        chapters[path] = ChapterSettings(
            dialect=reader.get(entry, (*where, "dialect"), Dialect, dialect),
            headings=reader.get(entry, (*where, "headings"), _one_of(HEADING_STYLES), "auto"),
            category_level=reader.get(entry, (*where, "category_level"), _level, None),
            question_level=reader.get(entry, (*where, "question_level"), _level, None),
            title=reader.get(entry, (*where, "title"), _text, None),
            answer_marks=reader.get(entry, (*where, "answer_marks"), _texts, None),
            childless=reader.get(entry, (*where, "childless"), _one_of(CHILDLESS), "left-out"),
        )
    return MappingProxyType(chapters)


class _Reader:
    """Takes values out of a table one by one and remembers what was wrong with them."""

    def __init__(self, *, text: str, path: str) -> None:
        self.problems: list[Diagnostic] = []
        self._lines = text.splitlines()
        self._path = path

    def section(
        self, table: Mapping[str, Any], name: str, keys: tuple[str, ...] | None, where: tuple[str, ...] = ()
    ) -> Mapping[str, Any]:
        where = where or (name,)
        value = table.get(name, {})
        if not isinstance(value, Mapping):
            self.problems.append(diagnostic("bad-setting", f"“{name}” must be a table", self.locate(where)))
            return {}
        if keys is not None:
            self.check_keys(value, keys, where)
        return value

    def check_keys(self, table: Mapping[str, Any], keys: tuple[str, ...], where: tuple[str, ...]) -> None:
        for key in table:
            if key not in keys:
                self.problems.append(unknown_setting((*where, key), keys, self.locate((*where, key))))

    def get(self, table: Mapping[str, Any], where: tuple[str, ...], read: Callable[[Any], _T], default: _T) -> _T:
        if where[-1] not in table:
            return default
        try:
            return read(table[where[-1]])
        except (ValueError, TypeError) as error:
            choices = f" (allowed: {', '.join(map(str, read))})" if isinstance(read, EnumType) else ""
            self.problems.append(
                diagnostic("bad-setting", f"“{'.'.join(where)}”: {error}{choices}", self.locate(where))
            )
            return default

    def locate(self, where: tuple[str, ...]) -> Location:
        """The line of a key, found as a person would: the table's header, then the key below it."""
        wanted, table = ".".join(where), ".".join(where[:-1])
        line, header = 1, ""
        for number, text in enumerate(self._lines, 1):
            opening = re.match(r"\s*\[+\s*(.+?)\s*\]+", text)
            name = re.sub(r"[\"'\s]", "", opening[1] if opening else text.split("=")[0])
            header = name if opening else header
            full = name if opening or not header else f"{header}.{name}"
            if full == wanted or full.startswith(f"{wanted}."):
                return Location(path=self._path, line=number)
            line = number if opening and header == table else line
        return Location(path=self._path, line=line)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a string is needed")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("a list of strings is needed")
    return tuple(value)


def _folders(value: object) -> tuple[str, ...]:
    folders = _texts(value)
    for folder in folders:
        plain = folder.replace("\\", "/")
        if plain.startswith("/") or re.match("[A-Za-z]:", plain) or ".." in PurePosixPath(plain).parts:
            raise ValueError(f"“{folder}” leads out of the project")
    return folders


def _positive(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("a positive whole number is needed")
    return value


def _level(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 6:
        raise ValueError("a heading level from 1 to 6 is needed")
    return value


def _identifier(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise ValueError(f"“{text}” must be lower-case ASCII letters and digits, joined by single hyphens")
    return text


def _language(value: object) -> Language:
    return parse_language(_text(value))


def _by_language(language: Language) -> Callable[[object], Mapping[Language, str]]:
    """Texts by language; one alone is in ``language``."""

    def read(value: object) -> Mapping[Language, str]:
        if isinstance(value, str):
            return MappingProxyType({language: value})
        if not isinstance(value, Mapping):
            raise ValueError("a string or a table by language is needed")
        return MappingProxyType({_language(tag): _text(text) for tag, text in value.items()})

    return read


def _patterns(value: object) -> tuple[str, ...]:
    """Of files below the project."""
    patterns = _texts(value)
    for pattern in patterns:
        if pattern.startswith("!"):
            raise ValueError(f"“{pattern}”: what is no chapter belongs into deck.exclude, without the exclamation mark")
        if not pattern.strip("./") or re.match(r"[/~]|[A-Za-z]:|\\", pattern):
            raise ValueError(f"“{pattern}” is no pattern such as source/**/*.md, relative to the project")
        if ".." in pattern.split("/"):
            raise ValueError(f"“{pattern}” leads out of the project")
    return patterns


def _editions(value: object) -> tuple[Edition, ...]:
    editions = tuple(parse_edition(name) for name in _texts(value))
    if not editions:
        raise ValueError("at least one edition is needed")
    if len({edition.name for edition in editions}) < len(editions):
        raise ValueError("an edition is named twice")
    return editions


def _one_of(choices: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(f"“{value}” is not one of {', '.join(choices)}")
        return str(value)

    return read
