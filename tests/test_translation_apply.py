"""What a build shows of the translations, by policy and state, and what it says about the rest."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from small_corpus import CHAPTER, EN, TEXT, ZH, filled, keyed, made

from deckgen.diagnostics import Diagnostic, Severity
from deckgen.markdown import Documents
from deckgen.model import KeyedCorpus, Language, Markdown, TextState, TranslatedCorpus
from deckgen.project import Policy
from deckgen.translation import translate
from deckgen.translation.catalog import Catalog, CatalogEntry, Machine
from deckgen.translation.material import Material, bring_together, strangers
from deckgen.translation.notes import Notes, parse_notes
from deckgen.translation.segments import source_texts
from deckgen.translation.update import Catalogs, update_catalogs

NONE: Notes = MappingProxyType({})
MACHINE = Machine(engine="libre", date="2025-01-01", digest="0")


def catalogs_for(corpus: KeyedCorpus, notes: Notes = NONE) -> dict[tuple[str, Language], Catalog]:
    made_catalogs = update_catalogs({}, tuple(source_texts(corpus, notes, Documents())), languages=(EN,))
    return {key: filled(catalog) for key, catalog in made_catalogs.items()}


def shown(
    corpus: KeyedCorpus,
    catalogs: Catalogs,
    policy: Policy = Policy.REVIEWED,
    notes: Notes = NONE,
) -> tuple[TranslatedCorpus, tuple[Diagnostic, ...]]:
    return translate(together(corpus, catalogs, notes), policy=policy)


def together(corpus: KeyedCorpus, catalogs: Catalogs, notes: Notes = NONE) -> Material:
    return bring_together(corpus, notes, catalogs, Documents(), languages=(EN,))


def changed(catalogs: Catalogs, source: str, **changes: object) -> Catalogs:
    """The catalogs with one entry's fields set."""
    catalog = catalogs[CHAPTER, EN]
    entries = tuple(replace(entry, **changes) if entry.source == source else entry for entry in catalog.entries)  # type: ignore[arg-type]
    assert entries != catalog.entries
    return {(CHAPTER, EN): replace(catalog, entries=entries)}


LAST = "它能达到相对位置编码的效果。"


def test_a_reviewed_translation_is_shown_in_the_place_of_its_source() -> None:
    corpus, _ = keyed(TEXT)
    result, findings = shown(corpus, catalogs_for(corpus))
    assert findings == ()
    source, english = result.questions[0].answers
    assert (source.language, source.state, source.markdown) == (
        ZH,
        TextState.SOURCE,
        corpus.questions[0].question.answer,
    )
    assert english.state is TextState.REVIEWED
    blocks = [made("旋转位置编码是一种绝对位置编码策略。"), made(LAST), f"- {made('没有额外的参数')}\n- {made('高效')}"]
    assert english.markdown.strip() == "\n\n".join(blocks)
    assert result.questions[0].titles[1].markdown == made("什么是旋转位置编码？")
    assert result.categories[0].titles[1].markdown == made("架构")


@pytest.mark.parametrize(
    ("changes", "policy", "state", "visible", "rule"),
    [
        ({"translation": ""}, Policy.REVIEWED, TextState.PARTIAL, False, "untranslated"),
        ({"translation": ""}, Policy.DRAFT, TextState.PARTIAL, False, "untranslated"),
        ({"fuzzy": True, "machine": MACHINE}, Policy.REVIEWED, TextState.PARTIAL, False, "hidden-draft"),
        ({"fuzzy": True, "machine": MACHINE}, Policy.DRAFT, TextState.DRAFT, True, None),
        ({"fuzzy": True}, Policy.REVIEWED, TextState.PARTIAL, False, "hidden-draft"),
        ({"fuzzy": True, "previous": "旧"}, Policy.REVIEWED, TextState.STALE, True, "stale-translation"),
        ({"fuzzy": True, "previous": "旧"}, Policy.DRAFT, TextState.STALE, True, "stale-translation"),
        (
            {"fuzzy": True, "previous": "旧", "machine": MACHINE},
            Policy.REVIEWED,
            TextState.PARTIAL,
            False,
            "hidden-draft",
        ),
        ({"machine": MACHINE}, Policy.REVIEWED, TextState.REVIEWED, True, None),
    ],
)
def test_the_policy_decides_what_is_shown(
    changes: dict[str, object], policy: Policy, state: TextState, visible: bool, rule: str | None
) -> None:
    corpus, _ = keyed(TEXT)
    catalogs = changed(catalogs_for(corpus), LAST, **changes)
    result, findings = shown(corpus, catalogs, policy)
    answer = result.questions[0].answers[1]
    assert answer.state is state
    (counts,) = result.counts
    assert counts.reviewed == 7 + (state is TextState.REVIEWED)
    assert (counts.hidden, counts.draft) == (int(rule == "hidden-draft"), int(state is TextState.DRAFT))
    assert (counts.stale, counts.missing) == (int(state is TextState.STALE), int(rule == "untranslated"))
    assert (made(LAST) in answer.markdown) is visible
    assert made("高效") in answer.markdown
    assert [found.rule for found in findings] == ([rule] if rule else [])


