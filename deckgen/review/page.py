"""A language's translations beside their sources as one page that opens from a file, for a person to review."""

import base64
import hashlib
import html
import json
import re
import string
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from urllib.parse import quote

from msgspec import Struct

from deckgen import card, media
from deckgen.card.settings import parse_card_settings
from deckgen.diagnostics import Diagnostic, Severity
from deckgen.localisation.checking import check_translations
from deckgen.localisation.translations import TranslatedBlock, Translations, translated_blocks
from deckgen.model import Edition, ImageReference, Language, Location, Markdown, MediaFile, TextState
from deckgen.preview.formulas import with_mathml
from deckgen.project import Profile
from deckgen.render.cardhtml import card_html
from deckgen.text.packaged import packaged_table, packaged_text
from deckgen.text.wording import compare_words, marked_up
from deckgen.translation.catalog import CatalogEntry, digest, mark
from deckgen.translation.segments import Side

STATES = (TextState.MISSING, TextState.STALE, TextState.DRAFT, TextState.REVIEWED)
EDITOR = "vscode://file/{path}:{line}"
"""The address that opens a file at a line in an editor; this one's is understood by the most."""


class Showing(Struct, frozen=True, kw_only=True):
    """What rows are rendered with: the translations, their findings by mark, and the images that blocks show."""

    found: Translations
    language: Language
    findings: Mapping[str, tuple[Diagnostic, ...]]
    images: Mapping[ImageReference, MediaFile]
    editor: str


def show(found: Translations, language: Language, *, editor: str = EDITOR, jobs: int = 1) -> Showing:
    """All that a page about ``language`` needs; it works on images with ``jobs`` processes."""
    references = _references(found, language)
    images, _ = media.read_media(references, found.project, profile=Profile.MOBILE, jobs=jobs)
    findings: dict[str, list[Diagnostic]] = defaultdict(list)
    for finding, block in check_translations(found):
        serious = finding.severity in (Severity.ERROR, Severity.WARNING)
        if serious and block and block.catalog.language == language:
            findings[mark(block.entry, language)].append(finding)
    return Showing(
        found=found,
        language=language,
        findings={one: tuple(told) for one, told in findings.items()},
        images=images,
        editor=editor,
    )


