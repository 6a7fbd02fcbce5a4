"""Two releases compared card by card: what counts as which change, what is shown of it, what learners paste."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import genanki
import pytest
from anki_collection import new_collection
from evolving import SECOND, Evolving, start
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from projects import NOON, deckgen

from deckgen.diagnostics import DeckgenError
from deckgen.markdown import safe_html
from deckgen.markdown.tree import block_text
from deckgen.model import Context, Dialect, Guid, Key, Language, Markdown, TextState
from deckgen.releases.changelog import (
    FORMATS,
    WORDS_IN,
    browser_search,
    describe_diff,
    format_diff,
    markdown_changelog,
    read_words,
)
from deckgen.releases.diff import Difference, ReleaseDiff, compare
from deckgen.releases.records import (
    Record,
    RecordedCategory,
    RecordedCopy,
    RecordedEdition,
    RecordedNote,
    RecordedText,
    format_record,
    parse_record,
)
from deckgen.releases.snapshot import read_comparable
from deckgen.text.wording import SpanKind, WordSpan, compare_words, shorten

ZH, EN = Language("zh"), Language("en")
EDITION = RecordedEdition(
    name="zh-en",
    deck="面试",
    note_type=1,
    note_type_name="deckgen x zh-en",
    fields=(1, 2),
    templates=(3,),
    look="a",
    description="b",
)
CATEGORIES = tuple(
    RecordedCategory(key=Key(key), titles={ZH: zh, EN: en}, decks={"zh-en": f"面试::{zh}"})
    for key, zh, en in (("c1", "基础", "Basics"), ("c2", "训练", "Training"))
)


def note(key: str, **changed: object) -> RecordedNote:
    base = RecordedNote(
        key=Key(key),
        category=Key("c1"),
        copies={"zh-en": RecordedCopy(guid=Guid(f"g-{key}"), hash=f"h-{key}", time=1)},
        texts={
            ZH: RecordedText(question="什么是注意力？", answer="看到其他词。", state=TextState.SOURCE),
            EN: RecordedText(question="What is attention?", answer="It sees words.", state=TextState.REVIEWED),
        },
        media=("p1",),
    )
    return replace(base, **changed)


def copies(**changed: object) -> dict[str, RecordedCopy]:
    """The note's one copy with something changed: ``hash="…"``."""
    return {"zh-en": replace(note("a").copies["zh-en"], **changed)}


def record(*notes: RecordedNote, version: str = "1.0.0", **changed: object) -> Record:
    base = Record(
        version=version,
        time=1,
        project_id="x",
        language=ZH,
        editions=(EDITION,),
        categories=CATEGORIES,
        notes=notes,
    )
    return replace(base, **changed)  # type: ignore[arg-type]


def texts(**changed: str) -> dict[Language, RecordedText]:
    """The note's texts with sides changed: ``zh_answer="…"``."""
    result = note("x").texts
    for name, value in changed.items():
        language, side = name.split("_")
        result[Language(language)] = replace(result[Language(language)], **{side: value})
    return result


def only(diff: ReleaseDiff) -> tuple[Difference, ...]:
    (change,) = diff.notes
    return change.kinds


# --- which change it is -----------------------------------------------------------------------------------------------


def test_a_record_does_not_differ_from_itself() -> None:
    assert compare(record(note("a")), record(note("a"))).is_empty


@pytest.mark.parametrize(
    ("new", "kinds"),
    [
        (note("a", texts=texts(zh_answer="看到所有词。")), (Difference.CHANGED,)),
        (note("a", texts=texts(zh_question="注意力是什么？", en_answer="Other.")), (Difference.CHANGED,)),
        (note("a", texts=texts(zh_note="有误。")), (Difference.CHANGED,)),
        (note("a", texts=texts(en_answer="It sees tokens.")), (Difference.RETRANSLATED,)),
        (note("a", texts={ZH: note("a").texts[ZH]}), (Difference.RETRANSLATED,)),
        (note("a", media=("p2",)), (Difference.IMAGES,)),
        (note("a", texts=texts(en_state=TextState.STALE)), (Difference.STATUS,)),
        (note("a", copies=copies(hash="other")), (Difference.FORMATTED,)),
        (note("a", category=Key("c2")), (Difference.MOVED,)),
        (note("a", category=Key("c2"), texts=texts(zh_answer="看到所有词。")), (Difference.CHANGED, Difference.MOVED)),
        (note("a", texts=texts(zh_answer="看到所有词。"), media=()), (Difference.CHANGED,)),
    ],
)
def test_each_change_has_its_kind(new: RecordedNote, kinds: tuple[Difference, ...]) -> None:
    assert only(compare(record(note("a")), record(new))) == kinds


