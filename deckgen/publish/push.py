"""A package into a running Anki: what would change for this learner, and the change, in steps that can be repeated.

A package alone cannot move cards, mark what is gone, or reach notes that the learner changed after it was stamped.
"""

import tempfile
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from deckgen.apkg.contents import PackageContents, PackagedNote
from deckgen.apkg.reader import read_package, unpack_media
from deckgen.diagnostics import DeckgenError
from deckgen.identity.lock import Lock
from deckgen.model import NoteType
from deckgen.publish.ankiconnect import AnkiConnect
from deckgen.publish.learner import Learner, LearnerNote, read_learner

RETIRED_TAG = "deckgen::retired"
_OWN_FIELDS = "Spare "
"""Fields of such names are the learner's."""


class PushOptions(Struct, frozen=True, kw_only=True):
    """What is done besides bringing texts up to date.

    The ``lock`` knows the notes that the deck no longer has and the tags that it ever gave; of all other tags those
    that match one of the patterns ``keep_tags`` stay the learner's.
    """

    lock: Lock
    keep_tags: tuple[str, ...]
    delete_retired: bool
    move: bool


class Mending(Struct, frozen=True, kw_only=True):
    """A note that is not as the package has it: the fields that differ, the tags that it lacks or must lose.

    ``has_own`` says that an import would take something of the learner's away.
    """

    note: LearnerNote
    fields: Mapping[str, str]
    add_tags: tuple[str, ...]
    remove_tags: tuple[str, ...]
    media: tuple[str, ...]
    has_own: bool


class PushPlan(Struct, frozen=True, kw_only=True):
    """What a push would do. ``moves`` are decks with the cards that belong there; each note stands in one place only.

    ``conflicting`` are note types that the learner changed, so that no import updates their notes; ``stranded`` are
    notes of the deck's note types that are neither in the package nor retired, and are left alone, as are ``foreign``.
    """

    new: tuple[PackagedNote, ...]
    current: int
    old: tuple[Mending, ...]
    moves: tuple[tuple[str, tuple[int, ...]], ...]
    retired: tuple[LearnerNote, ...]
    stranded: tuple[LearnerNote, ...]
    foreign: int
    conflicting: tuple[str, ...]
    new_design: bool

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.old or self.moves or self.retired or self.new_design)


def read_deck(path: Path) -> tuple[PackageContents, NoteType]:
    """The contents of a package and its one note type. DeckgenError where it is none of deckgen's packages."""
    contents = read_package(path)
    types = [packaged.note_type for packaged in contents.note_types]
    if len(types) != 1 or not types[0].fields or types[0].fields[0].name != "Key":
        raise DeckgenError(f"{path.name} is no deck of deckgen's, so its notes have no key to find them by")
    return contents, types[0]


def plan_push(contents: PackageContents, note_type: NoteType, learner: Learner, options: PushOptions) -> PushPlan:
    """What differs between the package and what the learner has; pure.

    Of several notes with one key, which a changed note type leaves behind, each is brought up to date.
    """
    wanted = {note.fields[0]: note for note in contents.notes}
    names = [field.name for field in note_type.fields]
    in_package = (tag for note in contents.notes for tag in note.tags)
    ever = (names.tag for category in options.lock.categories for names in category.names.values())
    given = {tag.casefold() for tag in (*ever, RETIRED_TAG, *in_package)}
    retired: set[str] = {note.key for note in options.lock.notes if note.retired is not None}
    known = [note for note in learner.notes if note.key in wanted]
    had = {note.key for note in known}
    mendings = [_mending(note, wanted[note.key], names, given, options.keep_tags) for note in known]
    gone = [note for note in learner.notes if note.key in retired and note.key not in wanted]
    stranded = [note for note in learner.notes if note.key not in wanted and note.key not in retired]
    marked = [note for note in gone if options.delete_retired or RETIRED_TAG not in note.tags]
    return PushPlan(
        new=tuple(note for key, note in wanted.items() if key not in had),
        current=sum(mending is None for mending in mendings),
        old=tuple(mending for mending in mendings if mending),
        moves=_moves(known, wanted) if options.move else (),
        retired=tuple(marked),
        stranded=tuple(stranded),
        foreign=learner.foreign,
        conflicting=tuple(known.name for known in learner.note_types if not known.matches),
        new_design=any(known.matches and not known.same_design for known in learner.note_types),
    )


