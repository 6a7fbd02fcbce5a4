"""Corpus, translation and media → the deck of one edition: every field's HTML, the names, the tags, the hashes."""

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from deckgen.markdown import Documents
from deckgen.memory.store import Decoder, encoded
from deckgen.model import (
    Chapter,
    Deck,
    Edition,
    EditionNames,
    Guid,
    ImageReference,
    Key,
    Language,
    Markdown,
    MediaFile,
    Note,
    NoteType,
    Subdeck,
    Text,
    TextState,
    TranslatedCategory,
    TranslatedCorpus,
    TranslatedQuestion,
    in_groups,
    replace,
)
from deckgen.render.cardhtml import card_html, field_media, given_html, unfolded
from deckgen.text.anki import safe_field, safe_name, safe_text

_DOUBT = tuple(TextState)
_QUIET = (TextState.SOURCE, TextState.REVIEWED)
_SIDES = ("Question", "Answer", "Category", "Note")
_NOTES = Decoder(tuple[Note, ...])


def render_deck(
    corpus: TranslatedCorpus,
    names: EditionNames,
    *,
    documents: Documents,
    note_type: NoteType,
    primary: Language,
    guids: Mapping[Key, Guid],
    images: Mapping[ImageReference, MediaFile],
    description: str,
    cards_count: str,
) -> Deck:
    """The edition's deck, whose cards show ``primary`` first.

    ``images`` lacks those that are missing: they leave a visible placeholder. ``description`` is what the deck says of
    itself, and ``cards_count`` what its sub-decks do, with ``{count}`` where the number stands; both are HTML.
    """
    by_name = {file.name: file for file in images.values()}
    tags = {subdeck.category: safe_name(subdeck.tag) for subdeck in names.subdecks}
    categories = {item.category.key: item for item in corpus.categories}
    order = tuple(field.name for field in note_type.fields)
    groups = tuple(in_groups(corpus.questions))
    shown: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for reference, file in images.items():
        shown[reference.chapter].append((reference.target, file.name, file.identity))

    def depends(group: tuple[TranslatedQuestion, ...]) -> bytes:
        keyed = [item.keyed for item in group]
        chapter = keyed[0].chapter
        questions = [
            (item.key, guids[item.key], item.category.key, [text.as_bytes() for text in one.texts])
            for item, one in zip(keyed, group, strict=True)
        ]
        headings = [(tags[key], categories[key].titles) for key in dict.fromkeys(item.category.key for item in keyed)]
        media = sorted(shown[chapter.path])
        return encoded((names.edition, primary, chapter.path, chapter.context, order, questions, headings, media))

    def show(text: Text, chapter: Chapter) -> str:
        if not text.markdown.strip():
            return ""
        return card_html(documents.html_of(text.markdown, chapter.context), chapter=chapter.path, images=images)

    def render(at: int) -> tuple[Note, ...]:
        return tuple(
            _render_note(item, categories, names.edition, primary, guids, show, by_name, tags, order)
            for item in groups[at]
        )

    def read(missing: list[int]) -> None:
        documents.read(
            (text.markdown, item.context)
            for at in missing
            for item in groups[at]
            for text in (*item.texts, *categories[item.keyed.category.key].titles)
        )

    kept = documents.memory.remember("notes", _NOTES, map(depends, groups), render, prepare=read, jobs=documents.jobs)
    notes = tuple(
        replace(note, position=position) for position, note in enumerate(itertools.chain.from_iterable(kept), 1)
    )
    used = {name for note in notes for name in note.media}
    return Deck(
        edition=names.edition,
        id=_stable_id(corpus.project_id, names.edition.name, "deck"),
        name=safe_name(names.deck),
        description=safe_field(description),
        note_type=replace(note_type, name=safe_name(note_type.name)),
        subdecks=_render_subdecks(corpus, names, notes, cards_count),
        notes=notes,
        media=tuple(by_name[name] for name in sorted(used)),
    )


def with_images(deck: Deck, by_identity: Mapping[str, MediaFile]) -> Deck:
    """The deck with another file of the same identity in the place of each of its images."""
    others = {image.name: by_identity[image.identity] for image in deck.media}

    def changed(note: Note) -> Note:
        fields = note.fields
        for name in note.media:
            fields = tuple(field.replace(f'src="{name}"', f'src="{others[name].name}"') for field in fields)
        return replace(note, fields=fields, media=tuple(others[name].name for name in note.media))

    media = {image.name: image for image in others.values()}
    return replace(deck, notes=tuple(map(changed, deck.notes)), media=tuple(media[name] for name in sorted(media)))


