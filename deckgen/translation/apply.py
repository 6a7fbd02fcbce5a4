"""Corpus and catalogs → the corpus in every language, as far as the policy shows it; says what it does not show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deckgen.diagnostics import Diagnostic, Severity, diagnostic
from deckgen.markdown import Documents
from deckgen.model import (
    BlockCounts,
    KeyedCorpus,
    Language,
    Location,
    Markdown,
    Text,
    TextState,
    TranslatedCategory,
    TranslatedCorpus,
    TranslatedQuestion,
)
from deckgen.project.choices import Policy
from deckgen.translation.catalog import Catalog, CatalogEntry, EntryState
from deckgen.translation.notes import Notes
from deckgen.translation.segments import splice
from deckgen.translation.units import Side, SourceText, source_texts
from deckgen.translation.unsafe import unsafe_content
from deckgen.translation.update import CatalogId, update_catalogs

_STATES = {
    EntryState.REVIEWED: TextState.REVIEWED,
    EntryState.STALE: TextState.STALE,
    EntryState.DRAFT: TextState.DRAFT,
    EntryState.MISSING: TextState.PARTIAL,
}
_DOUBT = tuple(TextState)


def translate(
    corpus: KeyedCorpus,
    catalogs: Mapping[CatalogId, Catalog],
    documents: Documents,
    *,
    languages: tuple[Language, ...],
    notes: Notes,
    policy: Policy,
) -> tuple[TranslatedCorpus, tuple[Diagnostic, ...]]:
    """Every text in every language, the source first, and one finding per text that is not shown as it should be.

    A language without any catalog has one finding in all, unless the policy is strict. The catalogs need not be up to
    date: a block that was reworded since has its old translation and is stale.
    """
    targets = tuple(language for language in languages if language != corpus.language)
    texts = tuple(source_texts(corpus, notes, documents if targets else None))
    entries = _index(update_catalogs(catalogs, texts, languages=targets))
    begun = set(targets) if policy is Policy.STRICT else {language for _, language in catalogs}
    rendered: dict[tuple[str, Side], tuple[Text, ...]] = {}
    findings = [
        *unknown_notes(corpus, notes),
        *unknown_entries(catalogs, targets, texts),
        *unsafe_content(texts, notes, catalogs, targets, documents),
    ]
    for text in texts:
        source = Text(language=corpus.language, markdown=text.markdown, state=TextState.SOURCE)
        shown = tuple(_translated(text, language, entries, policy) for language in targets)
        rendered[text.key, text.side] = (source, *(one for one, _ in shown))
        findings += [
            finding
            for language, (_, problems) in zip(targets, shown, strict=True)
            for finding in problems
            if language in begun or finding.rule != _MISSING.rule
        ]
    findings += [_not_begun(language) for language in targets if language not in begun]
    empty = tuple(
        Text(language=language, markdown=Markdown(""), state=TextState.SOURCE)
        for language in (corpus.language, *targets)
    )
    return TranslatedCorpus(
        project_id=corpus.project_id,
        languages=(corpus.language, *targets),
        categories=tuple(
            TranslatedCategory(category=category, titles=rendered[category.key, Side.CATEGORY])
            for category in corpus.categories
            if (category.key, Side.CATEGORY) in rendered
        ),
        questions=tuple(
            TranslatedQuestion(
                keyed=item,
                titles=rendered[item.key, Side.QUESTION],
                fronts=rendered.get((item.key, Side.FRONT), empty),
                answers=rendered[item.key, Side.ANSWER],
                notes=rendered.get((item.key, Side.NOTE), empty),
            )
            for item in corpus.questions
        ),
        counts=tuple(_counts(language, texts, entries, policy) for language in targets),
    ), tuple(findings)


def _not_begun(language: Language) -> Diagnostic:
    """One remark for a language into which nothing is translated, rather than one for each text."""
    message = f"nothing is translated into {language} yet; the cards show the source alone"
    return diagnostic("untranslated", message, hint=f"to begin, run “deckgen translate extract {language}”")


def unknown_notes(corpus: KeyedCorpus, notes: Notes) -> Iterator[Diagnostic]:
    """Notes for questions that the project does not have."""
    known = {item.key for item in corpus.questions}
    for note in notes.notes:
        if note.key not in known:
            message = f"there is no question with the key “{note.key}”"
            yield diagnostic("bad-note", message, note.location, hint="“deckgen lock show” lists the keys")


def unknown_entries(
    catalogs: Mapping[CatalogId, Catalog], targets: Sequence[Language], texts: Sequence[SourceText]
) -> Iterator[Diagnostic]:
    """One finding per file with entries of questions that the project does not have."""
    known = {text.context for text in texts}
    for (_, language), catalog in catalogs.items():
        if language not in targets:
            continue
        strange = [entry for entry in catalog.entries if not entry.obsolete and entry.context not in known]
        if strange:
            count = "one entry belongs" if len(strange) == 1 else f"{len(strange)} entries belong"
            yield diagnostic(
                "catalog-mismatch",
                f"{count} to no text of this project; the first is “{strange[0].context}”",
                Location(path=catalog.path, line=strange[0].line or 1),
                hint="“deckgen translate extract” keeps them as obsolete; a file of another project has to go",
                excerpt=strange[0].source.split("\n")[0],
            )


_Index = Mapping[tuple[Language, str, str], CatalogEntry]


def _index(catalogs: Mapping[CatalogId, Catalog]) -> _Index:
    return {
        (language, entry.context, entry.source): entry
        for (_, language), catalog in catalogs.items()
        for entry in catalog.entries
        if not entry.obsolete
    }


def _translated(
    text: SourceText, language: Language, entries: _Index, policy: Policy
) -> tuple[Text, tuple[Diagnostic, ...]]:
    written = text.writing(language)
    if written is not None:
        return Text(language=language, markdown=written, state=TextState.REVIEWED), ()
    found = [entries[language, text.context, segment.text] for segment in text.segments]
    hidden = [entry.state is EntryState.DRAFT and policy is not Policy.DRAFT for entry in found]
    translations = [
        None if unshown or not entry.translation else entry.translation
        for entry, unshown in zip(found, hidden, strict=True)
    ]
    states = [
        TextState.PARTIAL if unshown else _STATES[entry.state] for entry, unshown in zip(found, hidden, strict=True)
    ]
    findings = tuple(_findings(text, language, found, hidden, policy))
    if found and not any(translations):
        return Text(language=language, markdown=Markdown(""), state=TextState.MISSING), findings
    state = max(states, key=_DOUBT.index, default=TextState.REVIEWED)
    return Text(language=language, markdown=splice(text.markdown, text.segments, translations), state=state), findings


def _counts(language: Language, texts: Sequence[SourceText], entries: _Index, policy: Policy) -> BlockCounts:
    states = Counter(
        entries[language, text.context, segment.text].state
        for text in texts
        if text.writing(language) is None
        for segment in text.segments
    )
    drafts = states[EntryState.DRAFT]
    return BlockCounts(
        language=language,
        reviewed=states[EntryState.REVIEWED],
        stale=states[EntryState.STALE],
        draft=drafts if policy is Policy.DRAFT else 0,
        hidden=0 if policy is Policy.DRAFT else drafts,
        missing=states[EntryState.MISSING],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shortfall:
    rule: str
    one: str
    many: str
    hint: str


_MISSING = _Shortfall(
    rule="untranslated",
    one="one of {total} blocks of the {side} has no {language} translation",
    many="{count} of {total} blocks of the {side} have no {language} translation",
    hint="run “deckgen translate extract” and fill the empty msgstr in {file}",
)
_HIDDEN = _Shortfall(
    rule="hidden-draft",
    one="one of {total} blocks of the {side} is an unreviewed {language} draft and not shown",
    many="{count} of {total} blocks of the {side} are unreviewed {language} drafts and not shown",
    hint="review them in {file}, or show them with --policy draft",
)
_STALE = _Shortfall(
    rule="stale-translation",
    one="one of {total} blocks of the {side} has changed since its {language} translation was reviewed",
    many="{count} of {total} blocks of the {side} have changed since their {language} translation was reviewed",
    hint="revise the fuzzy entries in {file}, or accept them with “deckgen translate review”",
)


def _findings(
    text: SourceText, language: Language, entries: Sequence[CatalogEntry], hidden: Sequence[bool], policy: Policy
) -> Iterator[Diagnostic]:
    kinds = [
        _HIDDEN if unshown else {EntryState.MISSING: _MISSING, EntryState.STALE: _STALE}.get(entry.state)
        for entry, unshown in zip(entries, hidden, strict=True)
    ]
    counts = Counter(kind.rule for kind in kinds if kind)
    for kind in (_MISSING, _HIDDEN, _STALE):
        if not (count := counts[kind.rule]):
            continue
        words = {"count": count, "total": len(entries), "side": text.side.value, "language": language}
        first = text.segments[next(place for place, found in enumerate(kinds) if found is kind)]
        message = (kind.one if count == 1 else kind.many).format(**words)
        if len(entries) == 1:
            message = message.replace("one of 1 blocks of the", "the")
        found = diagnostic(
            kind.rule,
            message,
            text.place(first),
            hint=kind.hint.format(file=f"locale/{language}", key=text.key),
            excerpt=first.text.split("\n")[0],
        )
        yield replace(found, severity=Severity.ERROR) if policy is Policy.STRICT else found
