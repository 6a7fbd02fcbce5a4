"""Brings catalogs in line with the sources: what is kept, what goes stale, what comes back; nothing is ever lost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from deckgen.model import Language, Markdown, TextState, replace
from deckgen.project.layout import LOCALE_DIR
from deckgen.text.similarity import title_likeness
from deckgen.translation.catalog import Catalog, CatalogEntry, accepted, catalog_name
from deckgen.translation.segments import Side, SourceText

CatalogId = tuple[str, Language]
"""A chapter's path and a language."""
Catalogs = Mapping[CatalogId, Catalog]
_ALIKE = 70.0
_ALIKE_SHORT = 90.0
_SHORT = 8
"""Characters below which two texts have to be much more alike, since one of them changes the meaning."""


def update_catalogs(
    catalogs: Catalogs, texts: Sequence[SourceText], *, languages: Iterable[Language]
) -> dict[CatalogId, Catalog]:
    """The catalogs as they are for ``texts``; a chapter without one gets one where it has anything to translate.

    Entries follow the order of the sources. They are found by their context in whatever chapter's catalog they are, so
    that a question takes its entries along. An entry whose block is gone becomes obsolete when it has a translation.
    A block that has none gets, as a draft, what was reviewed for the same text anywhere else.
    """
    updated: dict[CatalogId, Catalog] = {}
    for language in languages:
        known = {chapter: catalog for (chapter, tag), catalog in catalogs.items() if tag == language}
        found = _remembering(_updated(known, texts, language))
        updated |= {(chapter, language): catalog for chapter, catalog in found.items()}
    return updated


def _updated(known: Mapping[str, Catalog], texts: Sequence[SourceText], language: Language) -> dict[str, Catalog]:
    pool: dict[str, list[CatalogEntry]] = defaultdict(list)
    homes: dict[str, str] = {}
    for chapter, catalog in known.items():
        for entry in catalog.entries:
            pool[entry.context].append(entry)
            homes.setdefault(entry.context, chapter)
    live: dict[str, list[CatalogEntry]] = {chapter: [] for chapter in known}
    gone: dict[str, list[CatalogEntry]] = {chapter: [] for chapter in known}
    # What has one context, front and answer, stands side by side and is matched as one.
    found = []
    for context, parts in groupby(texts, key=lambda text: text.context):
        text, *others = parts
        wanted = list(dict.fromkeys(want for part in (text, *others) for want in _wanted(part, language)))
        found.append((text, *_match(wanted, pool.pop(context, []), text.side)))
    orphans = _orphans(pool)
    for text, matched, rest in found:
        live.setdefault(text.chapter.path, []).extend(_adopted(entry, orphans, pool) for entry in matched)
        gone.setdefault(text.chapter.path, []).extend(rest)
    for context, entries in pool.items():
        gone[homes[context]] += entries
    return {
        chapter: replace(
            known.get(chapter, Catalog(language=language, path=f"{LOCALE_DIR}/{language}/{catalog_name(chapter)}")),
            entries=(*entries, *_obsolete(known.get(chapter), gone[chapter], entries)),
        )
        for chapter, entries in live.items()
        if entries or chapter in known
    }


def _remembering(catalogs: Mapping[str, Catalog]) -> dict[str, Catalog]:
    """The catalogs with what is reviewed in one place as a draft in every other; live entries count before obsolete."""
    reviewed: dict[Markdown, Markdown] = {}
    every = [entry for catalog in catalogs.values() for entry in catalog.entries]
    for entry in sorted(every, key=lambda entry: entry.obsolete):
        if entry.state is TextState.REVIEWED:
            reviewed.setdefault(entry.source, entry.translation)

    def remembered(entry: CatalogEntry) -> CatalogEntry:
        known = reviewed.get(entry.source)
        if known is None or entry.state is not TextState.MISSING or entry.obsolete or entry.was_rejected(known):
            return entry
        return replace(entry, translation=known, fuzzy=True, draft=True)

    return {
        chapter: replace(catalog, entries=tuple(map(remembered, catalog.entries)))
        for chapter, catalog in catalogs.items()
    }


_Entries = Mapping[str, list[CatalogEntry]]


def _orphans(pool: _Entries) -> _Entries:
    """Translations whose context no text has any more, by side and source: a key of a question that was never built."""
    found: dict[str, list[CatalogEntry]] = defaultdict(list)
    for entry in (entry for entries in pool.values() for entry in entries):
        if entry.translation and not entry.obsolete:
            found[_side(entry)].append(entry)
    return found


def _adopted(entry: CatalogEntry, orphans: _Entries, pool: _Entries) -> CatalogEntry:
    """The entry or, where it has no translation, an orphan in its place, which is taken out."""
    if entry.translation or not (waiting := orphans.get(_side(entry))):
        return entry
    orphan = waiting.pop(0)
    pool[orphan.context].remove(orphan)
    return replace(orphan, context=entry.context, hint=entry.hint)


