"""deckgen.lock: it survives being written, merges line by line, and every way to break it is a located error."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from corpora import deck, one, prose, run
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from projects import deckgen, make_project

from deckgen.diagnostics import DeckgenError, Diagnostic
from deckgen.identity.editions import freeze_names
from deckgen.identity.lock import (
    VERSION,
    CategoryNames,
    CategoryRecord,
    EditionRecord,
    Lock,
    NoteRecord,
    NoteTypeRecord,
    PendingRecord,
    Stamp,
    format_lock,
    parse_lock,
)
from deckgen.identity.merging import merge_lock
from deckgen.identity.stamping import stamp
from deckgen.model import EditionNames, Guid, Key, SubdeckNames, parse_edition
from deckgen.text.similarity import sketch

_TEXT = st.text(st.characters(exclude_categories=("Cs",)))
_NAME = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)
_KEY = st.from_regex(r"[a-z0-9][a-z0-9-]{1,31}", fullmatch=True).map(Key)
_TIME = st.integers(0, 2**40)
_STAMP = st.builds(Stamp, hash=_NAME, time=_TIME, inputs=_TEXT, shipped=st.tuples(_NAME, _TIME)) | st.builds(
    Stamp, hash=_NAME, time=_TIME, inputs=_TEXT
)
_SHAPE = {"hash": _NAME, "time": _TIME, "inputs": _TEXT}
_SKETCH = _TEXT.map(sketch)


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    names = sorted(draw(st.sets(_NAME, max_size=3)))
    ids = st.lists(st.tuples(_NAME, st.integers(0, 2**40)), max_size=3).map(dict)
    editions = tuple(
        EditionRecord(
            name=name,
            deck=draw(_NAME),
            note_type_name=draw(_NAME),
            note_type=draw(st.none() | st.builds(NoteTypeRecord, id=_TIME, fields=ids, templates=ids, **_SHAPE)),
        )
        for name in names
    )
    category_keys = sorted(draw(st.sets(_KEY, min_size=1, max_size=3)))
    frozen = st.builds(CategoryNames, deck=_NAME, tag=_NAME, slug=st.from_regex(r"[\w-]+", fullmatch=True))
    categories = tuple(
        CategoryRecord(key=key, title=draw(_TEXT), names={name: draw(frozen) for name in names})
        for key in category_keys
    )
    keys = sorted(draw(st.sets(_KEY, max_size=5)))
    cut = draw(st.integers(0, len(keys)))
    category = st.sampled_from(category_keys)
    notes = tuple(
        NoteRecord(
            key=key,
            guid=Guid(f"guid-{place}"),
            chapter=draw(_NAME),
            category=draw(category),
            title=draw(_TEXT),
            answer=draw(_TEXT),
            sketch=draw(_SKETCH),
            since=draw(_TEXT),
            retired=draw(st.none() | _TEXT),
            stamps={name: draw(_STAMP) for name in names},
        )
        for place, key in enumerate(keys[:cut])
    )
    pending = tuple(
        PendingRecord(
            key=key,
            chapter=draw(_NAME),
            category=draw(category),
            title=draw(_TEXT),
            answer=draw(_TEXT),
            sketch=draw(_SKETCH),
            candidates=tuple(note.key for note in notes[:2]),
        )
        for key in keys[cut:]
    )
    releases = tuple(draw(st.lists(_TEXT, max_size=3)))
    return Lock(
        project_id=draw(_NAME),
        releases=releases,
        editions=editions,
        categories=categories,
        notes=notes,
        pending=pending,
    )


@given(locks())
def test_a_lock_survives_being_written(lock: Lock) -> None:
    assert parse_lock(format_lock(lock)) == (lock, ())


@given(locks())
def test_every_line_is_one_json_object(lock: Lock) -> None:
    lines = format_lock(lock).split("\n")
    assert lines.pop() == ""
    assert len(lines) == 1 + len(lock.editions) + len(lock.categories) + len(lock.notes) + len(lock.pending)
    assert all(isinstance(json.loads(line), dict) for line in lines)


@given(st.text() | locks().map(format_lock), st.data())
def test_a_damaged_lock_is_read_or_reported_with_its_line(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    damaged = text[:start] + data.draw(st.text(max_size=5)) + text[start + data.draw(st.integers(0, 5)) :]
    lock, findings = parse_lock(damaged)
    assert (lock is None) == bool(findings)
    for found in findings:
        assert found.rule == "bad-lock"
        assert found.location
        assert 1 <= found.location.line <= damaged.count("\n") + 1


def built(*items: tuple[str, str]) -> Lock:
    """The lock after a build of these questions."""
    matched = run(one(*items))
    category = matched.corpus.categories[0].key
    names = SubdeckNames(category=category, deck="基础 · Basics", tag="t::基础", slug="basics")
    proposal = EditionNames(edition=parse_edition("zh-en"), deck="Deck", note_type="type", subdecks=(names,))
    _, lock = freeze_names(matched.lock, (proposal,))
    return stamp((deck(matched),), lock, now=1_700_000_000, release=None)[1]


TWO = built(("什么是甲", prose(1)), ("什么是乙", prose(2)))


def lines(lock: Lock = TWO) -> list[str]:
    return format_lock(lock).splitlines()


def findings(*text: str) -> tuple[Diagnostic, ...]:
    lock, found = parse_lock("\n".join(text) + "\n")
    assert lock is None
    return found


def only_finding(*text: str) -> tuple[int, str, str]:
    """Line, message and hint of the one thing that is wrong."""
    (found,) = findings(*text)
    assert found.location
    return found.location.line, found.message, found.hint


def test_merge_markers_are_each_reported_with_what_to_do() -> None:
    header, *rest = lines()
    found = findings(header, "<<<<<<< HEAD", *rest[:1], "=======", *rest[1:], ">>>>>>> branch")
    assert [place.location.line for place in found if place.location] == [2, 4, len(rest) + 4]
    assert "deckgen lock merge" in found[0].hint


def test_a_newer_format_asks_for_a_newer_deckgen() -> None:
    header = json.dumps({"deckgen-lock": VERSION + 1, "project": "x", "anything": []})
    assert only_finding(header, *lines()[1:]) == (
        1,
        f"the lock has format {VERSION + 1}; this deckgen reads up to {VERSION}",
        "install a newer deckgen",
    )
    with pytest.raises(DeckgenError, match=f"has format {VERSION + 1}"):
        merge_lock(format_lock(MANY).replace(f": {VERSION}", f": {VERSION + 1}", 1))


@pytest.mark.parametrize("text", ["", "\n", "   \n\n"])
def test_an_empty_lock_is_an_error_and_not_a_first_build(text: str) -> None:
    assert only_finding(text)[1] == "the lock is empty"


@pytest.mark.parametrize(
    "header", ["{}", "[]", "1", "null", "nonsense", '{"deckgen-lock": "1"}', '{"deckgen-lock": 0}']
)
def test_a_wrong_header_is_reported_at_its_line(header: str) -> None:
    line, _, hint = only_finding(header, *lines()[1:])
    assert line == 1
    assert "restore" in hint


def test_two_lines_with_one_key_are_named_with_the_way_to_settle_them() -> None:
    text = lines()
    again = text[-1].replace('"time": 1700000000', '"time": 1700000009')
    assert again != text[-1]
    line, message, hint = only_finding(*text, again)
    assert line == len(text) + 1
    assert f"is on line {len(text)} already" in message
    assert "deckgen lock merge" in hint


def test_two_notes_with_one_guid_are_named() -> None:
    text = lines()
    guid = json.loads(text[-2])["guid"]
    broken = json.dumps(json.loads(text[-1]) | {"guid": guid}, ensure_ascii=False)
    assert only_finding(*text[:-1], broken)[:2] == (
        len(text),
        f"GUID “{guid}” is on line {len(text) - 1} already",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"guid": 3}, "Expected `str`, got `int` - at `$.guid`"),
        ({"guid": ""}, "at `$.guid`"),
        ({"note": "NO!"}, "at `$.note`"),
        ({"note": None}, "at `$.note`"),
        ({"sketch": "5:AAAA"}, "has a sketch that cannot be read"),
        ({"stamps": []}, "at `$.stamps`"),
        (
            {"stamps": {"zh-en": {"hash": "x", "time": -1, "inputs": ""}}},
            ">= 0 - at `$.stamps[...].time`",
        ),
        ({"stamps": {"zh-en": {"hash": "x", "time": True, "inputs": ""}}}, "at `$.stamps[...].time`"),
        ({"stamps": {"zh-en": {"hash": "x", "time": 1}}}, "missing required field `inputs`"),
        ({"stamps": {"zh-en": {"hash": "x", "time": 1, "inputs": "", "shipped": ["x"]}}}, ".shipped`"),
        ({"retired": 5}, "at `$.retired`"),
        ({"linked": "zzzzzzz"}, "which the lock does not have"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"category": "zzzzzzz"}, "which the lock does not have"),
    ],
)
def test_nonsense_in_a_note_is_reported_at_its_line(change: dict[str, object], said: str) -> None:
    text = lines()
    line, message, hint = only_finding(*text[:-1], json.dumps(json.loads(text[-1]) | change))
    assert line == len(text)
    assert said in message
    assert hint


@pytest.mark.parametrize(
    "line", ["{", "[1]", "7", '{"note": "abc"}', '{"who": 1}', "{}", '{"a": 1, "a": 2}', "[" * 9999]
)
def test_a_line_that_is_no_record_is_reported(line: str) -> None:
    assert only_finding(*lines(), line)[0] == len(lines()) + 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"edition": "zh-en"', '"edition": "../x"', "“../x” is not a language tag"),
        ('"fields": {', '"sort": 9999, "fields": {', "sorts by a field that it does not have"),
        ('"slug": "', '"slug": "x/../../', "slug"),
        ('"slug": "', '"slug": "\\u0000', "slug"),
    ],
)
def test_a_name_or_a_number_that_leads_elsewhere_is_reported(old: str, new: str, said: str) -> None:
    text = lines()
    number = next(number for number, line in enumerate(text) if old in line)
    text[number] = text[number].replace(old, new)
    first = findings(*text)[0]
    assert first.location
    assert (first.location.line, said in first.message) == (number + 1, True), first


def test_every_wrong_line_is_reported_at_once() -> None:
    assert [found.location.line for found in findings(*lines(), "{", "[]") if found.location] == [
        len(lines()) + 1,
        len(lines()) + 2,
    ]


def test_windows_line_ends_and_blank_lines_do_no_harm() -> None:
    assert parse_lock("\r\n".join([*lines(), "", ""])) == (TWO, ())


def test_the_order_of_the_lines_does_not_count() -> None:
    header, *rest = lines()
    assert parse_lock("\n".join([header, *reversed(rest)])) == (TWO, ())


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout


def test_branches_that_each_add_questions_merge_into_one_sound_lock(tmp_path: Path) -> None:
    """With the merge driver that .gitattributes sets, whatever lines come to lie beside each other."""
    attributes = (Path(__file__).parent.parent / ".gitattributes").read_text(encoding="utf-8")
    assert "deckgen.lock merge=union" in attributes.splitlines()
    base = [("什么是甲", prose(1)), ("什么是乙", prose(2))]
    left = [(f"左边第{index}个问题", prose(100 + index)) for index in range(15)]
    right = [(f"右边第{index}个问题", prose(200 + index)) for index in range(15)]
    path = tmp_path / "deckgen.lock"

    def commit(lock: Lock) -> None:
        path.write_text(format_lock(lock), encoding="utf-8", newline="\n")
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-q", "-m", "x")

    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / ".gitattributes").write_text(attributes, encoding="utf-8", newline="\n")
    commit(built(*base))
    git(tmp_path, "checkout", "-q", "-b", "left")
    commit(built(*base, *left))
    git(tmp_path, "checkout", "-q", "main")
    commit(built(*base, *right))
    git(tmp_path, "merge", "-q", "left")
    text = path.read_text(encoding="utf-8")
    assert "deckgen lock merge" in only_finding(*text.splitlines())[2]
    merged, _ = merge_lock(text)
    assert [note.key for note in merged.live] == [note.key for note in built(*base, *left, *right).live]
    assert parse_lock(format_lock(merged)) == (merged, ())
    cut = text.splitlines(keepends=True)[:-1]
    with pytest.raises(DeckgenError, match="is missing"):
        merge_lock("".join(cut))


def test_one_note_changed_on_two_branches_is_made_one_line() -> None:
    changed = replace(
        TWO.notes[0], title="另一个题目", stamps={"zh-en": Stamp(hash="x", time=1_800_000_000, inputs="")}
    )
    both = [*lines(), format_lock(replace(TWO, notes=(changed,))).splitlines()[-1]]
    first = next(number for number, line in enumerate(both) if f'"note": "{changed.key}"' in line)
    assert f"is on line {first + 1} already" in only_finding(*both)[1]
    assert merge_lock("\n".join(both))[0] == replace(TWO, notes=(changed, *TWO.notes[1:]))


# --- a lock that is not whole -----------------------------------------------------------------------------------------

MANY = built(*((f"什么是第{index}个概念", prose(index)) for index in range(20)))


def test_locks_of_two_projects_are_never_made_one() -> None:
    lock = Lock(project_id="one")
    with pytest.raises(DeckgenError, match="locks of two projects, “one” and “two”"):
        merge_lock(format_lock(lock) + format_lock(replace(lock, project_id="two")))


@pytest.mark.parametrize("kept", range(1, len(format_lock(MANY).splitlines())))
def test_a_lock_cut_at_a_line_end_is_an_error_with_the_way_back(kept: int) -> None:
    text = format_lock(MANY).splitlines()[:kept]
    found = findings(*text)
    assert all("restore" in place.hint for place in found)
    with pytest.raises(DeckgenError, match="tells of 20 notes") as refused:
        merge_lock("\n".join(text))
    assert "git checkout HEAD" in refused.value.hint


def test_a_lost_line_and_a_changed_one_are_found_at_the_header() -> None:
    text = format_lock(MANY).splitlines()
    assert only_finding(*text[:-5], *text[-4:])[:2] == (
        1,
        "the lock is not as it was written: its header tells of 20 notes, and there are 19",
    )
    changed = [*text[:-1], text[-1].replace("什么是", "为什么")]
    assert changed != text
    line, _, hint = only_finding(*changed)
    assert line == 1
    assert "deckgen lock merge" in hint
    merged, _ = merge_lock("\n".join(changed))
    assert parse_lock(format_lock(merged)) == (merged, ())


def test_going_on_without_a_lost_note_takes_an_explicit_word() -> None:
    text = format_lock(MANY).splitlines()[:-1]
    merged, _ = merge_lock("\n".join(text), accept_missing=True)
    assert merged.notes == MANY.notes[:-1]


def test_a_lock_of_the_first_format_is_read_and_gains_the_check() -> None:
    """As deckgen 0.1.0 wrote it: without the count and the digest."""
    header = json.dumps({"deckgen-lock": 1, "project": MANY.project_id, "releases": []})
    text = "\n".join([header, *format_lock(MANY).splitlines()[1:]])
    assert parse_lock(text) == (MANY, ())
    assert format_lock(MANY).startswith('{"deckgen-lock": 2, ')


def test_a_branch_with_the_first_format_merges_into_the_newer(tmp_path: Path) -> None:
    old = json.dumps({"deckgen-lock": 1, "project": MANY.project_id, "releases": ["1.0.0"]})
    merged, _ = merge_lock("\n".join([old, *format_lock(MANY).splitlines()]))
    assert merged == replace(MANY, releases=("1.0.0",))


def test_of_notes_that_share_a_definition_only_those_that_show_it_are_said_to_change(tmp_path: Path) -> None:
    chapter = (
        "## 基础\n\n### 什么是甲？\n\n甲[^1]。\n\n### 什么是乙？\n\n乙。\n\n### 什么是丙？\n\n丙。\n\n[^1]: 脚注。\n"
    )
    make_project(tmp_path, chapter=chapter, settings='[deck]\nid = "x"\neditions = ["zh"]\n', picture=False)
    deckgen("build", "--project", tmp_path)
    (tmp_path / "source/chapter.md").write_text(chapter.replace("脚注", "新脚注"), encoding="utf-8", newline="\n")
    told = deckgen("check", "--project", tmp_path).output
    assert "edition zh: the content of 1 note: " in told
    assert "edition zh: what is remembered of 2 notes, whose cards stay as they are" in told
