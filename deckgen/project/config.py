"""TOML text → Config: every setting with its default; an unknown key or a wrong value is a located finding."""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import msgspec

from deckgen.diagnostics import RULES, Diagnostic, Severity, diagnostic
from deckgen.model import Dialect, Edition, Language, Location, parse_edition, parse_language, replace
from deckgen.project import Packages, Policy, Profile
from deckgen.project.layout import CONFIG_NAME

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
_MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


class ChapterSettings(msgspec.Struct, frozen=True, kw_only=True):
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


class ImageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where images are looked for by name, and how large one may stay."""

    roots: tuple[str, ...] = ("imgs",)
    budget_kb: int = 500


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of a deck project; ``titles`` and ``descriptions`` by language, ``card`` as the file has it."""

    id: str | None = None
    slug: str | None = None
    titles: Mapping[Language, str] = msgspec.field(default_factory=dict)
    descriptions: Mapping[Language, str] = msgspec.field(default_factory=dict)
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
    keep_tags: tuple[str, ...] = ("*",)
    """Patterns of tags that a push into a running Anki leaves alone."""
    card: Mapping[str, object] = msgspec.field(default_factory=dict)
    severities: Mapping[str, Severity] = msgspec.field(default_factory=dict)
    chapter_settings: Mapping[str, ChapterSettings] = msgspec.field(default_factory=dict)

    def settings_for(self, path: str) -> ChapterSettings:
        """The settings of the chapter at ``path``, relative to the project and POSIX: its own, else its pattern's."""
        names = (path, *(name for name in self.chapter_settings if is_pattern(name) and matches(name, path)))
        found = (self.chapter_settings[name] for name in names if name in self.chapter_settings)
        return next(found, ChapterSettings(dialect=self.dialect))


def parse_config(text: str | None) -> tuple[Config, tuple[Diagnostic, ...]]:
    """The settings in ``text``, with defaults for what is missing or wrong, and every problem found."""
    if text is None:
        return Config(), ()
    table, problems = parse_toml(text, CONFIG_NAME, rule="bad-setting")
    if problems:
        return Config(), problems
    reader = _Reader(text)
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


def locate_setting(text: str, *where: str) -> Location:
    """The line of a key in the text of a deckgen.toml, such as ``"card", "accent"``."""
    return _Reader(text).locate(where)


def read_table(
    table: Mapping[str, Any], name: str, settings: "Mapping[str, Setting]", *, text: str
) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """What the table ``name`` of a deckgen.toml with this text gives of ``settings``, and every problem with it."""
    reader = _Reader(text)
    return reader.values({name: table}, (name,), settings), tuple(reader.problems)


def _read(reader: "_Reader", table: Mapping[str, Any]) -> Config:
    given = table.get("deck")
    deck = reader.values(table, ("deck",), SETTINGS["deck"])
    language = deck.get("language", Config().language)
    titles, descriptions = (_in_languages(deck.pop(name, {}), language) for name in ("title", "description"))
    chapters = reader.table(table, ("chapters",))
    own = {"dialect": deck["dialect"]} if "dialect" in deck else {}
    return Config(
        **deck,
        titles=titles,
        descriptions=descriptions,
        settled=frozenset({"language", "editions"} & given.keys() if isinstance(given, Mapping) else ()),
        images=ImageSettings(**reader.values(table, ("images",), SETTINGS["images"])),
        **reader.values(table, ("learner",), SETTINGS["learner"]),
        card=reader.table(table, ("card",)),
        severities=reader.values(table, ("lint",), SETTINGS["lint"]),
        chapter_settings={
            path: ChapterSettings(**own | reader.values(chapters, ("chapters", path), SETTINGS["chapters"]))
            for path in chapters
        },
    )


def _in_languages(given: str | Mapping[Language, str], language: Language) -> Mapping[Language, str]:
    """Texts by language; one alone is in ``language``."""
    return {language: given} if isinstance(given, str) else given


class _Reader:
    """Takes values out of a table one by one and remembers what was wrong with them."""

    def __init__(self, text: str) -> None:
        self.problems: list[Diagnostic] = []
        self._lines = text.splitlines()

    def table(self, table: Mapping[str, Any], where: tuple[str, ...]) -> Mapping[str, Any]:
        """The table at the end of ``where``, which lies in ``table``; empty where it is none."""
        value = table.get(where[-1], {})
        if isinstance(value, Mapping):
            return value
        self.problems.append(diagnostic("bad-setting", f"“{where[-1]}” must be a table", self.locate(where)))
        return {}

    def check_keys(self, table: Mapping[str, Any], keys: Collection[str], where: tuple[str, ...]) -> None:
        for key in table:
            if key not in keys:
                close = difflib.get_close_matches(key, keys, 1)
                hint = f"did you mean “{close[0]}”?" if close else f"known here: {', '.join(keys)}"
                message = f"unknown setting “{'.'.join((*where, key))}”"
                self.problems.append(diagnostic("unknown-setting", message, self.locate((*where, key)), hint=hint))

    def values(
        self, table: Mapping[str, Any], where: tuple[str, ...], settings: "Mapping[str, Setting]"
    ) -> dict[str, Any]:
        """What the table at the end of ``where`` gives of these settings; what is wrong is left to its default."""
        given, found = self.table(table, where), {}
        self.check_keys(given, settings, where)
        for name, read in settings.items():
            try:
                if name in given:
                    found[name] = read(given[name])
            except ValueError as error:
                message = f"“{'.'.join((*where, name))}”: {error}"
                self.problems.append(diagnostic("bad-setting", message, self.locate((*where, name))))
        return found

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
                return Location(path=CONFIG_NAME, line=number)
            line = number if opening and header == table else line
        return Location(path=CONFIG_NAME, line=line)