def test_notes_come_and_go() -> None:
    diff = compare(record(note("a"), note("b")), record(note("c"), note("a")))
    assert [(change.key, change.kinds) for change in diff.notes] == [
        ("c", (Difference.ADDED,)),
        ("b", (Difference.RETIRED,)),
    ]


def test_the_first_release_adds_every_note() -> None:
    assert [change.kinds for change in compare(None, record(note("a"), note("b"))).notes] == [(Difference.ADDED,)] * 2


def test_a_later_time_alone_is_no_change() -> None:
    later = note("a", copies=copies(time=99))
    assert compare(record(note("a")), record(later)).is_empty


def test_another_edition_is_no_change_of_its_notes() -> None:
    more = replace(EDITION, name="zh-ja", note_type=9)
    both = {**copies(), "zh-ja": RecordedCopy(guid=Guid("j"), hash="j", time=1)}
    japanese = RecordedText(question="注意とは？", answer="単語を見る。", state=TextState.REVIEWED)
    new = record(note("a", copies=both, texts={**texts(), Language("ja"): japanese}), editions=(EDITION, more))
    diff = compare(record(note("a")), new)
    assert (diff.notes, diff.new_editions, diff.breaches) == ((), ("zh-ja",), ())
    assert [what for _, what in compare(new, record(note("a"))).breaches] == ["the edition is no more"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"note_type": 2}, "another id"),
        ({"fields": (1, 2, 3)}, "other fields or templates"),
        ({"templates": (4,)}, "other fields or templates"),
        ({"deck": "其他"}, "the deck “面试” is now “其他”"),
    ],
)
def test_what_anki_does_not_follow_is_a_breach(changed: dict[str, object], said: str) -> None:
    edition = replace(EDITION, **changed)  # type: ignore[arg-type]
    ((_, what),) = compare(record(note("a")), record(note("a"), editions=(edition,))).breaches
    assert said in what


def test_another_guid_and_a_renamed_category_are_breaches() -> None:
    other = note("a", copies=copies(guid=Guid("z")))
    assert "1 notes have another GUID" in [what for _, what in compare(record(note("a")), record(other)).breaches]
    renamed = (replace(CATEGORIES[0], decks={"zh-en": "面试::别名"}), CATEGORIES[1])
    ((_, what),) = compare(record(note("a")), record(note("a"), categories=renamed)).breaches
    assert what == "the deck “面试::基础” is now “面试::别名”"


def test_another_look_is_told_without_a_card() -> None:
    diff = compare(record(note("a")), record(note("a"), editions=(replace(EDITION, look="z"),)))
    assert (diff.looks, diff.notes) == (("zh-en",), ())


def test_cards_that_are_marked_as_changed_are_no_other_look(tmp_path: Path) -> None:
    project = start(tmp_path)
    text = (tmp_path / "source/chapter.md").read_text("utf-8")
    for number in range(3):
        project.release(f"1.0.{number}", now=NOON + number)
        text = text.replace("。", f"，其{number}。", 1)
        project.change(text, now=NOON + number)
    records = [parse_record(project.record(f"1.0.{number}").read_text("utf-8"), "r") for number in range(3)]
    assert [compare(*pair).looks for pair in itertools.pairwise(records)] == [(), ()]
    assert [len(compare(*pair).notes) for pair in itertools.pairwise(records)] == [1, 1]


def test_counts_are_kept_by_category_and_by_language() -> None:
    old = record(note("a"), note("b"), note("c"))
    new = record(note("a", texts=texts(en_answer="Other.")), note("b", category=Key("c2")), note("d"))
    diff = compare(old, new)
    assert {key: dict(counts) for key, counts in diff.by_category().items()} == {
        "c1": {Difference.RETRANSLATED: 1, Difference.ADDED: 1, Difference.RETIRED: 1},
        "c2": {Difference.MOVED: 1},
    }
    assert {key: dict(counts) for key, counts in diff.by_language().items()} == {
        "zh": {Difference.ADDED: 1, Difference.RETIRED: 1},
        "en": {Difference.ADDED: 1, Difference.RETIRED: 1, Difference.CHANGED: 1},
    }


