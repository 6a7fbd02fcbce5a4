"""Corpus and catalogs → the corpus in every language, as far as the policy shows it; says what it does not show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from deckgen.diagnostics import Diagnostic, Severity, diagnostic
from deckgen.markdown import Documents
from deckgen.markdown.unsafe import Unsafe, find_unsafe, may_be_unsafe
from deckgen.model import (
    BlockCounts,
    Context,
    Dialect,
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
from deckgen.translation.inline import TokenKind, tokens
from deckgen.translation.material import Material
from deckgen.translation.segments import Side, SourceText, splice
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


def translate(
    material: Material, *, policy: Policy, files: Collection[str] = ()
) -> tuple[TranslatedCorpus, tuple[Diagnostic, ...]]:
    """Every text in every language, the source first, and one finding per text that is not shown as it should be.

    A language without any catalog has one finding in all, unless the policy is strict. Translations show their
    language's images where ``files``, paths relative to the project, have them: of the same name in a folder that the
    language names, as ``imgs/en/``.
    """
    corpus, targets = material.corpus, material.languages
    entries = _index(material.catalogs)
    images = {language: _own_images(files, language) for language in targets}
    begun = set(targets) if policy is Policy.STRICT else {language for _, language in material.read}
    shown: dict[tuple[str, Side], tuple[Text, ...]] = {}
    findings = [*_unsafe_content(material)]
    for text in material.texts:
        every = [Text(language=corpus.language, markdown=text.markdown, state=TextState.SOURCE)]
        for language in targets:
            translated, problems = _translated(text, language, entries, policy)
            every.append(_with_own(translated, images[language]))
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


def _own_images(files: Iterable[str], language: Language) -> Mapping[str, str]:
    """The paths of a language's images by their names, as far as Markdown can write them as they are."""
    paths = (PurePosixPath(file) for file in sorted(files) if not set(" ()<>") & set(file))
    return {path.name: str(path) for path in paths if path.parent.name == language}


def _with_own(text: Text, images: Mapping[str, str]) -> Text:
    """The text with its language's images; a path that it writes in another way than Markdown's stays."""
    if not images or "!" not in text.markdown:
        return text
    parts, last = [], 0
    for token in tokens(text.markdown):
        name = token.value.rpartition("/")[2]
        if token.kind is TokenKind.IMAGE and name in images:
            parts += [text.markdown[last : token.start], token.text.replace(token.value, images[name], 1)]
            last = token.end
    return replace(text, markdown=Markdown("".join([*parts, text.markdown[last:]])))


def _unsafe_content(material: Material) -> Iterator[Diagnostic]:
    """What is not shown of titles, notes and translations because it is not safe; lint says it of answers.

    A translation is told only of what its source does not have.
    """
    plain, documents = Context(dialect=Dialect.GFM), material.documents
    contexts = {text.key: text.chapter.context for text in material.texts}
    for text in material.texts:
        if text.side in (Side.CATEGORY, Side.QUESTION):
            for item in _found(text.markdown, text.chapter.context, documents):
                yield _diagnostic(item, text.location)
    for note in material.notes.values():
        for written in note.texts:
            for item in _found(written.markdown, contexts.get(note.key, plain), documents):
                yield _diagnostic(item, _place(written.markdown, item.start, written.location))
    for catalog in material.read.values():
        for entry in catalog.entries:
            if not entry.obsolete and (found := _found(entry.translation, plain, documents)):
                known = {item.what for item in _found(entry.source, plain, documents)}
                where = Location(path=catalog.path, line=entry.line or 1)
                yield from (_diagnostic(item, where) for item in found if item.what not in known)


def _found(text: Markdown, context: Context, documents: Documents) -> tuple[Unsafe, ...]:
    return find_unsafe(documents.of(text, context)) if may_be_unsafe(text) else ()


def _place(text: str, offset: int, begins: Location) -> Location:
    line = text.count("\n", 0, offset)
    column = offset - text.rfind("\n", 0, offset)
    return Location(path=begins.path, line=begins.line + line, column=column + (0 if line else begins.column - 1))


def _diagnostic(item: Unsafe, where: Location) -> Diagnostic:
    found = diagnostic(item.rule, item.what, where, hint=item.hint)
    return replace(found, severity=Severity.INFO) if item.is_remark else found