class Setting(msgspec.Struct, frozen=True):
    """How a setting is read: its type, what is needed where a value is of another, and what else it has to pass."""

    type: Any
    needed: str
    passes: Callable[[Any], Any] = lambda value: value

    def __call__(self, value: object) -> Any:
        """ValueError, with the reason as its text, for a value that is not allowed."""
        try:
            return self.passes(msgspec.convert(value, self.type))
        except msgspec.ValidationError:
            raise ValueError(self.needed.format(value)) from None


def one_of(choices: Any) -> Setting:
    """One value of an enumeration, or one of these texts."""
    names = tuple(map(str, choices))
    return Setting(
        Literal[names], f"“{{}}” is not one of {', '.join(names)}", choices if isinstance(choices, type) else str
    )


def _folders(folders: tuple[str, ...]) -> tuple[str, ...]:
    for folder in folders:
        plain = folder.replace("\\", "/")
        if plain.startswith("/") or re.match("[A-Za-z]:", plain) or ".." in PurePosixPath(plain).parts:
            raise ValueError(f"“{folder}” leads out of the project")
    return folders


def _by_language(given: str | Mapping[str, str]) -> str | Mapping[Language, str]:
    return given if isinstance(given, str) else {parse_language(tag): text for tag, text in given.items()}


def _patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Of files below the project."""
    for pattern in patterns:
        if pattern.startswith("!"):
            raise ValueError(f"“{pattern}”: what is no chapter belongs into deck.exclude, without the exclamation mark")
        if not pattern.strip("./") or re.match(r"[/~]|[A-Za-z]:|\\", pattern):
            raise ValueError(f"“{pattern}” is no pattern such as source/**/*.md, relative to the project")
        if ".." in pattern.split("/"):
            raise ValueError(f"“{pattern}” leads out of the project")
    return patterns


def _editions(names: tuple[str, ...]) -> tuple[Edition, ...]:
    editions = tuple(map(parse_edition, names))
    if len({edition.name for edition in editions}) < len(editions):
        raise ValueError("an edition is named twice")
    return editions


TEXT = Setting(str, "a string is needed")
_TEXTS = Setting(tuple[str, ...], "a list of strings is needed")
_PATTERNS = replace(_TEXTS, passes=_patterns)
_LEVEL = Setting(Annotated[int, msgspec.Meta(ge=1, le=6)], "a heading level from 1 to 6 is needed")
_IDENTIFIER = Setting(
    Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\Z")],
    "“{}” must be lower-case ASCII letters and digits, joined by single hyphens",
)
_IN_LANGUAGES = Setting(str | dict[str, str], "a string or a table by language is needed", _by_language)
_EDITIONS = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, extra_json_schema={"uniqueItems": True})]

SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    "deck": {
        "id": _IDENTIFIER,
        "slug": _IDENTIFIER,
        "title": _IN_LANGUAGES,
        "description": _IN_LANGUAGES,
        "language": replace(TEXT, passes=parse_language),
        "editions": Setting(_EDITIONS, "a list of one edition or more is needed", _editions),
        "profile": one_of(Profile),
        "packages": one_of(Packages),
        "chapters": _PATTERNS,
        "include": _PATTERNS,
        "exclude": _PATTERNS,
        "dialect": one_of(Dialect),
        "origin": TEXT,
        "licence": TEXT,
        "policy": one_of(Policy),
    },
    "images": {
        "roots": replace(_TEXTS, passes=_folders),
        "budget_kb": Setting(Annotated[int, msgspec.Meta(ge=1)], "a positive whole number is needed"),
    },
    "learner": {"keep_tags": _TEXTS},
    "chapters": {
        "dialect": one_of(Dialect),
        "headings": one_of(
            ("auto", "html", "atx", "setext", "numbered", "qa", "folds", "tables", "cards", "items", "exercises")
        ),
        "category_level": _LEVEL,
        "question_level": _LEVEL,
        "title": TEXT,
        "answer_marks": _TEXTS,
        "childless": one_of(("left-out", "cards")),
    },
    "lint": dict.fromkeys(RULES, one_of(Severity)),
}
"""By table how each setting is read; those of ``chapters`` are a chapter's own."""


# --- patterns of files ------------------------------------------------------------------------------------------------


def is_pattern(text: str) -> bool:
    """Whether it is more than the path of one file."""
    return any(character in text for character in "*?[")


def matches(pattern: str, path: str) -> bool:
    """Whether a POSIX path fits: ``*`` stands for anything within a folder, ``**`` for folders too."""
    return _compiled(pattern.removeprefix("./")).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (found[0] for found in _PARTS.finditer(pattern))
    return re.compile("".join(map(_translated, parts)), re.IGNORECASE if os.name == "nt" else re.NOFLAG)


def _translated(part: str) -> str:
    if len(part) > 1 and part.startswith("["):
        inner = part[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return _MEANING.get(part, re.escape(part))
