"""What decks are called: as proposed until they are released, and from then on as the lock has kept it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.identity.lock import CategoryNames, EditionRecord, Lock, revise
from deckgen.model import Edition, EditionNames, Key, SubdeckNames


def freeze_names(
    lock: Lock, proposals: tuple[EditionNames, ...], *, whole: bool = True
) -> tuple[tuple[EditionNames, ...], Lock]:
    """The names that each edition's decks must have, and the lock that keeps them.

    What was released keeps its names: Anki finds decks by name, so that one that changed its own would be a second,
    empty one. Before, names follow the proposals, if these are of the ``whole`` project. A name that is taken gets the
    edition's name or the category's key.
    """
    names = []
    for proposal in proposals:
        frozen, lock = _freeze_edition(proposal, lock, whole=whole)
        names.append(frozen)
    return tuple(names), lock


def name_findings(
    before: Lock, after: Lock, proposals: tuple[EditionNames, ...], *, built: tuple[Edition, ...]
) -> tuple[Diagnostic, ...]:
    """Decks that are called otherwise than the settings want or than before, and released editions not among those
    built.

    ``built`` is empty where only some of the editions were asked for.
    """
    findings: list[Diagnostic] = []
    for proposal in proposals:
        findings += _edition_findings(before, after, proposal)
    names = {edition.name for edition in built}
    for record in after.editions:
        if names and record.released and record.name not in names:
            message = f"edition {record.name} was released and is not built any more: its learners get no updates"
            hint = f"keep it in deck.editions; {', '.join(sorted(names))} would be other cards to them"
            findings.append(diagnostic("dropped-edition", message, hint=hint))
    return tuple(findings)


def renamed_decks(before: Lock, after: Lock, edition: str) -> tuple[str, ...]:
    """``“old” is now “new”`` of an edition's deck and of its categories' decks."""
    old, new = ({record.name: record.deck for record in lock.editions} for lock in (before, after))
    known = {record.key: record.names for record in before.categories}
    decks = [(old[edition], new[edition])] if edition in old else []
    decks += [
        (names[edition].deck, record.names[edition].deck)
        for record in after.categories
        if edition in (names := known.get(record.key, {})) and edition in record.names
    ]
    return tuple(f"“{one}” is now “{other}”" for one, other in decks if one != other)


def _edition_findings(before: Lock, after: Lock, proposal: EditionNames) -> Iterator[Diagnostic]:
    name = proposal.edition.name
    record = next(record for record in after.editions if record.name == name)
    if record.released:
        if record.deck not in _spellings(proposal):
            message = f"edition {name}: the settings call the deck “{proposal.deck}”; it stays “{record.deck}”"
            yield diagnostic("frozen-name", message, hint="Anki finds decks by name; learners may rename theirs")
    elif changed := renamed_decks(before, after, name):
        others = f", and {len(changed) - 1} more" if len(changed) > 1 else ""
        hint = "nothing was released yet; whoever imported a build finds new decks beside the old ones"
        yield diagnostic("renamed-deck", f"edition {name}: the deck {changed[0]}{others}", hint=hint)


def _spellings(proposal: EditionNames) -> tuple[str, str]:
    return proposal.deck, f"{proposal.deck} ({proposal.edition.name})"


def _freeze_edition(proposal: EditionNames, lock: Lock, *, whole: bool) -> tuple[EditionNames, Lock]:
    name = proposal.edition.name
    editions = {edition.name: edition for edition in lock.editions}
    edition = editions.get(name)
    categories = {category.key: category for category in lock.categories}
    if edition is None or (whole and not edition.released):
        taken = {record.deck for record in lock.editions if record.name != name}
        deck = _spellings(proposal)[proposal.deck in taken]
        edition = revise(
            edition or EditionRecord(name=name, deck=deck, note_type_name=""),
            deck=deck,
            note_type_name=proposal.note_type,
        )
        categories = {
            key: revise(record, names={other: names for other, names in record.names.items() if other != name})
            for key, record in categories.items()
        }
    frozen = {key: record.names[name] for key, record in categories.items() if name in record.names}
    for subdeck in sorted(proposal.subdecks, key=lambda subdeck: subdeck.category):
        if subdeck.category not in frozen:
            frozen[subdeck.category] = _free_names(subdeck, frozen.values())
            category = categories[subdeck.category]
            names = {**category.names, name: frozen[subdeck.category]}
            categories[subdeck.category] = revise(category, names=dict(sorted(names.items())))
    after = revise(
        lock,
        editions=tuple(sorted({**editions, name: edition}.values(), key=lambda record: record.name)),
        categories=tuple(sorted(categories.values(), key=lambda record: record.key)),
    )
    return _edition_names(proposal, edition, frozen), after


def _free_names(proposal: SubdeckNames, taken: Iterable[CategoryNames]) -> CategoryNames:
    """The proposed names, told apart from those of other categories by the category's key where need be."""
    others = tuple(taken)
    key = proposal.category
    decks = {names.deck.casefold() for names in others}
    tags = {names.tag.casefold() for names in others}
    slugs = {names.slug.casefold() for names in others}
    return CategoryNames(
        deck=f"{proposal.deck} ({key})" if proposal.deck.casefold() in decks else proposal.deck,
        tag=f"{proposal.tag}-{key}" if proposal.tag.casefold() in tags else proposal.tag,
        slug=f"{proposal.slug}-{key}" if proposal.slug.casefold() in slugs else proposal.slug,
    )


def _edition_names(proposal: EditionNames, edition: EditionRecord, frozen: Mapping[Key, CategoryNames]) -> EditionNames:
    subdecks = tuple(
        SubdeckNames(
            category=subdeck.category,
            deck=frozen[subdeck.category].deck,
            tag=frozen[subdeck.category].tag,
            slug=frozen[subdeck.category].slug,
        )
        for subdeck in proposal.subdecks
    )
    return EditionNames(
        edition=proposal.edition, deck=edition.deck, note_type=edition.note_type_name, subdecks=subdecks
    )
