"""The corpus in every language, its images and its names → decks with their note types, as the settings want them."""

import html
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from deckgen import card, render
from deckgen.card.links import anchor_of, source_address, source_template
from deckgen.card.settings import CardSettings, check_user_css, parse_card_settings
from deckgen.diagnostics import DeckgenError, Diagnostic, diagnostic
from deckgen.identity.keys import edition_guid
from deckgen.identity.lock import Lock
from deckgen.identity.stamping import DeckMark, next_time, updated_keys
from deckgen.markdown import Documents
from deckgen.model import (
    Deck,
    Edition,
    EditionNames,
    ImageReference,
    Key,
    KeyedCategory,
    KeyedCorpus,
    MediaFile,
    Note,
    StampedDeck,
    TranslatedCorpus,
    parse_edition,
    replace,
)
from deckgen.project.config import Config, locate_setting
from deckgen.project.files import read_optional
from deckgen.project.reading import Project


def render_decks(
    project: Project,
    keyed: KeyedCorpus,
    translated: TranslatedCorpus,
    names: tuple[EditionNames, ...],
    documents: Documents,
    images: Mapping[ImageReference, MediaFile],
    version: str,
    lock: Lock,
) -> tuple[tuple[Deck, ...], tuple[Diagnostic, ...]]:
    """A deck of each edition, and what is wrong with the settings of the cards."""
    settings, problems = card_settings(project)
    diagrams = {image.identity for image in images.values() if image.diagram}
    released = version if "+" not in version else "".join(lock.releases[-1:])
    addresses = _addresses(project, keyed, settings, released)
    decks = []
    for named in names:
        edition, root = named.edition, parse_edition(lock.root_of(named.edition.name))
        decks.append(
            render.render_deck(
                translated,
                named,
                documents=documents,
                note_type=card.note_type(
                    project_id=keyed.project_id,
                    edition=edition,
                    root=root,
                    name=named.note_type,
                    settings=settings,
                    diagrams=diagrams,
                    addresses=addresses,
                    version=released,
                ),
                primary=card.languages_shown(edition, settings)[0],
                guids={item.key: edition_guid(item.guid, root.name) for item in keyed.questions},
                images=images,
                description=_description(edition, project.config, version),
                cards_count=" · ".join(html.escape(card.read_ui(tag)["cards_count"]) for tag in edition.languages),
            )
        )
    return tuple(decks), problems


def _addresses(project: Project, keyed: KeyedCorpus, settings: CardSettings, released: str) -> Mapping[Key, str]:
    """Where each question stands in the book, at the newest release, so that builds between two change no template."""
    template = settings.source_url
    if template is None:
        template = source_template(project.config.origin)
    lines = project.lines if template else {}
    return {
        item.key: source_address(
            template,
            path=item.chapter.path,
            line=item.question.location.line,
            anchor=anchor_of(lines[item.chapter.path][item.question.location.line - 1]),
            revision=f"v{released}" if released else "HEAD",
        )
        for item in keyed.questions
        if template
    }


def marked_by(before: Lock, *, now: int, release: str | None) -> DeckMark:
    """What makes a deck's style mark the cards that the newest release changed."""
    again = release in before.releases  # made once more, at the time that it had
    newest = (now if again else next_time(before, now)) if release else None

    def mark(deck: Deck, after: Lock) -> Deck:
        keys = updated_keys(after, deck.edition.name, newest=newest) if after.releases else ()
        text = card.read_ui(deck.edition.primary)["updated"].format(version="".join(after.releases[-1:]))
        return replace(deck, note_type=card.mark_updated(deck.note_type, keys, text))

    return mark


def later(decks: Iterable[StampedDeck], *, seconds: int) -> tuple[StampedDeck, ...]:
    """The decks, their notes with images so much later: larger ones replace smaller ones only by a later time."""
    return tuple(
        replace(one, note_times=tuple(time + seconds * bool(note.media) for note, time in _timed(one))) for one in decks
    )


def with_images(decks: Iterable[StampedDeck], images: Iterable[MediaFile]) -> tuple[StampedDeck, ...]:
    """The decks with another file of the same identity in the place of each of their images."""
    by_identity = {image.identity: image for image in images}
    return tuple(replace(one, deck=render.with_images(one.deck, by_identity)) for one in decks)