# --- the words --------------------------------------------------------------------------------------------------------


def marked(spans: tuple[WordSpan, ...]) -> str:
    marks = {SpanKind.KEPT: "{}", SpanKind.REMOVED: "[-{}-]", SpanKind.ADDED: "[+{}+]"}
    return "".join(marks[span.kind].format(span.text) for span in spans)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("看到其他词", "看到所有词", "看到[-其他-][+所有+]词"),
        ("the learning rate is low", "the learning rates are low", "the learning [-rate is-][+rates are+] low"),
        ("用 SGD 训练", "用 AdamW 训练", "用 [-SGD-][+AdamW+] 训练"),
        ("", "新的", "[+新的+]"),
        ("旧的", "", "[-旧的-]"),
        ("一样", "一样", "一样"),
        ("第一行\n第二行", "第一行\n新的行\n第二行", "第一行\n[+新的行\n+]第二行"),
    ],
)
def test_changes_are_shown_by_word_and_by_character(before: str, after: str, shown: str) -> None:
    assert marked(compare_words(before, after)) == shown


TEXTS = st.text(alphabet="的是词在训练模型ab c.\n，；😀é", max_size=60)


@given(TEXTS, TEXTS)
def test_the_spans_hold_both_texts_whole(before: str, after: str) -> None:
    spans = compare_words(before, after)
    assert "".join(span.text for span in spans if span.kind is not SpanKind.ADDED) == before
    assert "".join(span.text for span in spans if span.kind is not SpanKind.REMOVED) == after
    assert all(one.kind is not other.kind for one, other in itertools.pairwise(spans))


@given(TEXTS, TEXTS)
def test_shortening_keeps_every_change(before: str, after: str) -> None:
    spans = compare_words(before, after)
    changed = [span for span in spans if span.kind is not SpanKind.KEPT]
    assert [span for span in shorten(spans, context=5) if span.kind is not SpanKind.KEPT] == changed


def test_a_long_text_is_compared_in_no_time() -> None:
    before = "".join(f"第{number}句说的是模型的训练。" for number in range(3000))
    after = before.replace("第77句", "第七十七句")
    assert len([span for span in compare_words(before, after) if span.kind is not SpanKind.KEPT]) == 2


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("一\n\n二", "一\n二"),
        ("- 甲\n- 乙\n\n  丙", "- 甲\n- 乙\n丙"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2"),
        ("```python\ndef f():\n    pass\n```", "def f():\n    pass"),
        ("**粗**与`code`", "粗与code"),
        ("![图示](a.png)", "[图示]"),
    ],
)
def test_a_field_is_read_as_a_person_reads_it(markdown: str, text: str) -> None:
    assert block_text(safe_html(Markdown(markdown), Context(dialect=Dialect.GFM))) == text


@given(st.text(max_size=80))
def test_any_html_has_a_text(html: str) -> None:
    assert isinstance(block_text(html), str)


# --- how it is shown --------------------------------------------------------------------------------------------------

SAMPLE = compare(
    record(note("a"), note("b"), note("c")),
    record(
        note("a", texts=texts(zh_answer="看到<所有>*词*$x$。")),
        note("b", category=Key("c2")),
        note("d"),
        version="1.1.0",
    ),
)


def test_text_shows_each_change_in_its_words() -> None:
    shown = format_diff(SAMPLE, "text", EN)
    assert "From 1.0.0 to 1.1.0\n1 new, 1 changed, 1 moved, 1 retired\n" in shown
    assert "zh answer: 看到[-其他词-]{+<所有>*词*$x$+}。" in shown
    assert '"note:deckgen x zh-en" ("Key:b")' in shown
    assert "面试::训练" in shown


def test_chinese_words_are_chinese() -> None:
    shown = format_diff(SAMPLE, "markdown", ZH)
    assert "## 1.0.0 → 1.1.0\n\n新增 1、修改 1、换分类 1、移除 1" in shown
    assert "不再收录的卡片" in shown