def content_hash(fields: Iterable[str], tags: tuple[str, ...], identities: Mapping[str, str]) -> str:
    """The hash of all that a learner gets of a note: its fields, its tags, and which images, by media name."""
    neutral = []
    for field in fields:
        for name, identity in identities.items():
            field = field.replace(name, identity)
        neutral.append(field)
    return _digest(*neutral, *tags)


def _render_subdecks(
    corpus: TranslatedCorpus, names: EditionNames, notes: tuple[Note, ...], cards_count: str
) -> tuple[Subdeck, ...]:
    orders = {category.category.key: category.category.order for category in corpus.categories}
    counts = Counter(note.category for note in notes)
    return tuple(
        Subdeck(
            category=subdeck.category,
            id=_stable_id(corpus.project_id, names.edition.name, f"deck:{subdeck.category}"),
            name=safe_name(f"{names.deck}::{subdeck.deck}"),
            description=safe_field(cards_count.format(count=counts[subdeck.category])),
            tag=safe_name(subdeck.tag),
            slug=subdeck.slug,
            order=orders[subdeck.category],
        )
        for subdeck in sorted(names.subdecks, key=lambda subdeck: orders[subdeck.category])
        if counts[subdeck.category]
    )


def _render_note(
    translated: TranslatedQuestion,
    categories: Mapping[Key, TranslatedCategory],
    edition: Edition,
    primary: Language,
    guids: Mapping[Key, Guid],
    show: Callable[[Text, Chapter], str],
    by_name: Mapping[str, MediaFile],
    tags: Mapping[Key, str],
    order: tuple[str, ...],
) -> Note:
    keyed = translated.keyed
    category = categories[keyed.category.key]
    values = {"Key": str(keyed.key), "Source": safe_text(keyed.chapter.path)}
    states: list[TextState] = []
    inputs = [translated.context.dialect.value, translated.context.definitions]
    for language in edition.languages:
        sides = tuple(_in_language(texts, language) for texts in (translated.titles, translated.answers))
        texts = (*sides, _in_language(category.titles, language), _in_language(translated.notes, language))
        shown = [show(text, keyed.chapter) for text in texts]
        front = _in_language(translated.fronts, language)
        if language == primary:
            for place, source in enumerate((translated.titles[0], translated.answers[0], category.titles[0])):
                shown[place] = shown[place] or _in_its_language(source, show(source, keyed.chapter))
        if (asked := translated.fronts[0]).markdown and shown[0]:
            given = show(front, keyed.chapter)
            shown[0] += given_html(given or _in_its_language(asked, show(asked, keyed.chapter)))
            shown[1] = unfolded(shown[1])
            sides, texts = (*sides, front), (*texts, front)
        values |= zip((f"{side} {language}" for side in _SIDES), shown, strict=True)
        states.append(max((text.state for text in sides), key=_DOUBT.index))
        inputs += [f"{text.state}\0{text.markdown}" for text in texts]
    doubts = zip(edition.languages, states, strict=True)
    values["State"] = " ".join(f"{language}-{state}" for language, state in doubts if state not in _QUIET)
    fields = tuple(values.get(name, "") for name in order)
    media = tuple(dict.fromkeys(name for html in fields for name in field_media(html)))
    tag = tags[keyed.category.key]
    identities = {name: by_name[name].identity for name in media}
    return Note(
        key=keyed.key,
        guid=guids[keyed.key],
        category=keyed.category.key,
        fields=fields,
        tags=(tag,),
        media=media,
        position=0,
        content_hash=content_hash(fields, (tag,), identities),
        input_hash=_digest(*inputs, *identities.values(), tag),
        states=tuple(states),
    )


def _in_its_language(source: Text, html: str) -> str:
    """The source where the primary language has no translation yet: a card must have two sides."""
    return f'<div lang="{source.language}">{html}</div>'


def _in_language(texts: tuple[Text, ...], language: Language) -> Text:
    for text in texts:
        if text.language == language:
            return text
    return Text(language=language, markdown=Markdown(""), state=TextState.MISSING)


def _stable_id(project_id: str, edition: str, what: str) -> int:
    """A positive id below 2**53, so that JavaScript and JSON keep it whole."""
    return int.from_bytes(hashlib.sha256(f"{project_id}\0{edition}\0{what}".encode()).digest()[:8]) % (2**52) + 1


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
