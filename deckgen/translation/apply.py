"""Corpus and catalogs → the corpus in every language, as far as the policy shows it; says what it does not show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from deckgen.diagnostics import Diagnostic, Severity, diagnostic
from deckgen.model import (
    BlockCounts,
    Language,
    Markdown,
    Text,
    TextState,
    TranslatedCategory,
    TranslatedCorpus,
    TranslatedQuestion,
)
from deckgen.project.choices import Policy
from deckgen.translation.catalog import Catalog, CatalogEntry, EntryState
from deckgen.translation.material import Material
from deckgen.translation.segments import splice
from deckgen.translation.units import Side, SourceText
from deckgen.translation.unsafe import unsafe_content
from deckgen.translation.update import CatalogId

_HIDDEN = "hidden"
_STATES = {
    _HIDDEN: TextState.PARTIAL,
    EntryState.REVIEWED: TextState.REVIEWED,
    EntryState.STALE: TextState.STALE,
    EntryState.DRAFT: TextState.DRAFT,
    EntryState.MISSING: TextState.PARTIAL,
}
_DOUBT = tuple(TextState)


def translate(material: Material, *, policy: Policy) -> tuple[TranslatedCorpus, tuple[Diagnostic, ...]]:
    """Every text in every language, the source first, and one finding per text that is not shown as it should be.

    A language without any catalog has one finding in all, unless the policy is strict.
    """
    corpus, targets = material.corpus, material.languages
    entries = _index(material.catalogs)
    begun = set(targets) if policy is Policy.STRICT else {language for _, language in material.read}
    shown: dict[tuple[str, Side], tuple[Text, ...]] = {}
    findings = [*unsafe_content(material)]
    for text in material.texts:
        every = [Text(language=corpus.language, markdown=text.markdown, state=TextState.SOURCE)]
        for language in targets:
            translated, problems = _translated(text, language, entries, policy)
            every.append(translated)
            findings += [found for found in problems if language in begun or found.rule != "untranslated"]
        shown[text.key, text.side] = tuple(every)
    findings += [_not_begun(language) for language in targets if language not in begun]
    languages = (corpus.language, *targets)
    empty = tuple(Text(language=one, markdown=Markdown(""), state=TextState.SOURCE) for one in languages)
    return TranslatedCorpus(
        project_id=corpus.project_id,
        languages=languages,
        categories=tuple(
            TranslatedCategory(category=category, titles=shown[category.key, Side.CATEGORY])
            for category in corpus.categories
            if (category.key, Side.CATEGORY) in shown
        ),
        questions=tuple(
            TranslatedQuestion(
                keyed=item,
                titles=shown[item.key, Side.QUESTION],
                fronts=shown.get((item.key, Side.FRONT), empty),
                answers=shown[item.key, Side.ANSWER],
                notes=shown.get((item.key, Side.NOTE), empty),
            )
            for item in corpus.questions
        ),
        counts=tuple(_counts(language, material.texts, entries, policy) for language in targets),
    ), tuple(findings)


def _not_begun(language: Language) -> Diagnostic:
    """One remark for a language into which nothing is translated, rather than one for each text."""
    message = f"nothing is translated into {language} yet; the cards show the source alone"
    return diagnostic("untranslated", message, hint=f"to begin, run “deckgen translate extract {language}”")


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
    kinds = [
        _HIDDEN if entry.state is EntryState.DRAFT and policy is not Policy.DRAFT else entry.state for entry in found
    ]
    translations = [
        None if kind == _HIDDEN else entry.translation or None for entry, kind in zip(found, kinds, strict=True)
    ]
    findings = tuple(_findings(text, language, kinds, policy))
    if found and not any(translations):
        return Text(language=language, markdown=Markdown(""), state=TextState.MISSING), findings
    state = max((_STATES[kind] for kind in kinds), key=_DOUBT.index, default=TextState.REVIEWED)
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


_SHORTFALLS = {
    EntryState.MISSING: (
        "untranslated",
        ("has no {language} translation", "have no {language} translation"),
        "run “deckgen translate extract” and fill the empty msgstr in {file}",
    ),
    _HIDDEN: (
        "hidden-draft",
        ("is an unreviewed {language} draft and not shown", "are unreviewed {language} drafts and not shown"),
        "review them in {file}, or show them with --policy draft",
    ),
    EntryState.STALE: (
        "stale-translation",
        (
            "has changed since its {language} translation was reviewed",
            "have changed since their {language} translation was reviewed",
        ),
        "revise the fuzzy entries in {file}, or accept them with “deckgen translate review”",
    ),
}
"""What is said of blocks that are not shown as they should be: the rule, of one and of many, and a hint."""


def _findings(text: SourceText, language: Language, kinds: Sequence[str], policy: Policy) -> Iterator[Diagnostic]:
    for kind, (rule, said, hint) in _SHORTFALLS.items():
        if not (count := kinds.count(kind)):
            continue
        who = (
            f"the {text.side}"
            if len(kinds) == 1
            else f"{'one' if count == 1 else count} of {len(kinds)} blocks of the {text.side}"
        )
        what = said[count > 1].format(language=language)
        first = text.segments[kinds.index(kind)]
        found = diagnostic(
            rule,
            f"{who} {what}",
            text.place(first),
            hint=hint.format(file=f"locale/{language}"),
            excerpt=first.text.split("\n")[0],
        )
        yield replace(found, severity=Severity.ERROR) if policy is Policy.STRICT else found