def test_markdown_and_html_show_the_text_and_never_run_it() -> None:
    for form in ("markdown", "html"):
        shown = format_diff(SAMPLE, form, EN)
        assert "<所有>" not in shown
        assert "<del>其他词</del>" in shown
    rendered = safe_html(Markdown(markdown_changelog(describe_diff(SAMPLE, EN))), Context(dialect=Dialect.GFM))
    assert "<em>" not in rendered.replace("<em>zh answer</em>", "")
    assert "&lt;所有&gt;*" in rendered


def test_a_long_list_of_changes_opens_with_a_tap() -> None:
    log = describe_diff(SAMPLE, EN)
    many = replace(log, sections=tuple(replace(part, entries=part.entries * 400) for part in log.sections))
    assert "<details>" not in markdown_changelog(log)
    shown = safe_html(Markdown(markdown_changelog(many)), Context(dialect=Dialect.GFM))
    assert shown.count("<details>") == shown.count("</ul>\n</details>") == len(log.sections)
    assert f"<summary><code>{log.sections[0].entries[0].key}</code>" in shown


def test_json_tells_everything_to_programs() -> None:
    document = json.loads(format_diff(SAMPLE, "json", EN))
    assert (document["old"], document["new"]) == ("1.0.0", "1.1.0")
    assert document["counts"] == {"changed": 1, "moved": 1, "added": 1, "retired": 1}
    (changed,) = [item for item in document["notes"] if item["kinds"] == ["changed"]]
    assert changed["words"]["zh"]["answer"][0] == ["kept", "看到"]
    assert {step["kind"] for step in document["steps"]} == {"moved", "retired"}


def test_nothing_is_said_of_nothing() -> None:
    same = compare(record(note("a")), record(note("a"), version="1.0.1"))
    assert "No card changed." in format_diff(same, "text", EN)


def test_both_tongues_have_the_same_words() -> None:
    assert set(read_words(ZH)) == set(read_words(EN))
    assert set(Difference) <= set(read_words(EN))


@pytest.mark.parametrize("name", ["deckgen x zh-en", "a*b", "a_b", "back\\slash", "冒号:x", "(a or b)"])
def test_the_search_finds_the_keys_of_one_note_type_in_anki(name: str) -> None:
    with new_collection() as collection:
        for called in (name, f"{name} other", "axb"):
            note_type = collection.models.copy(collection.models.by_name("Basic"), add=False)
            note_type["name"], note_type["flds"][0]["name"] = called, "Key"
            note_type["tmpls"][0]["qfmt"] = "{{Key}}"
            collection.models.add_dict(note_type)
            for key in ("k1", "k2", "k3", "k11"):
                fresh = collection.new_note(collection.models.by_name(called))
                fresh["Key"] = key
                collection.add_note(fresh, collection.decks.id("Default") or 1)
        found = [
            collection.get_card(card).note()
            for card in collection.find_cards(browser_search(name, [Key("k1"), Key("k3")]))
        ]
        assert sorted(item["Key"] for item in found) == ["k1", "k3"]


# --- what can be compared ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evolving, Path, Path]:
    project = start(tmp_path_factory.mktemp("diff") / "project")
    first = project.release("1.0.0", now=NOON + 1000)
    project.change(SECOND, now=NOON + 2000)
    return project, first, project.release("1.1.0", now=NOON + 3000)


def test_records_folders_and_packages_tell_the_same(twice: tuple[Evolving, Path, Path], tmp_path: Path) -> None:
    project, first, second = twice
    builds = []
    for folder in (first, second):
        (tmp_path / folder.name).mkdir()
        package = next(path for path in folder.glob("evolving-zh-en-v*.apkg"))
        builds.append(Path(shutil.copy(package, tmp_path / folder.name)))
    pairs = (
        (project.record("1.0.0"), project.record("1.1.0")),
        (first, second),
        (builds[0], builds[1]),
        (builds[0].parent, builds[1].parent),
        (project.record("1.0.0"), builds[1]),
        (builds[0], second),
    )
    kinds = []
    for old, new in pairs:
        diff = compare(read_comparable(old), read_comparable(new))
        kinds.append({change.key: change.kinds for change in diff.notes})
    assert all(found == kinds[0] for found in kinds)
    assert sorted(kind for found in kinds[0].values() for kind in found) == ["added", "changed", "moved", "retired"]


