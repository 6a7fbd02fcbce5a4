"""What the lock keeps of editions: their decks' names, frozen by a release, and how one gains a language; pure."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from msgspec.structs import asdict

from deckgen.diagnostics import Diagnostic, diagnostic
from deckgen.identity.lock import (
    AnyRecord,
    CategoryNames,
    CategoryRecord,
    EditionRecord,
    Lock,
    NoteRecord,
    with_records,
)
from deckgen.model import Edition, EditionNames, SubdeckNames, parse_edition, replace

_ROOM = 1
"""Languages that the spare fields of a note type can take."""
_WITH_KEY = {"deck": "{} ({})", "tag": "{}-{}", "slug": "{}-{}"}
"""How each name of a category is told apart from another's by the category's key."""
_V = TypeVar("_V")
_R = TypeVar("_R", bound=AnyRecord)


def freeze_names(
    lock: Lock, proposals: tuple[EditionNames, ...], *, whole: bool = True
) -> tuple[tuple[EditionNames, ...], Lock]:
    """The names that each edition's decks must have, and the lock that keeps them.

    An edition and a category that were released keep theirs: Anki finds decks by name, so that one that changed its own
    would be a second, empty one. Before, names follow the proposals, if these are of the ``whole`` project. A name that
    is taken gets the edition's name or the category's key.
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
    findings = [found for proposal in proposals for found in _edition_findings(before, after, proposal)]
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
    edition = editions.pop(name, None)
    categories = {category.key: category for category in lock.categories}
    if edition is None or (whole and not edition.released):
        deck = _spellings(proposal)[proposal.deck in {other.deck for other in editions.values()}]
        known = edition or EditionRecord(name=name, deck=deck, note_type_name="")
        edition = replace(known, deck=deck, note_type_name=proposal.note_type)
    if whole:
        shipped = {note.category for note in lock.notes if name in note.stamps and note.stamps[name].shipped_hash}
        for key in categories.keys() - shipped:
            names = {other: names for other, names in categories[key].names.items() if other != name}
            categories[key] = replace(categories[key], names=names)
    frozen = {key: record.names[name] for key, record in categories.items() if name in record.names}
    taken_names = {kind: {getattr(names, kind).casefold() for names in frozen.values()} for kind in _WITH_KEY}
    for subdeck in sorted(proposal.subdecks, key=lambda subdeck: subdeck.category):
        if subdeck.category not in frozen:
            frozen[subdeck.category] = _free_names(subdeck, taken_names)
            category = categories[subdeck.category]
            names = {**category.names, name: frozen[subdeck.category]}
            categories[subdeck.category] = replace(category, names=dict(sorted(names.items())))
    after = with_records(lock, editions=(*editions.values(), edition), categories=categories.values())
    subdecks = tuple(replace(subdeck, **asdict(frozen[subdeck.category])) for subdeck in proposal.subdecks)
    return replace(proposal, deck=edition.deck, note_type=edition.note_type_name, subdecks=subdecks), after


def _free_names(proposal: SubdeckNames, taken: Mapping[str, set[str]]) -> CategoryNames:
    """The proposed names, told apart from those of other categories by the category's key; they are taken then."""
    found = {}
    for kind, with_key in _WITH_KEY.items():
        name = getattr(proposal, kind)
        found[kind] = with_key.format(name, proposal.category) if name.casefold() in taken[kind] else name
        taken[kind].add(found[kind].casefold())
    return CategoryNames(**found)


def grow_editions(lock: Lock, wanted: tuple[Edition, ...]) -> tuple[Lock, tuple[Diagnostic, ...]]:
    """The lock in which editions that learners have go on as ``wanted`` ones, and a ``grown-edition`` for each.

    An edition that is wanted no more becomes one that begins with its languages and has one more, for which its note
    type has spare fields; so learners keep notes and schedules. It can become again what it was. Whatever else is
    wanted is a new edition.
    """
    findings = []
    for edition in wanted:
        found = _heir(lock, edition, {item.name for item in wanted})
        if found is None:
            continue
        old, new = found.name, edition.name
        message = f"edition {old} is {new} from now on: learners keep its notes, decks and schedules"
        hint = "say in the release that the fields Spare 1 to Spare 4 now hold the new language; to keep "
        hint += f"{old} beside it, leave {old} in deck.editions"
        findings.append(diagnostic("grown-edition", message, hint=hint))
        lock = with_records(
            lock,
            editions=(renamed(item, old, new) for item in lock.editions),
            categories=(renamed(item, old, new) for item in lock.categories),
            notes=(renamed(item, old, new) for item in lock.notes),
        )
    return lock, tuple(findings)


def renamed(record: _R, old: str, new: str) -> _R:
    """A record of the lock in which the edition ``old`` is called ``new``; its root stays what it was."""
    match record:
        case EditionRecord():
            root = record.root or record.name
            return replace(record, name=new, root="" if root == new else root) if record.name == old else record
        case CategoryRecord():
            return replace(record, names=_moved(record.names, old, new)) if old in record.names else record
        case NoteRecord():
            return replace(record, stamps=_moved(record.stamps, old, new)) if old in record.stamps else record
    return record


def _moved(values: Mapping[str, _V], old: str, new: str) -> Mapping[str, _V]:
    return dict(sorted((new if name == old else name, value) for name, value in values.items()))


def _heir(lock: Lock, edition: Edition, wanted: set[str]) -> EditionRecord | None:
    """The released edition that goes on as this one; the longest of several."""
    if any(record.name == edition.name for record in lock.editions):
        return None
    fit = []
    for record in lock.editions:
        now, root = parse_edition(record.name).languages, parse_edition(record.root or record.name).languages
        grows = edition.languages[: len(now)] == now and len(edition.languages) <= len(root) + _ROOM
        if record.name not in wanted and record.released and (grows or edition.languages == root):
            fit.append(record)
    return max(fit, key=lambda record: len(record.name), default=None)