def card_settings(project: Project) -> tuple[CardSettings, tuple[Diagnostic, ...]]:
    """The ``[card]`` settings with the author's own style, and every problem with either."""
    text = project.config_text
    settings, problems = parse_card_settings(project.config.card, text)
    findings = list(problems)
    editions = project.config.editions
    if settings.primary and not any(settings.primary in edition.languages for edition in editions):
        message = f"“card.primary”: no edition has the language {settings.primary}"
        place = locate_setting(text, "card", "primary")
        hint = f"editions: {', '.join(edition.name for edition in editions)}"
        findings.append(diagnostic("bad-setting", message, place, hint=hint))
    if settings.css:
        style = read_optional(project.root / settings.css, inside=project.root)
        wrong = check_user_css(style or "", settings.css)
        settings = settings if wrong else replace(settings, user_css=style or "")
        findings += wrong
        if style is None:
            message = f"“card.css” names {settings.css}, and there is no such file"
            findings.append(diagnostic("bad-setting", message, locate_setting(text, "card", "css")))
    return settings, tuple(findings)


def development_version(released: Sequence[str]) -> str:
    """What a build after these releases calls itself."""
    return f"{released[-1] if released else '0.0.0'}+dev"


def _description(edition: Edition, config: Config, version: str) -> str:
    """What a deck says of itself in Anki: HTML in the edition's languages, the primary first, a blank line between.

    It holds no count: the last package imported sets it, and packages differ in what they hold.
    """
    blocks = []
    for language in edition.languages:
        words = card.read_ui(language)
        lines = [html.escape(config.descriptions.get(language, ""))]
        lines.append(f"{html.escape(words['version'])} {html.escape(version)}")
        if config.origin:
            lines.append(f"{html.escape(words['origin'])} {linked(config.origin)}")
        if config.licence:
            lines.append(f"{html.escape(words['licence'])} {html.escape(config.licence)}")
        blocks.append(f'<div lang="{language}">{"<br>".join(line for line in lines if line)}</div>')
    return "<br>".join(blocks)


def linked(address: str) -> str:
    """An address as HTML: a link where it is one of the web."""
    safe = html.escape(address)
    return f'<a href="{safe}">{safe}</a>' if address.startswith("https://") else safe


def select(
    decks: tuple[StampedDeck, ...], keyed: KeyedCorpus, *, chapters: tuple[str, ...], categories: tuple[str, ...]
) -> tuple[StampedDeck, ...]:
    """The decks with the notes of these chapters' paths and of the categories whose title or key contains or is one
    of the texts; where both are empty, all. DeckgenError if no category is called so.
    """

    def is_called(category: KeyedCategory) -> bool:
        return any(text.casefold() in category.title.casefold() or text == category.key for text in categories)

    wanted = frozenset(
        item.key
        for item in keyed.questions
        if (not chapters or item.chapter.path in chapters) and (not categories or is_called(item.category))
    )
    chosen = tuple(_chosen(stamped, wanted) for stamped in decks)
    if categories and not any(stamped.deck.notes for stamped in chosen):
        titles = ", ".join(category.title for category in keyed.categories)
        raise DeckgenError(f"no category is called “{'”, “'.join(categories)}”", hint=f"there are: {titles}")
    return chosen


def _chosen(stamped: StampedDeck, wanted: Container[Key]) -> StampedDeck:
    kept = [(note, time) for note, time in _timed(stamped) if note.key in wanted]
    if len(kept) == len(stamped.deck.notes):
        return stamped
    return _with_notes(stamped, kept, {note.category for note, _ in kept})


def split(stamped: StampedDeck, parts: Sequence[frozenset[Key]]) -> Iterator[StampedDeck]:
    """The deck of each of these sets of categories, no category in two: notes in their order, sub-decks and media."""
    place = {category: number for number, part in enumerate(parts) for category in part}
    notes: dict[int, list[tuple[Note, int]]] = defaultdict(list)
    for note, time in _timed(stamped):
        if note.category in place:
            notes[place[note.category]].append((note, time))
    for number, part in enumerate(parts):
        yield _with_notes(stamped, notes[number], part)


def _timed(stamped: StampedDeck) -> Iterator[tuple[Note, int]]:
    return zip(stamped.deck.notes, stamped.note_times, strict=True)


def _with_notes(stamped: StampedDeck, kept: Sequence[tuple[Note, int]], categories: Container[Key]) -> StampedDeck:
    """The deck with these notes and their times, the sub-decks of these categories, and the media that are needed."""
    shown = {name for note, _ in kept for name in note.media}
    deck = replace(
        stamped.deck,
        notes=tuple(note for note, _ in kept),
        subdecks=tuple(subdeck for subdeck in stamped.deck.subdecks if subdeck.category in categories),
        media=tuple(file for file in stamped.deck.media if file.name in shown),
    )
    return replace(stamped, deck=deck, note_times=tuple(time for _, time in kept))