def _side(entry: CatalogEntry) -> str:
    return f"{entry.context.rpartition('|')[2]}|{entry.source}"


def _wanted(text: SourceText, language: Language) -> list[CatalogEntry]:
    """An empty entry per distinct segment; a text that its author wrote in ``language`` is nobody's work."""
    if text.writing(language) is not None:
        return []
    hint = " ".join(text.hint.split())
    sources = dict.fromkeys(segment.text for segment in text.segments)
    return [CatalogEntry(context=text.context, source=source, hint=hint) for source in sources]


def _match(
    wanted: Sequence[CatalogEntry], entries: Sequence[CatalogEntry], side: Side
) -> tuple[list[CatalogEntry], list[CatalogEntry]]:
    """An entry for each of ``wanted``, and the entries that are left over."""
    left = sorted(dict.fromkeys(entries), key=lambda entry: (entry.obsolete, not entry.translation))
    found: dict[int, CatalogEntry] = {}
    for returning in (False, True):
        for index, want in enumerate(wanted):
            same = (entry for entry in left if (entry.previous if returning else entry.source) == want.source)
            entry = next(same, None)
            if index not in found and entry is not None:
                left.remove(entry)
                found[index] = replace(_restored(entry) if returning else entry, source=want.source, obsolete=False)
    for index, entry in _pairs(wanted, found, left, side):
        left.remove(entry)
        found[index] = _stale(entry, wanted[index])
    entries = [replace(found[index], hint=want.hint) if index in found else want for index, want in enumerate(wanted)]
    return entries, left


def _restored(entry: CatalogEntry) -> CatalogEntry:
    """An entry whose source was changed and changed back."""
    fresh = replace(entry, previous=None, obsolete=False)
    return replace(fresh, fuzzy=True) if entry.unreviewed else accepted(fresh)


def _stale(entry: CatalogEntry, want: CatalogEntry) -> CatalogEntry:
    """An entry that goes to a new wording of its source; it remembers what it was reviewed for.

    What marks it as unreviewed stays, or is added where it was only fuzzy; a reviewed one loses it, so that the two can
    be told apart from now on.
    """
    if not entry.translation:
        return replace(want, comment=entry.comment)
    unreviewed = entry.unreviewed
    return replace(
        entry,
        source=want.source,
        fuzzy=True,
        previous=entry.source if entry.previous is None else entry.previous,
        machine=entry.machine if unreviewed else None,
        draft=unreviewed and entry.machine is None,
        obsolete=False,
    )


def _pairs(
    wanted: Sequence[CatalogEntry], found: Mapping[int, CatalogEntry], left: Sequence[CatalogEntry], side: Side
) -> list[tuple[int, CatalogEntry]]:
    """New wordings with the entries that they come from: those in the same place first, then the most alike."""
    missing = [index for index in range(len(wanted)) if index not in found]
    live = [entry for entry in left if not entry.obsolete]
    if side in (Side.QUESTION, Side.CATEGORY) and missing and live:
        return [(missing[0], live[0])]
    aligned = set(zip(missing, live, strict=False)) if len(missing) == len(live) else set()
    candidates = sorted(
        (
            (entry.obsolete, (index, entry) not in aligned, -likeness, index, place)
            for index in missing
            for place, entry in enumerate(left)
            if (likeness := _likeness(wanted[index].source, entry.source))
        ),
    )
    pairs: dict[int, int] = {}
    for *_, index, place in candidates:
        if index not in pairs and place not in pairs.values():
            pairs[index] = place
    return [(index, left[place]) for index, place in pairs.items()]


def _likeness(one: str, other: str) -> float:
    """0 where the two are not alike enough for one to be a new wording of the other."""
    likeness = title_likeness(one, other)
    enough = _ALIKE_SHORT if min(len(one), len(other)) < _SHORT else _ALIKE
    return likeness if likeness >= enough else 0.0


def _obsolete(known: Catalog | None, gone: Sequence[CatalogEntry], live: Sequence[CatalogEntry]) -> list[CatalogEntry]:
    """The entries that are kept for the day when their source returns, each once, in the order in which they were."""
    order = {entry: place for place, entry in enumerate(known.entries)} if known else {}
    taken = {(entry.context, entry.source) for entry in live}
    kept: dict[tuple[str, str], CatalogEntry] = {}
    for entry in sorted(gone, key=lambda entry: (not entry.obsolete, order.get(entry, len(order)))):
        source = entry.source if entry.previous is None else entry.previous
        if entry.translation and (entry.context, source) not in taken:
            kept.setdefault((entry.context, source), _retired(entry))
    return list(kept.values())


def _retired(entry: CatalogEntry) -> CatalogEntry:
    """Under the source that it was made for, since gettext's readers lose an obsolete entry's previous one."""
    if entry.previous is None or entry.obsolete:
        return replace(entry, obsolete=True)
    return replace(_restored(entry), source=entry.previous, obsolete=True)