def render_review(showing: Showing, *, token: str = "") -> tuple[str, Mapping[TextState, int]]:
    """The page, with every block beside its translation as the card shows them, and how many it has in each state.

    With a ``token`` the page sends what its reader says to the server that it comes from.
    """
    found, language, corpus = showing.found, showing.language, showing.found.material.corpus
    shown = tuple(translated_blocks(found, language))
    counts = {state: sum(block.entry.state is state for block in shown) for state in STATES}
    rules = Counter(rule for block in shown for rule in {told.rule for told in _findings(block, showing)})
    script = _data("review.js") + (_data("serve.js") if token else "")
    edition = Edition(languages=(corpus.language, language))
    settings, _ = parse_card_settings(found.project.config.card)
    note_type = card.note_type(project_id=corpus.project_id, edition=edition, name="review", settings=settings)
    page = _template("review.html").substitute(
        language=language,
        title=html.escape(f"{corpus.project_id}: {corpus.language} → {language}"),
        token=token,
        card_css=note_type.css.replace("</", "<\\/"),
        css=_data("review.css"),
        filters="".join(_filter(number, state, count) for number, (state, count) in enumerate(counts.items(), 1)),
        findings="".join(f'<option value="{rule}">{rule} ({count})</option>' for rule, count in sorted(rules.items())),
        total=_word("of {total} blocks", total=str(len(shown))),
        words=_json(packaged_table("templates/review/words.toml")),
        sections="\n".join(_sections(shown, showing)),
        images=_json(_data_addresses(showing.images.values())),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return page, counts


def _sections(shown: tuple[TranslatedBlock, ...], showing: Showing) -> Iterator[str]:
    """A section per note or category, its blocks in order."""
    for key, group in groupby(shown, key=lambda block: block.text.key):
        mine = list(group)
        text = mine[0].text
        title = text.hint if text.side in (Side.FRONT, Side.ANSWER, Side.NOTE) else text.markdown
        yield _template("section.html").substitute(
            key=html.escape(key),
            language=showing.found.material.corpus.language,
            title=html.escape(" ".join(title.split())),
            all_good=_word("all good"),
            rows="\n".join(render_row(block, showing) for block in mine),
        )


def render_row(block: TranslatedBlock, showing: Showing) -> str:
    """A block with its translation, its state, its findings, and the mark by which it can be accepted."""
    entry, findings = block.entry, _findings(block, showing)
    one, comment = mark(entry, showing.language), html.escape(entry.comment)
    good = f'<label><input type="checkbox" class="good" value="{one}"> {_word("good")}</label>'
    told = "".join(
        f'<li class="{finding.severity}">{html.escape(finding.message)} <code>{finding.rule}</code></li>'
        for finding in findings
    )
    path, line = block.catalog.path, entry.line
    return _template("row.html").substitute(
        state=entry.state,
        mark=one,
        rules=" ".join(dict.fromkeys(finding.rule for finding in findings)),
        text=html.escape(entry.translation),
        comment=comment,
        how_far=_state(entry),
        side=_word(block.text.side),
        place=_link(block.place, showing),
        entry=_link(Location(path=path, line=line), showing) if line else f"<code>{html.escape(path)}</code>",
        good=good if entry.state in (TextState.DRAFT, TextState.STALE) else "",
        source=_cell(block, block.segment.text, showing.found.material.corpus.language, showing),
        translation=_cell(block, entry.translation, showing.language, showing),
        changed=_changed(block, showing),
        proposed=_proposed(block, showing),
        said=f"<p class=comment>{comment}</p>" if comment else "",
        findings=f"<ul class=findings>{told}</ul>" if told else "",
    )


def _findings(block: TranslatedBlock, showing: Showing) -> tuple[Diagnostic, ...]:
    return showing.findings.get(mark(block.entry, showing.language), ())


def _state(entry: CatalogEntry) -> str:
    """How far the entry is, with whose work it is and who said what of it."""
    parts = [_word(entry.state)]
    if entry.machine:
        parts.append(html.escape(entry.machine.engine))
        parts += [_word("edited")] if entry.edited else []
    if verdict := entry.verdict:
        said = "accepted" if verdict.accepted else "another text rejected"
        who = " by {by}" if verdict.by else ""
        parts.append(_word(f"{said}{who} on {{date}}", by=verdict.by, date=str(verdict.date)))
        parts += [_word("edited since")] if verdict.accepted and verdict.digest != digest(entry.translation) else []
    return " · ".join(parts)


def _word(text: str, **values: str) -> str:
    """Words in English that the script says in the reader's language, by ``words.toml``; ``{…}`` is filled in."""
    given = "".join(f' data-{name}="{html.escape(value)}"' for name, value in values.items())
    return f'<span data-word="{html.escape(text)}"{given}>{html.escape(text.format(**values))}</span>'


def _link(place: Location, showing: Showing) -> str:
    """A place that opens in the editor."""
    path = quote((showing.found.project.root.resolve() / place.path).as_posix())
    address = showing.editor.replace("{path}", path).replace("{line}", str(place.line))
    return f'<a href="{html.escape(address)}"><code>{html.escape(f"{place.path}:{place.line}")}</code></a>'


def _changed(block: TranslatedBlock, showing: Showing) -> str:
    """What has changed in the source since its translation was made."""
    before, now = block.entry.previous, block.segment.text
    if before is None:
        return ""
    shown = marked_up(compare_words(before, now), html.escape)
    return f'<p class="previous" lang="{showing.found.material.corpus.language}">{shown}</p>'


def _proposed(block: TranslatedBlock, showing: Showing) -> str:
    """A machine's text for a source that has changed."""
    if not (offered := block.entry.proposal):
        return ""
    return (
        f'<div class="proposal" data-text="{html.escape(offered.text)}">'
        f"<b>{_word('proposed by {by} on {date}', by=offered.engine, date=str(offered.date))}</b>"
        f"{_cell(block, offered.text, showing.language, showing)}</div>"
    )


def _cell(block: TranslatedBlock, markdown: Markdown, language: Language, showing: Showing) -> str:
    """A block as a field of the card shows it; its images are named, and the script puts them in."""
    if not markdown:
        return f'<div class="cell empty">{_word("no translation")}</div>'
    chapter = block.text.chapter
    document = showing.found.material.documents.of(markdown, chapter.context)
    shown = with_mathml(card_html(document.html, chapter=chapter.path, images=showing.images))
    shown = _IMAGE.sub(r'<img data-image="\1" alt="\2"\3><span class="alt">\2</span>', shown)
    side = "dg-question" if block.text.side in (Side.QUESTION, Side.CATEGORY) else "dg-text"
    text = f'<div class="{side}" lang="{language}" dir="{card.text_direction(language)}">{shown}</div>'
    return f'<div class="cell card"><div class="dg-card">{text}</div></div>'


_IMAGE = re.compile(r"""<img src="([^":]+)" alt="([^"]*)"((?:[^<>"]|"[^"]*")*)>""")
"""An image, small here, stands above the text that is to be translated."""


def _references(found: Translations, language: Language) -> Iterator[tuple[ImageReference, Location]]:
    for block in translated_blocks(found, language):
        proposal = block.entry.proposal.text if block.entry.proposal else ""
        for markdown in (block.segment.text, block.entry.translation, proposal):
            if "!" in markdown or "<img" in markdown:
                document = found.material.documents.of(Markdown(markdown), block.text.chapter.context)
                for image in document.images:
                    yield ImageReference(chapter=block.text.chapter.path, target=image.target), block.place


def _data_addresses(files: Iterable[MediaFile]) -> Mapping[str, str]:
    """Each file's bytes as an address, by its name."""
    found = {}
    for name, file in sorted({file.name: file for file in files}.items()):
        kind = name.rpartition(".")[2].replace("jpg", "jpeg").replace("svg", "svg+xml")
        found[name] = f"data:image/{kind};base64,{base64.b64encode(file.path.read_bytes()).decode()}"
    return found


def _filter(number: int, state: TextState, count: int) -> str:
    return (
        f'<label class="filter"><input type="checkbox" name="state" value="{state}" checked> '
        f"<kbd>{number}</kbd> {_word(state)} <b>{count}</b></label>"
    )


def _json(value: object) -> str:
    """JSON that can stand in a script element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _data(name: str) -> str:
    return packaged_text(f"templates/review/{name}")


def _template(name: str) -> string.Template:
    return string.Template(_data(name))