def push_package(
    anki: AnkiConnect,
    package: Path,
    options: PushOptions,
    *,
    dry_run: bool = False,
    now: Callable[[], float] = time.time,
    report: Callable[[str], None] = lambda _: None,
) -> tuple[PushPlan, PushPlan]:
    """The plan for ``package``, and what was left of it once it was carried out, in full where ``dry_run`` is set.

    Notes that hold something of the learner's go first: this makes them newer than the package, so that the import
    leaves them alone. Then the import, then what it left. Every step looks at what is there, so that a run after one
    that broke off does what is missing. DeckgenError as ``read_deck`` and AnkiConnect raise it.
    """
    contents, note_type = read_deck(package)
    top = min((deck.name for deck in contents.decks if deck.id != 1), key=lambda name: name.count("::"))

    def look() -> PushPlan:
        return plan_push(contents, note_type, read_learner(anki, note_type, top), options)

    plan = look()
    if dry_run or plan.is_empty:
        return plan, plan
    if own := [mending for mending in plan.old if mending.has_own]:
        if max(note.time for note in contents.notes) > now() + 1:
            raise DeckgenError(
                "the package is stamped with a time that has not come yet, so an import would replace the learner's "
                "own",
                hint="set this machine's clock, and build the package again",
            )
        report(f"bringing {len(own)} notes with the learner's own tags and remarks up to date")
        _mend(anki, package, own)
    if plan.new or plan.old or plan.new_design:
        report("importing the package")
        if not anki.call("importPackage", path=str(package.resolve())):
            raise DeckgenError("Anki did not import the package", hint="open a profile in Anki, and close its dialogs")
    left = look()
    if left.old:
        report(f"bringing {len(left.old)} notes up to date that the import left old")
        _mend(anki, package, left.old)
    for deck, cards in left.moves:
        anki.call("changeDeck", cards=cards, deck=deck)
    if (retired := [note.id for note in left.retired]) and options.delete_retired:
        anki.call("deleteNotes", notes=retired)
    elif retired:
        anki.call("addTags", notes=retired, tags=RETIRED_TAG)
    return plan, look()


def _mending(
    note: LearnerNote, wanted: PackagedNote, names: Sequence[str], given: Collection[str], keep_tags: Iterable[str]
) -> Mending | None:
    """What makes a learner's note what the package says, None where it is that already.

    ``given`` are the tags that the deck gives, folded. Tags of the learner's alone make no note an old one.
    """
    fields = {
        name: text
        for name, text in zip(names, wanted.fields, strict=True)
        if not name.startswith(_OWN_FIELDS) and name in note.fields and _plain(note.fields[name]) != _plain(text)
    }
    have, want = {tag.casefold() for tag in note.tags}, {tag.casefold() for tag in wanted.tags}
    add = tuple(tag for tag in wanted.tags if tag.casefold() not in have)
    outdated = tuple(tag for tag in note.tags if tag.casefold() in given and tag.casefold() not in want)
    if not (fields or add or outdated):
        return None
    own = [tag for tag in note.tags if tag.casefold() not in given]
    kept = [tag for tag in own if any(fnmatchcase(tag.casefold(), pattern.casefold()) for pattern in keep_tags)]
    return Mending(
        note=note,
        fields=fields,
        add_tags=add,
        remove_tags=(*outdated, *(tag for tag in own if tag not in kept)),
        media=wanted.media,
        has_own=bool(kept) or any(text for name, text in note.fields.items() if name.startswith(_OWN_FIELDS)),
    )


def _moves(known: Iterable[LearnerNote], wanted: Mapping[str, PackagedNote]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    moves: dict[str, list[int]] = defaultdict(list)
    for note in known:
        target = wanted[note.key].deck
        for card, deck in note.decks.items():
            if target and _plain(deck) != _plain(target):
                moves[target].append(card)
    return tuple((deck, tuple(cards)) for deck, cards in sorted(moves.items()))


def _plain(text: str) -> str:
    """As Anki keeps a text."""
    return unicodedata.normalize("NFC", text)


def _mend(anki: AnkiConnect, package: Path, old: Sequence[Mending]) -> None:
    """Brings notes up to date field by field, images first, so that no note refers to one that is not there.

    Anki gets the images that it lacks; one name never stands for two contents.
    """
    names = {name for mending in old for name in mending.media}
    if names and (missing := names.difference(anki.call("getMediaFilesNames", pattern="*"))):
        with tempfile.TemporaryDirectory() as folder:
            for path in unpack_media(package, missing, Path(folder)):
                anki.call("storeMediaFile", filename=path.name, path=str(path))
    changes = [{"note": {"id": mending.note.id, "fields": dict(mending.fields)}} for mending in old if mending.fields]
    anki.call_all("updateNoteFields", changes)
    _change_tags(anki, "addTags", ((mending.note.id, mending.add_tags) for mending in old))
    _change_tags(anki, "removeTags", ((mending.note.id, mending.remove_tags) for mending in old))


def _change_tags(anki: AnkiConnect, action: str, changes: Iterable[tuple[int, tuple[str, ...]]]) -> None:
    by_tag: dict[str, list[int]] = defaultdict(list)
    for note, tags in changes:
        for tag in tags:
            by_tag[tag].append(note)
    for tag, notes in by_tag.items():
        anki.call(action, notes=notes, tags=tag)
