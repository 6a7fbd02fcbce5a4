"""A language's translations beside their sources as one page that opens from a file, for a person to review."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import string
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from deckgen import card, media
from deckgen.diagnostics import Diagnostic, Severity
from deckgen.localisation import Block, Translations, blocks, check_translations
from deckgen.markdown import Documents
from deckgen.model import Edition, ImageReference, Language, Location, Markdown, MediaFile, Profile
from deckgen.preview.formulas import with_mathml
from deckgen.render.cardhtml import card_html
from deckgen.translation.catalog import EntryState
from deckgen.translation.units import Side, SourceText

STATES = (EntryState.MISSING, EntryState.STALE, EntryState.DRAFT, EntryState.REVIEWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """The page as text, and how many blocks it shows in each state."""

    html: str
    counts: Mapping[EntryState, int]


def render_review(found: Translations, language: Language, *, jobs: int = 1) -> ReviewPage:
    """Every block of the project beside its translation, as the card shows them, with its state and its findings."""
    shown = tuple(blocks(found, language))
    problems = _problems_by_place(check_translations(found))
    images = _images(found, shown, jobs)
    sections = "\n".join(_sections(shown, language, found, images, problems))
    counts = {state: sum(block.entry.state is state for block in shown) for state in STATES}
    script = _data("review.js")
    edition = Edition(languages=(found.corpus.language, language))
    page = string.Template(_data("review.html")).substitute(
        language=language,
        title=html.escape(f"{found.corpus.project_id}: {found.corpus.language} → {language}"),
        card_css=_card_css(found, edition),
        css=_data("review.css"),
        filters="".join(_filter(state, counts[state]) for state in STATES),
        total=str(len(shown)),
        sections=sections,
        pictures=_json({file.name: _data_address(file) for file in _used(images)}),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return ReviewPage(html=page, counts=counts)


def _sections(
    shown: tuple[Block, ...],
    language: Language,
    found: Translations,
    images: Mapping[ImageReference, MediaFile],
    problems: Mapping[tuple[str, int], list[Diagnostic]],
) -> Iterator[str]:
    """A section per note or category, its blocks in order."""
    by_key: dict[str, list[Block]] = defaultdict(list)
    for block in shown:
        by_key[block.text.key].append(block)
    for key, mine in by_key.items():
        title = _plain(mine[0].text)
        rows = "\n".join(_row(block, language, found, images, problems) for block in mine)
        yield (
            f'<section data-key="{html.escape(key)}"><header><h2>{html.escape(title)}</h2>'
            f"<code>{html.escape(key)}</code>"
            f'<label><input type="checkbox" class="good" value="{html.escape(key)}"> all good</label></header>\n'
            f"{rows}</section>"
        )


def _plain(text: SourceText) -> str:
    return " ".join((text.hint if text.side in (Side.ANSWER, Side.NOTE) else text.markdown).split())


def _row(
    block: Block,
    language: Language,
    found: Translations,
    images: Mapping[ImageReference, MediaFile],
    problems: Mapping[tuple[str, int], list[Diagnostic]],
) -> str:
    entry, place = block.entry, block.place
    catalog = f"{block.catalog.path}:{entry.line}" if entry.line else block.catalog.path
    mine = problems.get((block.catalog.path, entry.line), []) if entry.line else []
    previous = (
        f'<details class="previous"><summary>source before</summary><p lang="{found.corpus.language}">'
        f"{html.escape(entry.previous)}</p></details>"
        if entry.previous is not None
        else ""
    )
    machine = f" · {entry.machine.engine}{', edited' if entry.edited else ''}" if entry.machine else ""
    findings = "".join(
        f'<li class="{finding.severity}">{html.escape(finding.message)} <code>{finding.rule}</code></li>'
        for finding in mine
    )
    return (
        f'<article class="row" data-state="{entry.state}" tabindex="-1">'
        f'<div class="meta"><span class="state">{entry.state}{html.escape(machine)}</span> {block.text.side}'
        f" <code>{html.escape(f'{place.path}:{place.line}')}</code> <code>{html.escape(catalog)}</code></div>"
        f'<div class="pair">{_cell(block, block.segment.text, found.corpus.language, found.documents, images)}'
        f"{_cell(block, entry.translation, language, found.documents, images)}</div>"
        f"{previous}{f'<ul class=findings>{findings}</ul>' if findings else ''}"
        f"</article>"
    )


def _cell(
    block: Block,
    markdown: Markdown,
    language: Language,
    documents: Documents,
    images: Mapping[ImageReference, MediaFile],
) -> str:
    """A block as a field of the card shows it; its pictures are named, and the script puts them in."""
    if not markdown:
        return '<div class="cell empty">no translation</div>'
    shown = with_mathml(
        card_html(
            documents.of(markdown, block.text.chapter.context).html, chapter=block.text.chapter.path, images=images
        )
    )
    shown = re.sub(r'<img src="([^":]+)"', r'<img data-picture="\1"', shown)
    side = "dg-question" if block.text.side in (Side.QUESTION, Side.CATEGORY) else "dg-text"
    text = f'<div class="{side}" lang="{language}" dir="{card.text_direction(language)}">{shown}</div>'
    return f'<div class="cell card"><div class="dg-card">{text}</div></div>'


def _images(found: Translations, shown: tuple[Block, ...], jobs: int) -> Mapping[ImageReference, MediaFile]:
    project = found.project
    images, _ = media.read_media(
        _references(shown, found.documents),
        root=project.root,
        files=project.files,
        profile=Profile.MOBILE,
        cache=project.cache,
        jobs=jobs,
        settings=project.config.images,
    )
    return images


def _references(shown: tuple[Block, ...], documents: Documents) -> Iterator[tuple[ImageReference, Location]]:
    for block in shown:
        for markdown in (block.segment.text, block.entry.translation):
            if "!" in markdown or "<img" in markdown:
                for image in documents.of(markdown, block.text.chapter.context).images:
                    yield ImageReference(chapter=block.text.chapter.path, target=image.target), block.place


def _used(images: Mapping[ImageReference, MediaFile]) -> list[MediaFile]:
    return sorted({file.name: file for file in images.values()}.values(), key=lambda file: file.name)


def _data_address(file: MediaFile) -> str:
    kind = file.name.rpartition(".")[2].replace("jpg", "jpeg").replace("svg", "svg+xml")
    return f"data:image/{kind};base64,{base64.b64encode(file.path.read_bytes()).decode()}"


def _problems_by_place(findings: tuple[Diagnostic, ...]) -> Mapping[tuple[str, int], list[Diagnostic]]:
    places: dict[tuple[str, int], list[Diagnostic]] = defaultdict(list)
    for finding in findings:
        if finding.location and finding.severity in (Severity.ERROR, Severity.WARNING):
            places[finding.location.path, finding.location.line].append(finding)
    return places


def _card_css(found: Translations, edition: Edition) -> str:
    settings, _ = card.parse_card_settings(found.project.config.card)
    ui = {language: card.read_ui(language) for language in edition.languages}
    made = card.note_type(project_id=found.corpus.project_id, edition=edition, name="review", settings=settings, ui=ui)
    return made.css.replace("</", "<\\/")


def _filter(state: EntryState, count: int) -> str:
    number = STATES.index(state) + 1
    return (
        f'<label class="filter"><input type="checkbox" name="state" value="{state}" checked> '
        f"<kbd>{number}</kbd> {state} <b>{count}</b></label>"
    )


def _json(value: object) -> str:
    """JSON that can stand in a script element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


@cache
def _data(name: str) -> str:
    return resources.files("deckgen").joinpath("templates", "review", name).read_text(encoding="utf-8")
