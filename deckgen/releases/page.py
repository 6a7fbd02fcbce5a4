"""The download page: one HTML file in Chinese and English that asks for nothing but the files beside it."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from deckgen.card import PercentTemplate, day_and_night, read_ui
from deckgen.model import Key, Language, parse_edition
from deckgen.releases.changelog import WORDS_IN, category_title, describe_diff, note_title, read_words
from deckgen.releases.diff import ReleaseDiff
from deckgen.releases.formats import html_changelog
from deckgen.releases.records import Record
from deckgen.releases.release_manifest import FileSum, ReleasedPackage
from deckgen.text.packaged import packaged_text
from deckgen.text.sizes import human_size


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What the page tells; ``titles`` and ``descriptions`` by language, ``sums`` by file name."""

    record: Record
    diff: ReleaseDiff
    titles: Mapping[Language, str]
    descriptions: Mapping[Language, str]
    packages: tuple[ReleasedPackage, ...]
    sums: Mapping[str, FileSum]
    images: tuple[str, ...]
    """File names, as are ``licences``."""
    licences: tuple[str, ...]
    origin: str = ""
    licence: str = ""
    accent: str = "#0b6e6e"
    """The cards' colour, ``#rrggbb``."""


_NIGHT = ' class="night"'
_NUMBER = ' class="number"'


def format_page(facts: PageFacts) -> str:
    """The page's HTML, the same for the same facts."""
    record = facts.record
    day = datetime.fromtimestamp(record.time, tz=UTC).date().isoformat()
    several = len({package.profile for package in facts.packages}) > 1
    return PercentTemplate(_data("page.html")).substitute(
        title=html.escape(_title(facts, Language("zh"))),
        version=html.escape(record.version),
        style=_style(facts.accent),
        script=_data("page.js"),
        heading=_both(lambda language: f"{html.escape(_title(facts, language))} <small>{record.version}</small>"),
        lead=_both(lambda language: html.escape(facts.descriptions.get(language, ""))),
        facts=_both(lambda language: _count(len(record.notes), language) + f" · {day}"),
        images=_images(facts.images),
        profiles_zh=read_words(Language("zh"))["profile-choice"] if several else "",
        profiles_en=read_words(Language("en"))["profile-choice"] if several else "",
        editions="\n".join(_editions(facts)),
        changes=_both(lambda language: html_changelog(describe_diff(facts.diff, language)), tag="div"),
        contents=_both(lambda language: "".join(_contents(facts, language)), tag="div"),
        example=html.escape(facts.packages[0].file),
        sums=_sums(facts),
        origin=_both(lambda language: _origin(facts, language)),
    )


def _data(name: str) -> str:
    return packaged_text(f"templates/release/{name}")


def _style(accent: str) -> str:
    day, night = day_and_night(accent) or (accent, accent)
    return PercentTemplate(_data("page.css")).substitute(accent_day=day, accent_night=night)


def _sums(facts: PageFacts) -> str:
    rows = (f"<dt>{html.escape(item.file)}</dt><dd>{facts.sums[item.file].sha256}</dd>" for item in facts.packages)
    return f'<details><summary>SHA-256</summary><dl class="sums">{"".join(rows)}</dl></details>'


def _both(say: Callable[[Language], str], tag: str = "span") -> str:
    """What is said in each language of the page, each for its readers alone."""
    return "".join(f'<{tag} lang="{language}">{said}</{tag}>' for language in WORDS_IN if (said := say(language)))


def _word(name: str) -> str:
    return _both(lambda language: read_words(language)[name])


def _title(facts: PageFacts, language: Language) -> str:
    return facts.titles.get(language) or next(iter(facts.titles.values()))


def _count(count: int, language: Language) -> str:
    return read_ui(language).cards_count.format(count=count)


def _images(names: Iterable[str]) -> str:
    images = "".join(
        f'<img src="{html.escape(name)}"{_NIGHT if "night" in name else ""} alt="卡片示例 Card image {number}">'
        for number, name in enumerate(names, 1)
    )
    return f'<div class="images" tabindex="0">{images}</div>' if images else ""


def _editions(facts: PageFacts) -> Iterator[str]:
    for edition in facts.record.editions:
        packages = [package for package in facts.packages if package.edition == edition.name]
        if not packages:
            continue
        languages = " + ".join(read_ui(tag).language_name for tag in parse_edition(edition.name).languages)
        yield f"<h3>{html.escape(languages)} <small>{html.escape(edition.name)}</small></h3>"
        yield from (_main_package(facts, package) for package in packages if not (package.category or package.chapter))
        order = {category.key: index for index, category in enumerate(facts.record.categories)}
        parts = sorted((item for item in packages if _first(item)), key=lambda item: order[_first(item)])
        rows = "".join(_row(facts, package) for package in parts)
        head = "".join(
            f"<th{kind}>{_word(word)}</th>"
            for word, kind in (("column-category", ""), ("column-cards", _NUMBER), ("column-size", _NUMBER))
        )
        if rows:
            table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            yield f'<div class="scroll" tabindex="0">{table}</div>'


def _main_package(facts: PageFacts, package: ReleasedPackage) -> str:
    sums = facts.sums[package.file]

    def say(language: Language) -> str:
        name = _with_profile(read_words(language)["all-cards"], package, language)
        return f"{name} <small>{_count(package.notes, language)} · {human_size(sums.bytes)}</small>"

    kind = " second" if package.profile != facts.packages[0].profile else ""
    return f'<a class="main-package{kind}" href="{html.escape(package.file)}" download>{_both(say)}</a>'


def _with_profile(name: str, package: ReleasedPackage, language: Language) -> str:
    profile = read_words(language)[f"profile-{package.profile}"]
    return f"{name} · {profile}" if profile else name


def _first(package: ReleasedPackage) -> Key:
    """The first of a part's categories; empty for the package of all."""
    return Key(package.category or "".join(package.categories[:1]))


def _row(facts: PageFacts, package: ReleasedPackage) -> str:
    sums = facts.sums[package.file]

    def say(language: Language) -> str:
        title = package.chapter or category_title(facts.diff, _first(package), language)
        return html.escape(_with_profile(title, package, language))

    link = f'<a href="{html.escape(package.file)}" download>{_both(say)}</a>'
    return (
        f'<tr><td>{link}</td><td class="number">{package.notes}</td>'
        f'<td class="number">{human_size(sums.bytes)}</td></tr>'
    )


def _contents(facts: PageFacts, language: Language) -> Iterator[str]:
    for category in facts.record.categories:
        notes = [note for note in facts.record.notes if note.category == category.key]
        items = "".join(f"<li><code>{note.key}</code> {html.escape(note_title(note, language))}</li>" for note in notes)
        title = html.escape(category_title(facts.diff, category.key, language))
        summary = f"<summary>{title} <small>{_count(len(notes), language)}</small></summary>"
        yield f"<details>{summary}<ul>{items}</ul></details>"


def _origin(facts: PageFacts, language: Language) -> str:
    words = read_ui(language)
    parts = []
    if facts.origin:
        safe = html.escape(facts.origin)
        linked = f'<a href="{safe}">{safe}</a>' if facts.origin.startswith("https://") else safe
        parts.append(f"{words.origin} {linked}")
    if facts.licence:
        parts.append(f"{words.licence} {html.escape(facts.licence)}")
    parts += [f'<a href="{html.escape(name)}">{html.escape(name)}</a>' for name in facts.licences]
    return " · ".join(parts)
