"""Corpus and catalogs → the corpus in every language, as far as the policy shows it; says what it does not show."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    locate_span,
    replace,
)
from deckgen.project import Policy
from deckgen.translation.inline import TokenKind, replaced, tokens
from deckgen.translation.material import Entries, Material
from deckgen.translation.segments import Side, SourceText, splice

_HIDDEN = TextState.PARTIAL
"""Of a block: there is a draft, and the policy shows the source in its place."""
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
    entries = {language: material.entries(language) for language in targets}
    images = {language: _own_images(files, language) for language in targets}
    begun = set(targets) if policy is Policy.STRICT else {language for _, language in material.read}
    shown: dict[tuple[str, Side], tuple[Text, ...]] = {}
    counts = {language: Counter[TextState]() for language in targets}
    findings = [*_unsafe_content(material)]
    for text in material.texts:
        every = [Text(language=corpus.language, markdown=text.markdown, state=TextState.SOURCE)]
        for language in targets:
            states = _states(text, language, entries[language], policy)
            counts[language].update(states)
            every.append(_with_own(_translated(text, language, entries[language], states), images[language]))
            problems = _findings(text, language, states, policy)
            findings += [found for found in problems if language in begun or found.rule != "untranslated"]
        shown[text.key, text.side] = tuple(every)
    findings += [
        diagnostic(
            "untranslated",
            f"nothing is translated into {language} yet; the cards show the source alone",
            hint=f"to begin, run “deckgen translate extract {language}”",
        )
        for language in targets
        if language not in begun
    ]
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
        counts=tuple(
            BlockCounts(
                language=language,
                reviewed=states[TextState.REVIEWED],
                stale=states[TextState.STALE],
                draft=states[TextState.DRAFT],
                hidden=states[_HIDDEN],
                missing=states[TextState.MISSING],
            )
            for language, states in counts.items()
        ),
    ), tuple(findings)


def _states(text: SourceText, language: Language, entries: Entries, policy: Policy) -> list[TextState]:
    """How far each block is, as the policy shows it; a text that its author wrote in ``language`` has none to show."""
    if text.writing(language) is not None:
        return []
    states = (entries[text.context, segment.text][0].state for segment in text.segments)
    return [_HIDDEN if state is TextState.DRAFT and policy is not Policy.DRAFT else state for state in states]


def _translated(text: SourceText, language: Language, entries: Entries, states: Sequence[TextState]) -> Text:
    written = text.writing(language)
    if written is not None:
        return Text(language=language, markdown=written, state=TextState.REVIEWED)
    translations = [
        None if state is _HIDDEN else entries[text.context, segment.text][0].translation or None
        for segment, state in zip(text.segments, states, strict=True)
    ]
    if states and not any(translations):
        return Text(language=language, markdown=Markdown(""), state=TextState.MISSING)
    state = max(states, key=_DOUBT.index, default=TextState.REVIEWED)
    state = TextState.PARTIAL if state is TextState.MISSING else state
    return Text(language=language, markdown=splice(text.whole, text.segments, translations), state=state)


_SHORTFALLS = {
    TextState.MISSING: (
        "untranslated",
        ("has no {language} translation", "have no {language} translation"),
        "run “deckgen translate extract” and fill the empty msgstr in {file}",
    ),
    _HIDDEN: (
        "hidden-draft",
        ("is an unreviewed {language} draft and not shown", "are unreviewed {language} drafts and not shown"),
        "review them in {file}, or show them with --policy draft",
    ),
    TextState.STALE: (
        "stale-translation",
        (
            "has changed since its {language} translation was reviewed",
            "have changed since their {language} translation was reviewed",
        ),
        "revise the fuzzy entries in {file}, or accept them with “deckgen translate review”",
    ),
}
"""What is said of blocks that are not shown as they should be: the rule, of one and of many, and a hint."""


def _findings(
    text: SourceText, language: Language, states: Sequence[TextState], policy: Policy
) -> Iterator[Diagnostic]:
    for state, (rule, said, hint) in _SHORTFALLS.items():
        if not (count := states.count(state)):
            continue
        who = (
            f"the {text.side}"
            if len(states) == 1
            else f"{'one' if count == 1 else count} of {len(states)} blocks of the {text.side}"
        )
        what = said[count > 1].format(language=language)
        first = text.segments[states.index(state)]
        yield diagnostic(
            rule,
            f"{who} {what}",
            text.place(first),
            hint=hint.format(file=f"locale/{language}"),
            excerpt=first.text.split("\n")[0],
            severity=Severity.ERROR if policy is Policy.STRICT else None,
        )


def _own_images(files: Iterable[str], language: Language) -> Mapping[str, str]:
    """The paths of a language's images by their names, as far as Markdown can write them as they are."""
    paths = (PurePosixPath(file) for file in sorted(files) if not set(" ()<>") & set(file))
    return {path.name: str(path) for path in paths if path.parent.name == language}


def _with_own(text: Text, images: Mapping[str, str]) -> Text:
    """The text with its language's images; a path that it writes in another way than Markdown's stays."""
    if not images or "!" not in text.markdown:
        return text
    own = (
        (token.start, token.end, token.text.replace(token.value, images[name], 1))
        for token in tokens(text.markdown)
        if token.kind is TokenKind.IMAGE and (name := token.value.rpartition("/")[2]) in images
    )
    return replace(text, markdown=Markdown(replaced(text.markdown, own)))


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
                yield _diagnostic(item, locate_span(written.markdown, item.start, item.end, written.location))
    for catalog in material.read.values():
        for entry in catalog.entries:
            if not entry.obsolete and (found := _found(entry.translation, plain, documents)):
                known = {item.what for item in _found(entry.source, plain, documents)}
                where = Location(path=catalog.path, line=entry.line or 1)
                yield from (_diagnostic(item, where) for item in found if item.what not in known)


def _found(text: Markdown, context: Context, documents: Documents) -> tuple[Unsafe, ...]:
    return find_unsafe(documents.of(text, context)) if may_be_unsafe(text) else ()


def _diagnostic(item: Unsafe, where: Location) -> Diagnostic:
    severity = Severity.INFO if item.is_remark else None
    return diagnostic(item.rule, item.what, where, hint=item.hint, severity=severity)