@pytest.mark.parametrize("changes", [{"translation": ""}, {"fuzzy": True}, {"fuzzy": True, "previous": "旧"}])
def test_strict_makes_an_error_of_everything_that_is_not_reviewed(changes: dict[str, object]) -> None:
    corpus, _ = keyed(TEXT)
    _, findings = shown(corpus, changed(catalogs_for(corpus), LAST, **changes), Policy.STRICT)
    assert [found.severity for found in findings] == [Severity.ERROR]


def test_a_finding_is_located_in_the_source() -> None:
    corpus, _ = keyed(TEXT)
    _, (found,) = shown(corpus, changed(catalogs_for(corpus), LAST, translation=""))
    assert found.location is not None
    assert TEXT.split("\n")[found.location.line - 1] == LAST
    assert "one of 4 blocks" in found.message


def test_without_any_catalog_the_source_stands_alone_and_is_counted() -> None:
    corpus, _ = keyed(TEXT)
    result, findings = shown(corpus, {})
    for item in result.questions:
        assert [text.state for text in item.answers] == [TextState.SOURCE, TextState.MISSING]
        assert item.answers[1].markdown == ""
    assert {found.rule for found in findings} == {"untranslated"}
    assert [found.message for found in findings] == [
        "nothing is translated into en yet; the cards show the source alone"
    ]
    _, strict = shown(corpus, {}, policy=Policy.STRICT)
    assert len(strict) == 5


def test_a_build_after_an_edit_shows_the_old_translation_marked_though_nobody_extracted() -> None:
    corpus, lock = keyed(TEXT)
    catalogs = catalogs_for(corpus)
    reworded, _ = keyed(TEXT.replace("相对位置编码的效果", "相对位置编码的良好效果"), lock)
    result, (found,) = shown(reworded, catalogs)
    assert result.questions[0].answers[1].state is TextState.STALE
    assert made(LAST) in result.questions[0].answers[1].markdown
    assert found.rule == "stale-translation"


def test_a_text_without_anything_to_translate_needs_no_entry() -> None:
    corpus, _ = keyed("## 1. RoPE\n\n### 1. RoPE 什么？\n\n`code`\n")
    result, _ = shown(corpus, {})
    assert result.questions[0].answers[1].state is TextState.REVIEWED
    assert result.questions[0].answers[1].markdown == result.questions[0].answers[0].markdown


def test_a_catalog_of_another_project_is_noticed() -> None:
    corpus, _ = keyed(TEXT)
    strange = Catalog(
        language=EN,
        path="locale/en/章.po",
        entries=(CatalogEntry(context="zzz|answer", source=Markdown("别的"), translation=Markdown("other"), line=9),),
    )
    (found,) = strangers(together(corpus, {(CHAPTER, EN): strange}))
    assert found.rule == "catalog-mismatch"
    assert found.location is not None
    assert (found.location.path, found.location.line) == ("locale/en/章.po", 9)


# --- editor's notes ---------------------------------------------------------------------------------------------------


def notes_of(text: str) -> Notes:
    notes, findings = parse_notes(text, "source/notes.toml")
    assert findings == ()
    return notes


def test_a_note_is_translated_like_the_rest() -> None:
    corpus, _ = keyed(TEXT)
    notes = notes_of(f'[{corpus.questions[1].key}]\nzh = """\n第一段。\n\n第二段。\n"""\n')
    catalogs = catalogs_for(corpus, notes)
    result, findings = shown(corpus, catalogs, notes=notes)
    assert findings == ()
    assert result.questions[1].notes[1].markdown == f"{made('第一段。')}\n\n{made('第二段。')}"
    assert result.questions[0].notes[1].markdown == ""
    _, findings = shown(corpus, changed(catalogs, "第二段。", translation=""), notes=notes)
    assert findings[0].location is not None
    assert (findings[0].location.path, findings[0].location.line) == ("source/notes.toml", 5)


