"""What learners read of a release: its notes, and the download page, which asks for nothing but the files beside it."""

import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from deckgen.card import PercentTemplate, day_and_night, read_ui
from deckgen.decks import card_settings, linked
from deckgen.model import Key, Language, parse_edition
from deckgen.project.config import Config
from deckgen.releases.changelog import (
    WORDS_IN,
    category_title,
    describe_diff,
    html_changelog,
    markdown_changelog,
    note_title,
    read_words,
)
from deckgen.releases.diff import ReleaseDiff
from deckgen.releases.plan import Release
from deckgen.releases.records import FileSum, ReleasedPackage
from deckgen.text.packaged import packaged_text
from deckgen.text.sizes import human_size

NOTES_NAMES = {Language("zh"): "RELEASE-NOTES.zh-CN.md", Language("en"): "RELEASE-NOTES.en.md"}
_NIGHT = ' class="night"'
_NUMBER = ' class="number"'

PackageSums = Mapping[ReleasedPackage, FileSum]
"""The packages of a release, each with its size and its sum."""


def format_notes(release: Release, packages: PackageSums, language: Language) -> str:
    """The notes in Chinese or English, as Markdown: what changed, how to update, which files there are."""
    words = read_words(language)
    rows = "".join(f"\n| `{item.file}` | {item.notes} | {human_size(sums.bytes)} |" for item, sums in packages.items())
    parts = (
        f"# {release.title(language)} {release.version}",
        markdown_changelog(describe_diff(release.diff, language)),
        words["how-to-update"],
        words["files"] + rows,
        f"{words['check']}: `sha256sum --check --ignore-missing SHA256SUMS`",
    )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def format_page(release: Release, packages: PackageSums, *, images: Iterable[str], licences: Iterable[str]) -> str:
    """The page's HTML, the same for the same release; ``images`` and ``licences`` are files beside it."""
    record, diff, config = release.record, release.diff, release.project.config
    date = datetime.fromtimestamp(record.time, tz=UTC).date().isoformat()
    accent = card_settings(release.project)[0].accent
    day, night = day_and_night(accent) or (accent, accent)
    choice = "profile-choice" if len({package.profile for package in packages}) > 1 else ""
    return PercentTemplate(_data("page.html")).substitute(
        title=html.escape(release.title(Language("zh"))),
        version=html.escape(record.version),
        style=PercentTemplate(_data("page.css")).substitute(accent_day=day, accent_night=night),
        script=_data("page.js"),
        heading=_both(lambda language: f"{html.escape(release.title(language))} <small>{record.version}</small>"),
        lead=_both(lambda language: html.escape(config.descriptions.get(language, ""))),
        facts=_both(lambda language: _count(len(record.notes), language) + f" · {date}"),
        images=_images(images),
        profiles_zh=choice and read_words(Language("zh"))[choice],
        profiles_en=choice and read_words(Language("en"))[choice],
        editions="\n".join(_editions(release, packages)),
        changes=_both(lambda language: html_changelog(describe_diff(diff, language)), tag="div"),
        contents=_both(lambda language: "".join(_contents(release, language)), tag="div"),
        example=html.escape(next(iter(packages)).file),
        sums=_sums(packages),
        origin=_both(lambda language: _origin(config, licences, language)),
    )


def _data(name: str) -> str:
    return packaged_text(f"templates/release/{name}")


def _sums(packages: PackageSums) -> str:
    rows = (f"<dt>{html.escape(item.file)}</dt><dd>{sums.sha256}</dd>" for item, sums in packages.items())
    return f'<details><summary>SHA-256</summary><dl class="sums">{"".join(rows)}</dl></details>'


def _both(say: Callable[[Language], str], tag: str = "span") -> str:
    """What is said in each language of the page, each for its readers alone."""
    return "".join(f'<{tag} lang="{language}">{said}</{tag}>' for language in WORDS_IN if (said := say(language)))


def _in_words(name: str) -> str:
    return _both(lambda language: read_words(language)[name])


def _count(count: int, language: Language) -> str:
    return read_ui(language)["cards_count"].format(count=count)


def _images(names: Iterable[str]) -> str:
    images = "".join(
        f'<img src="{html.escape(name)}"{_NIGHT if "night" in name else ""} alt="卡片示例 Card image {number}">'
        for number, name in enumerate(names, 1)
    )
    return f'<div class="images" tabindex="0">{images}</div>' if images else ""


def _editions(release: Release, packages: PackageSums) -> Iterator[str]:
    own = next(iter(packages)).profile
    order = {category.key: index for index, category in enumerate(release.record.categories)}
    name, cards, size = (_in_words(f"column-{column}") for column in ("category", "cards", "size"))
    head = f"<th>{name}</th><th{_NUMBER}>{cards}</th><th{_NUMBER}>{size}</th>"
    for edition in release.record.editions:
        mine = [package for package in packages if package.edition == edition.name]
        if not mine:
            continue
        languages = " + ".join(read_ui(tag)["language_name"] for tag in parse_edition(edition.name).languages)
        yield f"<h3>{html.escape(languages)} <small>{html.escape(edition.name)}</small></h3>"
        for package in mine:
            if not package.first_category:
                kind = "main-package" if package.profile == own else "main-package second"
                said = _both(partial(_main_package, package, packages[package]))
                yield f'<a class="{kind}" href="{html.escape(package.file)}" download>{said}</a>'
        parts = [package for package in mine if package.first_category]
        parts.sort(key=lambda package: order[Key(package.first_category)])
        if parts:
            rows = "".join(_row(release.diff, package, packages[package]) for package in parts)
            table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            yield f'<div class="scroll" tabindex="0">{table}</div>'


def _main_package(package: ReleasedPackage, sums: FileSum, language: Language) -> str:
    name = _with_profile(read_words(language)["all-cards"], package, language)
    return f"{name} <small>{_count(package.notes, language)} · {human_size(sums.bytes)}</small>"


def _with_profile(name: str, package: ReleasedPackage, language: Language) -> str:
    profile = read_words(language)[f"profile-{package.profile}"]
    return f"{name} · {profile}" if profile else name


def _row(diff: ReleaseDiff, package: ReleasedPackage, sums: FileSum) -> str:
    def say(language: Language) -> str:
        title = package.chapter or category_title(diff, Key(package.first_category), language)
        return html.escape(_with_profile(title, package, language))

    link = f'<a href="{html.escape(package.file)}" download>{_both(say)}</a>'
    size = human_size(sums.bytes)
    return f"<tr><td>{link}</td><td{_NUMBER}>{package.notes}</td><td{_NUMBER}>{size}</td></tr>"


def _contents(release: Release, language: Language) -> Iterator[str]:
    for category in release.record.categories:
        notes = [note for note in release.record.notes if note.category == category.key]
        items = "".join(f"<li><code>{note.key}</code> {html.escape(note_title(note, language))}</li>" for note in notes)
        title = html.escape(category_title(release.diff, category.key, language))
        summary = f"<summary>{title} <small>{_count(len(notes), language)}</small></summary>"
        yield f"<details>{summary}<ul>{items}</ul></details>"


def _origin(config: Config, licences: Iterable[str], language: Language) -> str:
    words = read_ui(language)
    parts = []
    if config.origin:
        parts.append(f"{words['origin']} {linked(config.origin)}")
    if config.licence:
        parts.append(f"{words['licence']} {html.escape(config.licence)}")
    parts += [f'<a href="{html.escape(name)}">{html.escape(name)}</a>' for name in licences]
    return " · ".join(parts)