def test_a_package_says_of_a_note_what_its_record_says(twice: tuple[Evolving, Path, Path]) -> None:
    for folder in twice[1:]:
        package = next(path for path in folder.glob("evolving-zh-en-v*.apkg"))
        from_package, recorded = read_comparable(package), read_comparable(folder)
        for one, other in zip(from_package.notes, recorded.notes, strict=True):
            assert (one.key, one.copies, one.media) == (other.key, other.copies, other.media)
            assert [(language, text.sides) for language, text in one.texts.items()] == [
                (language, text.sides) for language, text in other.texts.items()
            ]


def test_packages_of_strangers_can_be_compared(tmp_path: Path) -> None:
    for version, capital in (("old", "Buenos Aires"), ("new", "La Plata")):
        model = genanki.Model(
            1607392319,
            "Simple",
            fields=[{"name": "Q"}, {"name": "A"}],
            templates=[{"name": "Card 1", "qfmt": "{{Q}}", "afmt": "{{A}}"}],
        )
        deck = genanki.Deck(2059400110, "Capitals")
        deck.add_note(genanki.Note(model=model, fields=["Argentina", capital], guid="g1"))
        genanki.Package(deck).write_to_file(tmp_path / f"{version}.apkg")
    result = deckgen("diff", tmp_path / "old.apkg", tmp_path / "new.apkg")
    assert result.exit_code == 0, result.output
    assert "[-Buenos Aires-]{+La Plata+}" in result.stdout


def test_nothing_in_common_is_said_plainly(twice: tuple[Evolving, Path, Path], tmp_path: Path) -> None:
    model = genanki.Model(
        1607392319, "Simple", fields=[{"name": "Q"}], templates=[{"name": "Card 1", "qfmt": "{{Q}}", "afmt": ""}]
    )
    deck = genanki.Deck(2059400110, "Capitals")
    deck.add_note(genanki.Note(model=model, fields=["Argentina"]))
    genanki.Package(deck).write_to_file(tmp_path / "x.apkg")
    result = deckgen("diff", tmp_path / "x.apkg", twice[1])
    assert result.exit_code == 1
    assert "nothing can be compared: the one has “Simple”, the other “zh-en”" in result.stderr


@pytest.mark.parametrize("form", [*FORMATS])
@pytest.mark.parametrize("language", [*WORDS_IN])
def test_every_format_comes_out_of_the_command(twice: tuple[Evolving, Path, Path], form: str, language: str) -> None:
    project = twice[0]
    result = deckgen("diff", project.record("1.0.0"), project.record("1.1.0"), "--format", form, "--language", language)
    assert result.exit_code == 0, result.output
    assert "什么是权重衰减？" in result.stdout


# --- the record's text ------------------------------------------------------------------------------------------------


def test_a_record_is_read_as_it_was_written() -> None:
    value = record(note("a"), note("b", category=Key("c2"), media=()))
    assert parse_record(format_record(value), "x") == value


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "it is empty"),
        ("{}\n", 1, "the first line is no header"),
        ('{"deckgen-release": 99}\n', 1, "format 99"),
        ("not JSON\n", 1, "no header"),
        (format_record(record()) + "not JSON\n", 5, "no known kind"),
        (format_record(record()) + '{"note": "a"}\n', 5, "category"),
        (format_record(record()) + "[]\n", 5, "line of a release record"),
        (format_record(record(note("a"))).replace('"time": 1}', '"time": "1"}'), 5, "time"),
        (format_record(record(note("a"))).replace('"state": "reviewed"', '"state": "odd"'), 5, "odd"),
        (format_record(record(note("a", category=Key("c9")))), 5, "no line above it has its category"),
        (format_record(record()) + "[" * 100_000, 5, "line of a release record"),
    ],
)
def test_what_is_no_record_is_refused_at_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(DeckgenError, match=said) as caught:
        parse_record(text, "releases/1.0.0.jsonl")
    assert caught.value.location
    assert (caught.value.location.path, caught.value.location.line) == ("releases/1.0.0.jsonl", line)