def test_a_note_that_its_author_wrote_in_a_language_needs_no_translation() -> None:
    corpus, _ = keyed(TEXT)
    notes = notes_of(f'[{corpus.questions[0].key}]\nzh = "注释。"\nen = "A note."\n')
    result, findings = shown(corpus, catalogs_for(corpus), notes=notes)
    assert findings == ()
    assert [text.markdown for text in result.questions[0].notes] == ["注释。", "A note."]
    assert not any(
        "note" in entry.context for catalog in catalogs_for(corpus, notes).values() for entry in catalog.entries
    )


def test_a_note_for_no_question_is_an_error_at_its_line() -> None:
    corpus, _ = keyed(TEXT)
    findings = strangers(together(corpus, catalogs_for(corpus), notes_of('\n\n[nosuch]\nzh = "x"\n')))
    assert [(found.rule, found.location and found.location.line) for found in findings] == [("bad-note", 3)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[a\n", 1),
        ('\na = "x"\n', 2),
        ("[a]\nzh = 3\n", 1),
        ('[a]\nzh = " "\n', 1),
        ('[b]\nzh = "x"\n[a]\nzh-en = "x"\n', 3),
        ('[a]\nZH = "x"\n', 1),
    ],
)
def test_a_note_that_cannot_be_read_is_located(text: str, line: int) -> None:
    _, findings = parse_notes(text, "source/notes.toml")
    assert [(found.rule, found.location and found.location.line) for found in findings] == [("bad-note", line)]


# --- laws -------------------------------------------------------------------------------------------------------------

STATES = st.sampled_from(
    [{}, {"translation": ""}, {"fuzzy": True}, {"fuzzy": True, "previous": "旧"}, {"fuzzy": True, "machine": MACHINE}]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(STATES, min_size=8, max_size=8), st.sampled_from([Policy.REVIEWED, Policy.DRAFT]))
def test_nothing_unreviewed_is_shown_unmarked_and_nothing_is_lost(
    changes: list[dict[str, object]], policy: Policy
) -> None:
    corpus, _ = keyed(TEXT)
    catalog = catalogs_for(corpus)[CHAPTER, EN]
    entries = tuple(replace(entry, **change) for entry, change in zip(catalog.entries, changes, strict=True))  # type: ignore[arg-type]
    result, _ = shown(corpus, {(CHAPTER, EN): replace(catalog, entries=entries)}, policy)
    for text in (side[1] for item in result.questions for side in (item.titles, item.answers)):
        drafts = [
            entry for entry in entries if entry.translation and entry.translation in text.markdown and entry.fuzzy
        ]
        if any(entry.previous is None for entry in drafts):
            assert policy is Policy.DRAFT
            assert text.state in (TextState.DRAFT, TextState.PARTIAL)
        if text.state is TextState.REVIEWED:
            assert drafts == []
        assert (text.state is TextState.MISSING) == (text.markdown == "")


ELSEWHERE = (
    TEXT.replace("输出上。", "输出上[^原文]。")
    + """
## 2. 训练

### 1. 什么是学习率？

步长。

[^原文]: 脚注的话。
"""
)


def test_a_footnote_that_stands_elsewhere_in_the_chapter_is_translated_where_it_is_used() -> None:
    corpus, _ = keyed(ELSEWHERE)
    texts = tuple(source_texts(corpus, NONE, Documents()))
    (using,) = (text for text in texts if any("脚注" in segment.text for segment in text.segments))
    assert [segment.text for segment in using.segments] == ["脚注的话。", "残差连接把输入加到输出上[^原文]。"]
    line = ELSEWHERE[: ELSEWHERE.index("残差连接把")].count("\n") + 1
    assert [using.place(segment).line for segment in using.segments] == [using.location.line, line]
    result, findings = shown(corpus, catalogs_for(corpus))
    assert findings == ()
    source, translation = result.questions[1].answers
    assert source.markdown == using.markdown
    html = Documents().html_of(translation.markdown, using.chapter.context)
    assert "T[脚注的话。]" in html
    assert html.count("脚注的话") == 1


def test_a_footnote_from_elsewhere_without_a_translation_stays_and_is_told_of() -> None:
    corpus, _ = keyed(ELSEWHERE)
    result, findings = shown(corpus, changed(catalogs_for(corpus), "脚注的话。", translation=""))
    assert [(found.rule, found.excerpt) for found in findings] == [("untranslated", "脚注的话。")]
    context = corpus.questions[1].chapter.context
    html = Documents().html_of(result.questions[1].answers[1].markdown, context)
    assert "<p>脚注的话。" in html
    assert "T[残差连接" in html
