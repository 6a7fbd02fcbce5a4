"""PO files: what they keep, what they refuse, and how they follow the sources."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from small_corpus import CHAPTER, EN, TEXT, filled, keyed, made

from deckgen.diagnostics import DeckgenError, Severity
from deckgen.markdown import Documents
from deckgen.model import KeyedCorpus, Language, Markdown, TextState
from deckgen.translation.catalog import (
    Catalog,
    CatalogEntry,
    Machine,
    Proposal,
    Verdict,
    accepted,
    catalog_name,
    digest,
    format_catalog,
    mark,
    parse_catalog,
    rejected,
)
from deckgen.translation.files import changed_files, read_catalogs, write_files
from deckgen.translation.segments import source_texts
from deckgen.translation.update import Catalogs, update_catalogs

MACHINE = Machine(engine="libre", date="2025-01-01", digest="0123abcd")
NASTY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1, max_size=30)


def update(corpus: KeyedCorpus, catalogs: Catalogs) -> dict[tuple[str, Language], Catalog]:
    return update_catalogs(catalogs, tuple(source_texts(corpus, {}, Documents())), languages=(EN,))


def live(catalog: Catalog) -> list[CatalogEntry]:
    return [entry for entry in catalog.entries if not entry.obsolete]


def by_source(catalog: Catalog) -> dict[str, CatalogEntry]:
    return {entry.source: entry for entry in live(catalog)}


def translated(text: str = TEXT) -> tuple[KeyedCorpus, object, Catalogs]:
    corpus, lock = keyed(text)
    return corpus, lock, {key: filled(catalog) for key, catalog in update(corpus, {}).items()}


# --- the file ---------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            CatalogEntry,
            context=st.sampled_from(["k|answer", "k|question", "m2|note"]),
            source=NASTY,
            translation=st.one_of(st.just(""), NASTY),
            fuzzy=st.booleans(),
            previous=st.none() | NASTY,
            machine=st.none() | st.just(MACHINE),
            draft=st.booleans(),
            verdict=st.none()
            | st.builds(
                Verdict,
                accepted=st.booleans(),
                by=st.sampled_from(["", "李 on 五"]),
                date=st.just("2025-01-01"),
                digest=st.just("0123abcd"),
            ),
            proposal=st.none() | st.builds(Proposal, engine=st.just("a:b/c"), date=st.just("2025-01-01"), text=NASTY),
            comment=st.sampled_from(["", "看一下", "two\nlines"]),
            hint=st.sampled_from(["", "标题"]),
        ),
        max_size=5,
        unique_by=lambda entry: (entry.context, entry.source),
    )
)
def test_a_catalog_survives_its_file(entries: list[CatalogEntry]) -> None:
    text = format_catalog(Catalog(language=EN, path="x.po", entries=tuple(entries)))
    catalog, findings = parse_catalog(text, path="x.po", language=EN)
    assert findings == ()
    assert [replace(entry, line=0) for entry in catalog.entries] == entries
    assert format_catalog(catalog) == text


@pytest.mark.skipif(not shutil.which("msgcat"), reason="gettext is not installed")
def test_gettext_reads_a_catalog_and_writes_the_same_bytes(tmp_path: Path) -> None:
    entries = (
        CatalogEntry(
            context="k|answer", source=Markdown('一\n二 $\\alpha$ "引"'), translation=Markdown("1\n2 \\ \t"), hint="题"
        ),
        CatalogEntry(
            context="k|answer",
            source=Markdown("三"),
            translation=Markdown("3"),
            fuzzy=True,
            previous=Markdown("二\n三"),
        ),
        CatalogEntry(
            context="k|note", source=Markdown("四 %s %d"), translation=Markdown("4"), fuzzy=True, machine=MACHINE
        ),
        CatalogEntry(context="k|answer", source=Markdown("旧"), translation=Markdown("old"), obsolete=True),
    )
    file = tmp_path / "x.po"
    file.write_text(format_catalog(Catalog(language=EN, path="", entries=entries)), encoding="utf-8", newline="\n")
    for command in (["msgfmt", "-c", "-o", str(tmp_path / "x.mo"), str(file)], ["msgcat", "--no-wrap", str(file)]):
        done = subprocess.run(command, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == file.read_bytes()
    escaped = subprocess.run(["msgcat", "--escape", str(file)], capture_output=True, check=True).stdout.decode()
    read, findings = parse_catalog(escaped, path="", language=EN)
    assert (format_catalog(read).encode(), findings) == (file.read_bytes(), ())


def _in_octal(text: str) -> str:
    """As ``msgcat --escape`` writes it."""
    return "".join(
        character if character.isascii() else "".join(f"\\{byte:03o}" for byte in character.encode())
        for character in text
    )


@settings(deadline=None)
@given(NASTY, NASTY, NASTY)
def test_bytes_in_octal_are_the_characters_that_they_encode(source: str, translation: str, previous: str) -> None:
    entry = CatalogEntry(
        context="k|answer",
        source=Markdown(source),
        translation=Markdown(translation),
        fuzzy=True,
        previous=Markdown(previous),
        machine=MACHINE,
    )
    text = format_catalog(Catalog(language=EN, path="x.po", entries=(entry,)))
    read, findings = parse_catalog(_in_octal(text), path="x.po", language=EN)
    assert ([replace(found, line=0) for found in read.entries], findings) == ([entry], ())


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ('msgctxt "k|a"\nmsgid "一"\nmsgstr "1\n', "bad-catalog", 3),
        ('msgctxt "k|a"\nmsgid "一"\nmsgstr "a "b" c"\n', "bad-catalog", 3),
        ('msgctxt "k|a"\n<<<<<<< HEAD\nmsgid "一"\nmsgstr "1"\n', "bad-catalog", 2),
        ("这不是 PO\n", "bad-catalog", 1),
        ('msgid "一"\nmsgid "二"\n', "bad-catalog", 2),
        (2 * 'msgctxt "k|a"\nmsgid "一"\nmsgstr "1"\n\n', "bad-catalog", 5),
        ('msgid "一"\nmsgstr "1"\n', "bad-catalog", 1),
        ('msgctxt "k|a"\nmsgid "一"\nmsgid_plural "二"\nmsgstr[0] "1"\n', "bad-catalog", 1),
        ('msgctxt "k|a"\nmsgid ""\nmsgstr "1"\n', "bad-catalog", 1),
        ('msgctxt "k|a"\nmsgid "一"\nmsgstr "\\344\\270"\n', "bad-catalog", 3),
    ],
)
def test_a_broken_file_is_located_and_never_raises(text: str, rule: str, line: int) -> None:
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    _, findings = parse_catalog(header + text, path="locale/en/x.po", language=EN)
    assert [(found.rule, found.location and found.location.line) for found in findings] == [(rule, line + 3)]


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_offered_as_a_catalog(text: str) -> None:
    parse_catalog(text, path="x.po", language=EN)


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = format_catalog(filled(update(keyed(TEXT)[0], {})[CHAPTER, EN]))
    plain = parse_catalog(text, path="x.po", language=EN)
    assert parse_catalog("\ufeff" + text.replace("\n", "\r\n"), path="x.po", language=EN) == plain


def test_a_file_in_another_encoding_is_reported_and_left_alone(tmp_path: Path) -> None:
    corpus, _, catalogs = translated()
    file = tmp_path / "en" / "章.po"
    file.parent.mkdir()
    file.write_bytes(format_catalog(catalogs[CHAPTER, EN]).encode("gbk"))
    read, findings = read_catalogs(tmp_path, [CHAPTER], [EN])
    assert read == {}
    assert [found.rule for found in findings] == ["bad-catalog"]
    assert findings[0].severity is Severity.ERROR
    before = file.read_bytes()
    with pytest.raises(Exception, match="left alone"):
        write_files(changed_files(tmp_path, read, update(corpus, read), project="test"))
    assert file.read_bytes() == before


def test_a_file_of_another_language_is_noticed(tmp_path: Path) -> None:
    _, _, catalogs = translated()
    write_files(changed_files(tmp_path, {}, catalogs, project="test"))
    shutil.copytree(tmp_path / "en", tmp_path / "ja")
    _, findings = read_catalogs(tmp_path, [CHAPTER], [Language("ja")])
    assert [found.rule for found in findings] == ["catalog-mismatch"]


@pytest.mark.parametrize(
    ("chapter", "name"),
    [
        ("source/模型.md", "模型.po"),
        ("source/a/b.c.md", "a/b.c.po"),
        ("docs/x.markdown", "docs/x.po"),
        ("source/README", "README.po"),
        ("source/a.b/c", "a.b/c.po"),
    ],
)
def test_a_catalog_is_named_after_its_chapter(chapter: str, name: str) -> None:
    assert catalog_name(chapter) == name


# --- states -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "state"),
    [
        (CatalogEntry(context="k|a", source=Markdown("一")), TextState.MISSING),
        (CatalogEntry(context="k|a", source=Markdown("一"), translation=Markdown("1")), TextState.REVIEWED),
        (
            CatalogEntry(context="k|a", source=Markdown("一"), translation=Markdown("1"), machine=MACHINE),
            TextState.REVIEWED,
        ),
        (CatalogEntry(context="k|a", source=Markdown("一"), translation=Markdown("1"), fuzzy=True), TextState.DRAFT),
        (
            CatalogEntry(context="k|a", source=Markdown("一"), translation=Markdown("1"), fuzzy=True, machine=MACHINE),
            TextState.DRAFT,
        ),
        (
            CatalogEntry(
                context="k|a", source=Markdown("一"), translation=Markdown("1"), fuzzy=True, previous=Markdown("二")
            ),
            TextState.STALE,
        ),
        (
            CatalogEntry(
                context="k|a",
                source=Markdown("一"),
                translation=Markdown("1"),
                fuzzy=True,
                previous=Markdown("二"),
                machine=MACHINE,
            ),
            TextState.DRAFT,
        ),
    ],
)
def test_the_marks_of_an_entry_tell_its_state(entry: CatalogEntry, state: TextState) -> None:
    assert entry.state is state
    assert accepted(entry).state is (TextState.REVIEWED if entry.translation else TextState.MISSING)


def test_a_draft_that_a_person_changed_is_told_from_an_untouched_one() -> None:
    machine = replace(MACHINE, digest=digest("text"))
    entry = CatalogEntry(
        context="k|a", source=Markdown("一"), translation=Markdown("text"), fuzzy=True, machine=machine
    )
    assert not entry.edited
    assert replace(entry, translation=Markdown("better text")).edited


# --- following the sources --------------------------------------------------------------------------------------------


def test_a_new_catalog_holds_every_block_in_the_order_of_the_source() -> None:
    catalog = update(keyed(TEXT)[0], {})[CHAPTER, EN]
    assert [entry.source for entry in catalog.entries] == [
        "架构",
        "什么是旋转位置编码？",
        "旋转位置编码是一种绝对位置编码策略。",
        "它能达到相对位置编码的效果。",
        "没有额外的参数",
        "高效",
        "什么是残差连接？",
        "残差连接把输入加到输出上。",
    ]
    assert [entry.context.split("|")[1] for entry in catalog.entries[:3]] == ["category", "question", "answer"]


def test_running_twice_changes_nothing(tmp_path: Path) -> None:
    corpus, _, catalogs = translated(TEXT.replace("高效", "没有额外的参数"))
    write_files(changed_files(tmp_path, {}, catalogs, project="test"))
    read, findings = read_catalogs(tmp_path, [CHAPTER], [EN])
    assert findings == ()
    assert list(changed_files(tmp_path, read, update(corpus, read), project="test")) == []


def test_renumbering_and_reordering_change_no_entry() -> None:
    _, lock, catalogs = translated()
    first, second = TEXT.split("### ")[1:]
    reordered = f"## 7. 架构\n\n### {second.replace('2. ', '1. ')}\n### {first.replace('1. ', '2. ')}"
    after = update(keyed(reordered, lock)[0], catalogs)[CHAPTER, EN]  # type: ignore[arg-type]
    assert sorted(after.entries, key=lambda entry: entry.source) == sorted(
        catalogs[CHAPTER, EN].entries, key=lambda entry: entry.source
    )
    assert after.entries[1].source == "什么是残差连接？"


def test_a_reworded_block_keeps_its_translation_and_remembers_what_it_was_made_for() -> None:
    _, lock, catalogs = translated()
    corpus, lock = keyed(TEXT.replace("一种绝对位置编码策略", "一种固定的绝对位置编码策略"), lock)  # type: ignore[arg-type]
    after = update(corpus, catalogs)
    entry = by_source(after[CHAPTER, EN])["旋转位置编码是一种固定的绝对位置编码策略。"]
    old = "旋转位置编码是一种绝对位置编码策略。"
    assert (entry.translation, entry.previous, entry.state) == (made(old), old, TextState.STALE)
    again, lock = keyed(TEXT.replace("一种绝对位置编码策略", "一种巧妙的绝对位置编码策略"), lock)
    entry = by_source(update(again, after)[CHAPTER, EN])["旋转位置编码是一种巧妙的绝对位置编码策略。"]
    assert (entry.translation, entry.previous) == (made(old), old)
    back = update(keyed(TEXT, lock)[0], after)[CHAPTER, EN]
    assert by_source(back)[old] == by_source(catalogs[CHAPTER, EN])[old]


def test_a_reworded_title_keeps_its_translation_however_much_it_changed() -> None:
    _, lock, catalogs = translated()
    corpus, _ = keyed(TEXT.replace("什么是旋转位置编码？", "RoPE 是什么"), lock)  # type: ignore[arg-type]
    entry = by_source(update(corpus, catalogs)[CHAPTER, EN])["RoPE 是什么"]
    assert (entry.state, entry.translation) == (TextState.STALE, made("什么是旋转位置编码？"))


def test_an_unrelated_block_never_gets_anothers_translation() -> None:
    _, lock, catalogs = translated()
    corpus, _ = keyed(TEXT.replace("它能达到相对位置编码的效果。", "完全不同的一句话，说的是别的。"), lock)  # type: ignore[arg-type]
    after = update(corpus, catalogs)[CHAPTER, EN]
    assert by_source(after)["完全不同的一句话，说的是别的。"].state is TextState.MISSING
    assert [entry.source for entry in after.entries if entry.obsolete] == ["它能达到相对位置编码的效果。"]


def test_short_blocks_have_to_be_much_more_alike() -> None:
    _, lock, catalogs = translated()
    corpus, _ = keyed(TEXT.replace("没有额外的参数", "只有额外的参数"), lock)  # type: ignore[arg-type]
    assert by_source(update(corpus, catalogs)[CHAPTER, EN])["只有额外的参数"].state is TextState.MISSING


def test_questions_are_never_matched_with_one_another() -> None:
    _, lock, catalogs = translated(TEXT.replace("什么是旋转位置编码？", "为什么要使用残差连接？"))
    corpus, _ = keyed(TEXT + "\n### 3. 为什么要使用层归一化？\n\n答案。\n", lock)  # type: ignore[arg-type]
    entry = by_source(update(corpus, catalogs)[CHAPTER, EN])["为什么要使用层归一化？"]
    assert entry.state is TextState.MISSING


def test_what_is_reviewed_in_one_chapter_is_a_draft_in_every_other_until_a_reader_refuses_it() -> None:
    corpus, _ = keyed({CHAPTER: TEXT, "source/新.md": TEXT.replace("什么是", "何为")})
    first = {key: catalog for key, catalog in update(corpus, {}).items() if key[0] == CHAPTER}
    after = update(corpus, {key: filled(catalog) for key, catalog in first.items()})
    offered = by_source(after["source/新.md", EN])
    assert (offered["高效"].state, offered["高效"].translation) == (TextState.DRAFT, made("高效"))
    assert offered["何为残差连接？"].state is TextState.MISSING
    assert update(corpus, after) == after
    refused = rejected(offered["高效"], by="李", date="2025-01-01")
    entries = tuple(refused if entry.source == "高效" else entry for entry in after["source/新.md", EN].entries)
    again = update(corpus, {**after, ("source/新.md", EN): replace(after["source/新.md", EN], entries=entries)})
    assert by_source(again["source/新.md", EN])["高效"] == refused


def test_a_draft_is_not_offered_elsewhere() -> None:
    corpus, _ = keyed({CHAPTER: TEXT, "source/新.md": TEXT})
    first = {key: catalog for key, catalog in update(corpus, {}).items() if key[0] == CHAPTER}
    after = update(corpus, {key: filled(catalog, fuzzy=True) for key, catalog in first.items()})
    assert {entry.state for entry in after["source/新.md", EN].entries} == {TextState.MISSING}


def test_a_mark_changes_with_everything_that_a_reader_saw() -> None:
    entry = CatalogEntry(
        context="k|answer", source=Markdown("一"), translation=Markdown("one"), fuzzy=True, machine=MACHINE
    )
    others = (
        replace(entry, context="k|note"),
        replace(entry, source=Markdown("二")),
        replace(entry, translation=Markdown("two")),
    )
    marks = {mark(entry, EN), mark(entry, Language("ja")), *(mark(other, EN) for other in others)}
    assert len(marks) == 5
    assert mark(accepted(entry, by="李", date="2025-01-01"), EN) == mark(entry, EN)


def test_what_is_gone_stays_obsolete_and_comes_back_with_its_source() -> None:
    _, lock, catalogs = translated()
    without, lock = keyed(TEXT[: TEXT.index("### 2.")], lock)  # type: ignore[arg-type]
    shrunk = update(without, catalogs)
    gone = [entry for entry in shrunk[CHAPTER, EN].entries if entry.obsolete]
    assert [entry.source for entry in gone] == ["什么是残差连接？", "残差连接把输入加到输出上。"]
    assert update(without, shrunk) == shrunk
    assert update(keyed(TEXT, lock)[0], shrunk) == catalogs


def test_a_question_that_moves_to_another_chapter_takes_its_entries_along(tmp_path: Path) -> None:
    _, lock, catalogs = translated()
    first, second = TEXT[: TEXT.index("### 2.")], TEXT[TEXT.index("### 2.") :]
    corpus, _ = keyed({CHAPTER: first, "source/新.md": f"## 1. 其他\n\n{second}"}, lock)  # type: ignore[arg-type]
    after = update(corpus, catalogs)
    moved = by_source(after["source/新.md", EN])
    assert moved["残差连接把输入加到输出上。"].state is TextState.REVIEWED
    assert moved["其他"].state is TextState.MISSING
    assert not any(entry.obsolete for catalog in after.values() for entry in catalog.entries)


def test_an_entry_that_two_files_translate_differently_is_an_error(tmp_path: Path) -> None:
    _, _, catalogs = translated()
    write_files(changed_files(tmp_path, {}, catalogs, project="test"))
    text = (tmp_path / "en/章.po").read_text(encoding="utf-8")
    (tmp_path / "en/_old.po").write_text(text, encoding="utf-8")
    assert read_catalogs(tmp_path, [CHAPTER], [EN])[1] == ()
    (tmp_path / "en/_old.po").write_text(re.sub(r'msgstr "(?=[^"\n])', 'msgstr "older ', text), encoding="utf-8")
    findings = read_catalogs(tmp_path, [CHAPTER], [EN])[1]
    assert {finding.rule for finding in findings} == {"bad-catalog"}
    assert all("with another translation" in finding.message for finding in findings)


def test_translations_of_questions_that_were_never_built_survive_a_new_name_of_their_chapter() -> None:
    corpus, _ = keyed(TEXT)
    catalogs = {key: filled(catalog) for key, catalog in update(corpus, {}).items()}
    renamed, _ = keyed({"source/新.md": TEXT})
    assert {question.key for question in renamed.questions}.isdisjoint(question.key for question in corpus.questions)
    after = update(renamed, catalogs)
    assert all(entry.state is TextState.REVIEWED for entry in live(after["source/新.md", EN]))
    assert not after[CHAPTER, EN].entries


def test_two_chapters_never_share_a_catalog(tmp_path: Path) -> None:
    outside = CHAPTER.removeprefix("source/")
    corpus, _ = keyed({CHAPTER: TEXT, outside: "## 1. 其他\n\n### 1. 什么是掩码？\n\n答。\n"})
    with pytest.raises(DeckgenError, match="would share the catalog"):
        list(changed_files(tmp_path, {}, update(corpus, {}), project="test"))
    write_files(changed_files(tmp_path, {}, translated()[2], project="test"))
    _, findings = read_catalogs(tmp_path, [CHAPTER, outside], [EN])
    assert [finding.rule for finding in findings] == ["bad-catalog"]


def test_entries_of_a_chapter_whose_file_was_renamed_are_found(tmp_path: Path) -> None:
    _, lock, catalogs = translated()
    write_files(changed_files(tmp_path, {}, catalogs, project="test"))
    corpus, _ = keyed({"source/改名.md": TEXT}, lock)  # type: ignore[arg-type]
    read, _ = read_catalogs(tmp_path, ["source/改名.md"], [EN])
    files = list(changed_files(tmp_path, read, update(corpus, read), project="test"))
    write_files(files)
    assert [(file.name, file.text is None) for file in files] == [
        ("locale/en/改名.po", False),
        ("locale/en/章.po", True),
    ]
    assert 'msgstr ""' not in (tmp_path / "en" / "改名.po").read_text(encoding="utf-8").split("\n\n", 1)[1]


def test_a_draft_whose_source_changes_is_still_a_draft() -> None:
    for changes in ({"fuzzy": True, "machine": MACHINE}, {"fuzzy": True}):
        corpus, lock = keyed(TEXT)
        catalogs = {key: filled(catalog, **changes) for key, catalog in update(corpus, {}).items()}
        reworded, _ = keyed(TEXT.replace("一种绝对", "一种固定的绝对"), lock)
        after = update(reworded, catalogs)
        entry = by_source(after[CHAPTER, EN])["旋转位置编码是一种固定的绝对位置编码策略。"]
        assert (entry.state, entry.previous) == (TextState.DRAFT, "旋转位置编码是一种绝对位置编码策略。")
        text = format_catalog(after[CHAPTER, EN])
        assert parse_catalog(text, path="", language=EN)[0].entries[2].state is TextState.DRAFT


def test_a_reviewed_machine_text_whose_source_changes_is_stale_and_no_draft() -> None:
    corpus, lock = keyed(TEXT)
    catalogs = {key: filled(catalog, machine=MACHINE) for key, catalog in update(corpus, {}).items()}
    reworded, _ = keyed(TEXT.replace("一种绝对", "一种固定的绝对"), lock)
    entry = by_source(update(reworded, catalogs)[CHAPTER, EN])["旋转位置编码是一种固定的绝对位置编码策略。"]
    assert entry.state is TextState.STALE


def test_comments_and_headers_of_translators_are_kept() -> None:
    corpus, _, catalogs = translated()
    catalog = catalogs[CHAPTER, EN]
    commented = replace(
        catalog,
        header=(("Language", "en"), ("Last-Translator", "A Reader")),
        comment="A note",
        entries=tuple(replace(entry, comment="请核对", flags=("no-wrap",)) for entry in catalog.entries),
    )
    after = update(corpus, {(CHAPTER, EN): commented})[CHAPTER, EN]
    assert after == commented
    assert "# 请核对" in format_catalog(after)
    assert "A Reader" in format_catalog(after)


def test_a_header_that_names_another_encoding_is_found() -> None:
    text = 'msgid ""\nmsgstr ""\n"Language: en\\n"\n"Content-Type: text/plain; charset=GBK\\n"\n'
    _, findings = parse_catalog(text, path="a.po", language=Language("en"))
    assert [(found.rule, found.location.line if found.location else 0) for found in findings] == [("bad-catalog", 4)]
    _, findings = parse_catalog(text.replace("GBK", "utf-8"), path="a.po", language=Language("en"))
    assert findings == ()


SHIPPED = sorted((Path(__file__).parent.parent / "locale").rglob("*.po"))


@pytest.mark.skipif(not shutil.which("msgcat"), reason="gettext is not installed")
@pytest.mark.parametrize("options", ["--width=78", "--escape", "--sort-output", "--no-wrap", "--add-location=never"])
def test_a_tool_that_writes_the_shipped_files_its_own_way_loses_nothing(options: str) -> None:
    assert SHIPPED
    for file in SHIPPED:
        written = subprocess.run(["msgcat", options, str(file)], capture_output=True, check=True).stdout.decode()
        before, after = (
            parse_catalog(text, path="x.po", language=EN) for text in (file.read_text(encoding="utf-8"), written)
        )
        assert after[1] == before[1] == ()
        kept = [{replace(entry, line=0) for entry in catalog.entries} for catalog, _ in (before, after)]
        assert kept[0] == kept[1]
