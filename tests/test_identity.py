"""Who is who over time: keys that survive every edit, doubts that are never guessed, times that follow content."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from corpora import PROJECT, chapter, corpus, deck, key_list, keys, one, prose, reworded, run
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from deckgen.diagnostics import DeckgenError
from deckgen.identity.changes import ChangeKind, describe_changes
from deckgen.identity.editions import freeze_names, grow_editions, name_findings
from deckgen.identity.keys import base_guid, derive_project_id, edition_guid, mint_key
from deckgen.identity.lock import Lock, NoteTypeRecord, Stamp, format_lock
from deckgen.identity.matching import Matched, match
from deckgen.identity.merging import merge_lock
from deckgen.identity.settling import link_question, split_question
from deckgen.identity.stamping import stamp, updated_keys
from deckgen.model import Corpus, EditionNames, Guid, Key, Markdown, SubdeckNames, is_key, parse_edition

TOPICS = (
    *("注意力机制", "残差连接", "层归一化", "位置编码", "词表大小", "低秩适配", "知识蒸馏", "模型量化", "梯度裁剪"),
    *(
        "混合精度",
        "学习率预热",
        "检索增强",
        "奖励模型",
        "直接偏好优化",
        "专家混合",
        "上下文窗口",
        "键值缓存",
        "推测解码",
    ),
)


def kinds(matched: Matched) -> list[tuple[ChangeKind, str]]:
    return [(change.kind, change.key) for change in matched.changes.items]


def spread(items: Sequence[tuple[str, str]], places: Sequence[int]) -> Corpus:
    """The items over two chapters of two categories each; ``places`` says which of the four, by index."""
    names = (("source/a.md", "基础"), ("source/a.md", "训练"), ("source/b.md", "推理"), ("source/b.md", "评测"))
    found = [[item for item, place in zip(items, places, strict=True) if place == number] for number in range(4)]
    return corpus(
        *(
            chapter(path, [(names[number][1], found[number]) for number in numbers])
            for path, numbers in (("source/a.md", (0, 1)), ("source/b.md", (2, 3)))
        )
    )


ITEMS = tuple((f"什么是{topic}？", prose(number)) for number, topic in enumerate(TOPICS))
_PLACES = st.lists(st.integers(0, 3), min_size=len(ITEMS), max_size=len(ITEMS))


# --- laws -------------------------------------------------------------------------------------------------------------


@given(st.permutations(ITEMS), _PLACES, _PLACES)
@settings(deadline=None, max_examples=50)
def test_no_order_and_no_move_changes_a_key(
    order: Sequence[tuple[str, str]], before: Sequence[int], after: Sequence[int]
) -> None:
    first = run(spread(ITEMS, before))
    second = run(spread(order, after), first.lock)
    assert keys(second) == keys(first)
    assert {item.key: item.guid for item in second.corpus.questions} == {
        item.key: item.guid for item in first.corpus.questions
    }
    assert not {change.kind for change in second.changes.items} - {ChangeKind.MOVED}


@given(st.sets(st.integers(0, len(ITEMS) - 1)), st.sets(st.integers(0, len(ITEMS) - 1)), st.integers(0, 99), _PLACES)
@settings(deadline=None, max_examples=50)
def test_rewording_answers_and_titles_changes_no_key(
    titles: set[int], answers: set[int], seed: int, places: Sequence[int]
) -> None:
    changed = [
        (
            f"请你介绍一下{TOPICS[number]}" if number in titles else title,
            reworded(answer, seed, 0.1) if number in answers else answer,
        )
        for number, (title, answer) in enumerate(ITEMS)
    ]
    first = run(spread(ITEMS, places))
    second = run(spread(changed, places), first.lock)
    assert key_list(second) == key_list(first)


@given(st.permutations(ITEMS[:9]), st.permutations(ITEMS[5:]), st.integers(0, 99))
@settings(deadline=None, max_examples=50)
def test_a_second_run_changes_nothing(
    before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]], seed: int
) -> None:
    edited = [(title, reworded(answer, seed, 0.6)) for title, answer in after]
    first = run(one(*before))
    second = run(one(*edited), first.lock)
    third = run(one(*edited), second.lock)
    assert third.lock == second.lock
    assert key_list(third) == key_list(second)
    assert not {change.kind for change in third.changes.items} - {ChangeKind.PENDING}


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_the_order_of_questions_never_decides_who_is_who(data: st.DataObject) -> None:
    """Edits of all kinds at once: whichever order the questions come in, each gets the same key or the same doubt."""
    seed = data.draw(st.integers(0, 999))
    chosen = random.Random(seed)
    before = [(title, answer) for title, answer in ITEMS]
    after = [
        (
            chosen.choice((title, f"{title}请举例", f"谈谈{TOPICS[number]}", chosen.choice(ITEMS)[0])),
            reworded(
                chosen.choice((answer, answer, chosen.choice(ITEMS)[1])), seed, chosen.choice((0.0, 0.2, 0.5, 0.8))
            ),
        )
        for number, (title, answer) in enumerate(before)
    ]
    after = list(dict.fromkeys(after))
    lock = run(one(*before)).lock

    def outcome(order: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        matched = run(one(*order), lock)
        found = {(item.question.title, item.question.answer): item.key for item in matched.corpus.questions}
        known = {note.key for note in lock.notes}
        return {
            item: key if (key := str(found.get(item, "doubtful"))) in known else "doubtful or new" for item in order
        }

    assert outcome(after) == outcome(data.draw(st.permutations(after)))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "？", "总结", "总 结", "什么是甲"]), st.sampled_from(["", "略", prose(1), prose(2)])
        )
    )
)
@settings(deadline=None)
def test_no_two_questions_share_a_key_however_alike_they_are(items: list[tuple[str, str]]) -> None:
    first = run(one(*items))
    assert len(set(key_list(first))) == len(items)
    assert len({item.guid for item in first.corpus.questions}) == len(items)
    second = run(one(*items, *items), first.lock)
    assert len(set(key_list(second))) == len(key_list(second))


# --- keys -------------------------------------------------------------------------------------------------------------


def test_two_machines_mint_the_same_keys_whatever_the_answers_are_so_far() -> None:
    first = run(one(("1. 什么是甲？", prose(1)), ("什么是乙？", prose(2))))
    second = run(one(("2. 什么是乙", prose(3)), ("３．什么是甲", prose(4))))
    assert sorted(key_list(first)) == sorted(key_list(second))
    assert keys(first)["1. 什么是甲？"] == keys(second)["３．什么是甲"]


def test_keys_and_guids_are_what_they_always_were() -> None:
    """Changing how they are made would give every learner of a fresh build new cards."""
    key = mint_key(project_id="p", chapter="source/a.md", title="什么是甲", ordinal=1, taken=())
    assert (key, base_guid("p", key), edition_guid(base_guid("p", key), "zh-en")) == (
        "vr7ygd5",
        "qCsuxeEDmFdO",
        "8UCA5VOw6p6V",
    )


def test_a_path_in_decomposed_unicode_mints_the_same_key() -> None:
    composed, decomposed = "source/caf\u00e9.md", "source/cafe\u0301.md"
    item = ("什么是甲", prose(1))
    assert key_list(run(one(item, path=composed))) == key_list(run(one(item, path=decomposed)))


def test_keys_have_no_letters_that_look_alike() -> None:
    minted = "".join(mint_key(project_id="p", chapter="c", title=str(n), ordinal=1, taken=()) for n in range(500))
    assert not set(minted) & set("01ilou")
    assert len(minted) == 500 * 7


def test_a_taken_key_is_lengthened() -> None:
    taken: set[Key] = set()
    for _ in range(60):
        taken.add(mint_key(project_id="p", chapter="c", title="t", ordinal=1, taken=taken))
    assert len(taken) == 60
    assert all(is_key(key) for key in taken)
    assert sorted(map(len, taken))[:2] == [7, 7]


def test_editions_of_one_note_have_different_guids() -> None:
    assert edition_guid(Guid("x"), "zh-en") != edition_guid(Guid("x"), "zh")


def test_the_project_id_comes_from_file_names_and_a_birthmark_and_not_from_folders() -> None:
    assert derive_project_id(["source/a.md", "source/b.md"], "x") == derive_project_id(["other/b.md", "a.md"], "x")
    assert derive_project_id(["a.md"], "x") != derive_project_id(["b.md"], "x")
    assert derive_project_id(["a.md"], "x") != derive_project_id(["a.md"], "y")


def released(lock: Lock) -> Lock:
    return replace(lock, releases=("1.0.0",))


def test_a_released_lock_keeps_its_project_id() -> None:
    first = run(one(("什么是甲", prose(1))))
    second = match(one(("什么是甲", prose(1))), released(first.lock), project_id="another", complete=True)
    assert second.lock == released(first.lock)
    assert second.corpus.project_id == PROJECT
    (found,) = second.diagnostics
    assert found.rule == "bad-setting"
    assert PROJECT in found.hint


def test_before_a_release_the_project_takes_another_id_with_every_key_kept() -> None:
    first = run(one(*ITEMS[:3]))
    second = match(one(*ITEMS[:3]), first.lock, project_id="another", complete=True)
    assert key_list(second) == key_list(first)
    assert second.lock == match(one(*ITEMS[:3]), second.lock, project_id="another", complete=True).lock
    assert [note.guid for note in second.lock.notes] == [base_guid("another", note.key) for note in first.lock.notes]
    (found,) = second.diagnostics
    assert (found.rule, "it was “test-project”" in found.message) == ("renamed-deck", True)


# --- the same question ------------------------------------------------------------------------------------------------


def test_an_equal_title_keeps_the_key_however_the_answer_changes() -> None:
    first = run(one(("什么是甲", prose(1)), ("什么是乙", prose(2))))
    second = run(one(("什么是 甲？", prose(3)), ("什么是乙", prose(4))), first.lock)
    assert key_list(second) == key_list(first)


def test_an_equal_answer_keeps_the_key_however_the_title_changes() -> None:
    first = run(one(("什么是甲", prose(1)), ("什么是乙", prose(2))))
    second = run(one(("完全不同的说法", prose(1)), ("什么是乙", prose(2))), first.lock)
    assert key_list(second) == key_list(first)
    assert kinds(second) == [(ChangeKind.REWORDED, key_list(first)[0])]


def test_swapped_titles_go_by_the_answer() -> None:
    first = run(one(("什么是甲", prose(1)), ("什么是乙", prose(2))))
    second = run(one(("什么是甲", prose(2)), ("什么是乙", prose(1))), first.lock)
    assert key_list(second) == key_list(first)[::-1]


def test_a_renamed_file_keeps_every_key() -> None:
    items = [*ITEMS, ("总结", "短"), ("小结", prose(99))]
    first = run(one(*items, path="source/a.md"))
    second = run(one(*items, path="source/第一章.md"), first.lock)
    assert key_list(second) == key_list(first)
    assert {kind for kind, _ in kinds(second)} == {ChangeKind.MOVED}


def test_a_renamed_file_with_edits_in_it_keeps_every_key() -> None:
    first = run(one(*ITEMS, path="source/a.md"))
    edited = [(title, reworded(answer, 1, 0.2)) for title, answer in ITEMS]
    second = run(one(*edited, path="source/b.md"), first.lock)
    assert key_list(second) == key_list(first)


def test_files_that_swap_their_names_keep_every_key() -> None:
    left, right = [("总结", prose(801)), *ITEMS[:5]], [("总结", prose(802)), *ITEMS[5:9]]
    first = run(corpus(chapter("source/a.md", [("基础", left)]), chapter("source/b.md", [("训练", right)])))
    second = run(
        corpus(chapter("source/a.md", [("训练", right)]), chapter("source/b.md", [("基础", left)])), first.lock
    )
    assert sorted(key_list(second)) == sorted(key_list(first))
    by_answer = {item.question.answer: item.key for item in first.corpus.questions}
    assert all(by_answer[item.question.answer] == item.key for item in second.corpus.questions)


def test_questions_with_one_title_are_told_apart_by_their_answers() -> None:
    first = run(one(("总结", prose(1)), ("总结", prose(2)), ("总结", prose(3))))
    again = [("总结", reworded(prose(number), 5, 0.2)) for number in (3, 1, 2)]
    second = run(one(*again), first.lock)
    old = key_list(first)
    assert key_list(second) == [old[2], old[0], old[1]]


def test_questions_with_one_title_are_told_apart_by_their_category() -> None:
    def build(one_answer: str, other: str) -> Corpus:
        return corpus(chapter("source/a.md", [("支持向量机", [("原理", one_answer)]), ("决策树", [("原理", other)])]))

    first = run(build(prose(1), prose(2)))
    second = run(build(prose(3), prose(4)), first.lock)
    assert key_list(second) == key_list(first)


def test_the_last_two_of_one_title_are_a_pair() -> None:
    first = run(one(("总结", prose(1)), ("总结", prose(2))))
    second = run(one(("总结", prose(7)), ("总结", prose(1))), first.lock)
    assert key_list(second) == key_list(first)[::-1]


def test_a_second_question_of_the_same_title_is_new() -> None:
    first = run(one(("总结", prose(1))))
    second = run(one(("总结", prose(2)), ("总结", prose(1))), first.lock)
    assert key_list(second)[1] == key_list(first)[0]
    assert kinds(second) == [(ChangeKind.NEW, key_list(second)[0])]


def test_twins_in_title_and_answer_are_two_cards() -> None:
    first = run(one(("什么是甲", prose(1)), ("什么是甲", prose(1))))
    second = run(one(("什么是甲", prose(1)), ("什么是甲", prose(1))), first.lock)
    assert second.lock == first.lock
    third = run(one(("什么是甲", prose(1))), second.lock)
    assert key_list(third)[0] in key_list(first)
    assert [kind for kind, _ in kinds(third)] == [ChangeKind.RETIRED]


def test_a_common_title_in_another_chapter_is_not_enough() -> None:
    left = [*ITEMS[:4], ("总结", prose(1))]
    first = run(corpus(chapter("source/a.md", [("基础", left)]), chapter("source/b.md", [("训练", ITEMS[4:8])])))
    moved = corpus(
        chapter("source/a.md", [("基础", left[:-1])]),
        chapter("source/b.md", [("训练", [*ITEMS[4:8], ("总结", prose(2))])]),
    )
    second = run(moved, first.lock)
    assert [kind for kind, _ in kinds(second)] == [ChangeKind.PENDING]
    assert second.lock.pending[0].candidates == (keys(first)["总结"],)


def test_an_image_only_answer_under_a_reworded_title_keeps_its_key() -> None:
    picture = "![](./imgs/LoRA结构.png)"
    first = run(one(*ITEMS[:3], ("LoRA的结构图是怎样的", picture)))
    second = run(one(*ITEMS[:3], ("请画出LoRA的结构图", picture)), first.lock)
    assert key_list(second) == key_list(first)


def test_a_split_question_goes_to_the_part_that_kept_the_title() -> None:
    first = run(one(("什么是甲，什么是乙", prose(1) + prose(2)), *ITEMS))
    second = run(one(("什么是甲，什么是乙", prose(1)), ("乙的细节", prose(2)), *ITEMS), first.lock)
    assert key_list(second)[0] == key_list(first)[0]
    assert [kind for kind, _ in kinds(second)] == [ChangeKind.REWORDED, ChangeKind.NEW]


def test_a_question_split_in_halves_under_new_titles_is_left_to_a_person() -> None:
    first = run(one(("什么是甲和乙", prose(1) + prose(2)), *ITEMS))
    second = run(one(("什么是甲", prose(1)), ("什么是乙", prose(2)), *ITEMS), first.lock)
    assert [record.candidates for record in second.lock.pending] == [(key_list(first)[0],)] * 2
    assert key_list(second) == key_list(first)[1:]
    assert not [change for change in second.changes.items if change.kind is ChangeKind.RETIRED]


def test_two_questions_merged_under_a_new_title_are_left_to_a_person() -> None:
    first = run(one(("什么是甲", prose(1)), ("什么是乙", prose(2)), *ITEMS))
    second = run(one(("什么是甲和乙", prose(1) + prose(2)), *ITEMS), first.lock)
    assert set(second.lock.pending[0].candidates) == set(key_list(first)[:2])


def test_two_questions_merged_under_one_of_their_titles_are_that_one() -> None:
    first = run(one(("什么是甲", prose(1)), ("什么是乙", prose(2)), *ITEMS))
    second = run(one(("什么是甲", prose(1) + prose(2)), *ITEMS), first.lock)
    assert kinds(second) == [(ChangeKind.REWORDED, key_list(first)[0]), (ChangeKind.RETIRED, key_list(first)[1])]


@pytest.mark.parametrize(("before", "after"), [("什么是DALL-E 2", "什么是DALL-E 3"), ("stateful组件", "stateless组件")])
def test_an_alike_title_with_another_answer_is_never_taken_for_the_same(before: str, after: str) -> None:
    first = run(one(*ITEMS, (before, prose(500))))
    second = run(one(*ITEMS, (after, prose(501))), first.lock)
    assert keys(first)[before] not in key_list(second)


def test_an_answer_copied_to_a_new_question_does_not_move_the_key() -> None:
    first = run(one(*ITEMS, ("什么是甲", prose(500))))
    second = run(one(*ITEMS, ("什么是甲", prose(500)), ("什么是丙", prose(500))), first.lock)
    assert kinds(second) == [(ChangeKind.NEW, keys(second)["什么是丙"])]


# --- explicit keys ----------------------------------------------------------------------------------------------------


def test_an_explicit_key_outweighs_title_and_answer() -> None:
    first = run(one(("什么是甲", prose(1)), ("什么是乙", prose(2))))
    old = key_list(first)
    second = run(one(("什么是甲", prose(1), old[1]), ("什么是乙", prose(2), old[0])), first.lock)
    assert key_list(second) == old[::-1]


def test_an_explicit_key_of_a_new_question_is_its_key() -> None:
    matched = run(one(("什么是甲", prose(1), "attention-1")))
    assert key_list(matched) == ["attention-1"]
    assert matched.diagnostics == ()


def test_an_explicit_key_that_would_restart_a_known_question_is_refused() -> None:
    first = run(one(("什么是甲", prose(1))))
    second = run(one(("什么是甲", prose(1), "mine")), first.lock)
    assert key_list(second) == key_list(first)
    assert [found.rule for found in second.diagnostics] == ["bad-directive"]
    assert f"id={key_list(first)[0]}" in second.diagnostics[0].hint


def test_a_key_claimed_twice_is_an_error_at_both_places_and_counts_for_neither() -> None:
    first = run(one(("什么是甲", prose(1)), ("什么是乙", prose(2))))
    old = key_list(first)
    second = run(one(("什么是甲", prose(1), old[0]), ("什么是乙", prose(2), old[0])), first.lock)
    assert key_list(second) == old
    assert [(found.rule, found.location and found.location.line) for found in second.diagnostics] == [
        ("duplicate-id", 10),
        ("duplicate-id", 20),
    ]


def test_a_key_is_not_taken_from_a_question_that_is_as_it_was() -> None:
    """Not even from one that a person linked; twins of one text are no such thing."""
    first = run(one(("什么是甲", prose(1)), ("什么是乙", prose(2)), ("什么是乙", prose(2))))
    old, *twins = key_list(first)
    items = (("什么是甲", prose(1)), ("什么是乙", prose(2), twins[0]), ("什么是乙", prose(2)))
    second = run(one(*items, ("什么是丙", prose(3), old)), first.lock)
    assert key_list(second)[:3] == [old, *twins]
    assert [(found.rule, found.message.count("“什么是甲”")) for found in second.diagnostics] == [("duplicate-id", 1)]
    split, _ = split_question(first.lock, key=Key(old))
    assert key_list(run(one(*items, ("什么是丙", prose(3), old)), split))[3] == old


@pytest.mark.parametrize("key", ["A", "有", "-a", "a b", "a:b", "x" * 33, "a"])
def test_a_malformed_key_is_reported_and_not_used(key: str) -> None:
    matched = run(one(("什么是甲", prose(1), key)))
    assert [found.rule for found in matched.diagnostics] == ["bad-directive"]
    assert is_key(key_list(matched)[0])


def test_an_explicit_key_settles_a_doubt() -> None:
    first = run(one(("什么是甲和乙", prose(1) + prose(2)), *ITEMS))
    halves = [("什么是甲", prose(1), key_list(first)[0]), ("什么是乙", prose(2), "second-half")]
    second = run(one(*halves, *ITEMS), first.lock)
    assert key_list(second)[:2] == [key_list(first)[0], "second-half"]
    assert second.lock.pending == ()


# --- retiring and returning -------------------------------------------------------------------------------------------


def test_a_question_that_returns_regains_its_key() -> None:
    first = run(one(*ITEMS))
    second = run(one(*ITEMS[1:]), first.lock)
    assert kinds(second) == [(ChangeKind.RETIRED, key_list(first)[0])]
    third = run(one(("什么是别的", prose(900)), *ITEMS), second.lock)
    assert key_list(third)[1:] == key_list(first)
    assert kinds(third)[1] == (ChangeKind.REVIVED, key_list(first)[0])


def test_a_question_that_returns_reworded_regains_its_key() -> None:
    first = run(one(*ITEMS))
    second = run(one(*ITEMS[1:]), first.lock)
    third = run(one(("谈谈注意力机制", reworded(ITEMS[0][1], 1, 0.1)), *ITEMS[1:]), second.lock)
    assert key_list(third) == key_list(first)


def test_an_incomplete_build_retires_nothing() -> None:
    first = run(one(*ITEMS))
    second = run(one(ITEMS[0]), first.lock, complete=False)
    assert second.lock == first.lock
    assert kinds(second) == []
    assert run(corpus(), first.lock, complete=False).lock == first.lock


@pytest.mark.parametrize("left", [0, 1, 8])
def test_losing_most_questions_at_once_is_refused_without_an_explicit_word(left: int) -> None:
    first = run(one(*ITEMS))
    second = run(one(*ITEMS[:left]), first.lock)
    assert second.lock == first.lock
    assert [found.rule for found in second.diagnostics] == ["lost-questions"]
    assert "--allow-retire" in second.diagnostics[0].hint
    third = run(one(*ITEMS[:left]), first.lock, allow_empty=True)
    assert len(third.lock.live) == left


def test_before_a_release_a_book_may_be_read_in_quite_another_way() -> None:
    first = run(one(*ITEMS))
    parts = [(f"{title}：其一", answer[: len(answer) // 2]) for title, answer in ITEMS[:4]]
    second = run(one(*parts), first.lock, reread=True)
    assert (len(second.corpus.questions), second.diagnostics, second.lock.pending) == (4, (), ())
    third = run(one(*ITEMS), second.lock, reread=True)
    assert key_list(third) == key_list(first), "who comes back has its key"


def test_a_doubt_stays_one_though_nothing_changed_since() -> None:
    _, second, changed = doubtful()
    assert run(changed, second.lock, reread=True).lock == second.lock


def test_losing_a_few_questions_needs_no_word() -> None:
    first = run(one(*ITEMS))
    second = run(one(*ITEMS[:10]), first.lock)
    assert len(second.lock.live) == 10
    assert second.diagnostics == ()


def test_a_project_whose_only_question_goes_is_asked() -> None:
    first = run(one(ITEMS[0]))
    assert [found.rule for found in run(one(), first.lock).diagnostics] == ["lost-questions"]


# --- doubts -----------------------------------------------------------------------------------------------------------


def doubtful() -> tuple[Matched, Matched, Corpus]:
    """A build, a build with one doubtful question, and the corpus of the latter."""
    first = run(one(("什么是甲", prose(1)), *ITEMS))
    changed = one(("甲是什么意思", reworded(prose(1), 1, 0.4)), *ITEMS)
    second = run(changed, first.lock)
    assert len(second.lock.pending) == 1
    return first, second, changed


def test_a_doubtful_question_makes_no_card_and_retires_none() -> None:
    first, second, _ = doubtful()
    assert key_list(second) == key_list(first)[1:]
    assert len(second.lock.live) == len(first.lock.live)


def test_a_doubtful_question_is_reported_with_the_commands_that_settle_it() -> None:
    first, second, _ = doubtful()
    (found,) = second.diagnostics
    old, new = key_list(first)[0], second.lock.pending[0].key
    assert found.rule == "doubtful-match"
    assert found.location
    assert found.location.line == 10
    assert f"deckgen lock link {old} {new}" in found.hint
    assert f"deckgen lock split {new}" in found.hint


def test_linking_keeps_the_old_key() -> None:
    first, second, changed = doubtful()
    settled = link_question(second.lock, old=Key(key_list(first)[0]), new=second.lock.pending[0].key)
    third = run(changed, settled)
    assert key_list(third) == key_list(first)
    assert third.diagnostics == ()
    assert run(changed, third.lock).lock == third.lock


def test_a_note_is_taken_from_another_question_only_by_force() -> None:
    first, second, changed = doubtful()
    other, new = key_list(first)[1], second.lock.pending[0].key
    with pytest.raises(DeckgenError, match="the note of another question"):
        link_question(second.lock, old=Key(other), new=new)
    third = run(changed, link_question(second.lock, old=Key(other), new=new, force=True))
    assert key_list(third)[0] == other


def test_splitting_makes_a_new_note_and_retires_the_old_one() -> None:
    first, second, changed = doubtful()
    settled, fresh = split_question(second.lock, key=second.lock.pending[0].key)
    third = run(changed, settled)
    assert key_list(third)[0] == fresh == second.lock.pending[0].key
    assert third.lock.pending == ()
    assert (ChangeKind.RETIRED, key_list(first)[0]) in kinds(third)


def test_a_doubt_that_the_author_removes_is_gone() -> None:
    first, second, _ = doubtful()
    third = run(one(("什么是甲", prose(1)), *ITEMS), second.lock)
    assert third.lock == first.lock


def test_a_question_taken_for_a_new_one_can_still_be_linked_before_its_release() -> None:
    first = run(one(("什么是甲", prose(1)), *ITEMS))
    changed = one(("毫无关系的题目", prose(77)), *ITEMS)
    second = run(changed, first.lock)
    old, new = key_list(first)[0], key_list(second)[0]
    assert old != new
    third = run(changed, link_question(second.lock, old=Key(old), new=Key(new)))
    assert key_list(third) == key_list(first)
    (gone,) = (note for note in third.lock.notes if note.key == new)
    assert (gone.retired, gone.linked) == ("", old)


def test_a_question_is_linked_after_its_release_too() -> None:
    changed = one(*ITEMS, ("毫无关系的题目", prose(77)))
    _, _, lock = build(one(A, *ITEMS), None, 1, release="1.0.0")
    (old,) = (note.key for note in lock.live if note.title == A[0])
    _, _, lock = build(changed, lock, 2, release="1.1.0")
    (new,) = (note.key for note in lock.live if note.title == "毫无关系的题目")
    assert {note.key: note.retired for note in lock.notes if note.key in (old, new)} == {old: "1.1.0", new: None}
    lock = link_question(lock, old=old, new=new)
    assert key_list(run(changed, lock))[-1] == old
    _, _, lock = build(changed, lock, 3)
    assert {note.key: note.retired for note in lock.notes if note.key in (old, new)} == {old: None, new: ""}


@pytest.mark.parametrize("also", ["nothing", "title", "answer"])
def test_what_a_comment_said_outlives_the_comment_and_a_merge_with_a_branch_that_lacks_it(also: str) -> None:
    """Whatever of the question was edited with the same commit."""
    title, answer = "毫无关系的题目", prose(77)
    _, _, lock = build(one(A, *ITEMS), None, 1, release="1.0.0")
    (old,) = (note.key for note in lock.live if note.title == A[0])
    _, _, main = build(one(*ITEMS, (title, answer)), lock, 2, release="1.1.0")
    (new,) = (note.key for note in main.live if note.title == title)
    said = (f"{title}吗" if also == "title" else title, prose(78) if also == "answer" else answer, old)
    _, _, linked = build(one(*ITEMS, said), main, 3)
    assert {note.key: note.linked for note in linked.notes if note.key in (old, new)} == {old: None, new: old}
    edited = f"{answer}再加一句话。"
    _, _, branch = build(one(*ITEMS, (title, edited)), main, 4)
    merged, _ = merge_lock(format_lock(linked) + format_lock(branch))
    assert key_list(run(one(*ITEMS, (title, edited)), merged))[-1] == old


def test_a_linked_question_is_linked_once() -> None:
    first = run(one(A, *ITEMS))
    second = run(one(*ITEMS, ("毫无关系的题目", prose(77))), first.lock)
    old, new = key_list(first)[0], key_list(second)[-1]
    lock = link_question(second.lock, old=Key(old), new=Key(new))
    with pytest.raises(DeckgenError, match="already"):
        link_question(lock, old=Key(old), new=Key(new))
    with pytest.raises(DeckgenError, match="already"):
        link_question(lock, old=Key(new), new=Key(key_list(first)[1]), force=True)


def test_a_question_that_took_a_note_wrongly_can_be_split_off() -> None:
    first = run(one(("什么是甲", prose(1)), *ITEMS))
    lock, fresh = split_question(first.lock, key=Key(key_list(first)[0]))
    second = run(one(("什么是甲", prose(1)), *ITEMS), lock)
    assert key_list(second) == [fresh, *key_list(first)[1:]]
    assert {note.key for note in second.lock.live} == {note.key for note in lock.live}


@pytest.mark.parametrize(("old", "new"), [("zzzzzzz", None), (None, "zzzzzzz"), (None, None)])
def test_settling_with_a_key_that_does_not_exist_says_which_do(old: str | None, new: str | None) -> None:
    first, second, _ = doubtful()
    known, pending = Key(key_list(first)[0]), second.lock.pending[0].key
    with pytest.raises(DeckgenError) as caught:
        link_question(
            second.lock, old=Key(old) if old else known, new=Key(new) if new else known if not old else pending
        )
    assert pending in caught.value.hint


# --- a new question where one vanishes --------------------------------------------------------------------------------

_REWRITES = (
    ("Python中的None代表什么？", "Python中None代表什么含义？"),
    ("什么是Transformer？", "介绍一下Transformer"),
    ("什么是注意力机制？", "什么是注意力机制呢？"),
    ("LoRA的原理是什么？", "请你简述一下LoRA的原理"),
    ("批归一化有什么作用？", "为什么需要批归一化？"),
)


@pytest.mark.parametrize(("before", "after"), _REWRITES)
@pytest.mark.parametrize("moved", [False, True])
def test_an_alike_title_with_a_rewritten_answer_is_asked_about(before: str, after: str, moved: bool) -> None:
    first = run(one(*ITEMS, (before, prose(500))))
    changed = [*ITEMS, (after, prose(501))]
    second = run(one(*(changed[::-1] if moved else changed)), first.lock)
    (pending,) = second.lock.pending
    assert pending.candidates == (key_list(first)[-1],)
    assert {note.key for note in second.lock.live} == {note.key for note in first.lock.live}
    assert run(one(*changed), second.lock).lock.pending == second.lock.pending


def test_a_chapter_of_alike_titles_and_rewritten_answers_loses_nothing() -> None:
    before = [(f"什么是{topic}？", prose(number)) for number, topic in enumerate(TOPICS)]
    for dressed in ("什么是{}呢", "请你简述一下{}", "请简述什么是{}？"):
        after = [
            (dressed.format(topic), reworded(prose(number), number + 900, 0.95)) for number, topic in enumerate(TOPICS)
        ]
        first = run(one(*before))
        second = run(one(*after), first.lock)
        kept = set(key_list(second)) & set(key_list(first))
        asked = {key for record in second.lock.pending for key in record.candidates}
        assert kept | asked == set(key_list(first))
        assert not [note for note in second.lock.notes if note.retired is not None]


def test_a_book_whose_titles_and_answers_are_translated_at_once_is_asked_about() -> None:
    first = run(one(*ITEMS[:6]))
    english = [(f"What is topic number {number}?", f"An answer in English, {number}. " * 9) for number in range(6)]
    second = run(one(*english), first.lock)
    assert [record.candidates for record in sorted(second.lock.pending, key=lambda record: record.title)] == [
        (key,) for key in key_list(first)
    ]


def test_what_differs_in_all_but_its_place_is_new_and_shown_beside_what_vanished() -> None:
    first = run(one(*ITEMS[:3]))
    second = run(one(ITEMS[0], ("毫无关系的题目", "一二三四五六七八九十" * 3), ITEMS[2]), first.lock)
    assert not second.lock.pending
    ((new, old),) = second.changes.replaced
    assert (new.title, old.key) == ("毫无关系的题目", key_list(first)[1])


def test_a_new_question_beside_one_that_vanishes_elsewhere_is_new() -> None:
    first = run(one(*ITEMS[:6]))
    second = run(one(*ITEMS[1:6], ("梯度爆炸怎么办", prose(300))), first.lock)
    assert not second.lock.pending
    assert not second.changes.replaced


@pytest.mark.parametrize("path", ["source/a.md", "source/b.md"])
@pytest.mark.parametrize("words", [60, 2])
def test_a_category_replaced_by_another_gives_no_schedule_away_by_an_equal_title(words: int, path: str) -> None:
    rest = chapter("source/z.md", [("训练", ITEMS[:5])])
    before = chapter("source/a.md", [("支持向量机", [("有哪些优缺点？", prose(600, words))])])
    after = chapter(path, [("决策树", [("有哪些优缺点？", prose(601, words))])])
    first = run(corpus(before, rest))
    second = run(corpus(after, rest), first.lock)
    (pending,) = second.lock.pending
    assert pending.candidates == (key_list(first)[0],)


@pytest.mark.parametrize("words", [60, 12, 4, 2])
def test_an_answer_keeps_its_key_when_another_question_takes_its_title(words: int) -> None:
    first = run(one(("什么是甲", prose(604, words)), *ITEMS[:5]))
    second = run(one(("毫无关系的题目", prose(604, words)), ("什么是甲", prose(602, words)), *ITEMS[:5]), first.lock)
    assert keys(second)["毫无关系的题目"] == keys(first)["什么是甲"]
    assert keys(second)["什么是甲"] not in key_list(first)


@pytest.mark.parametrize("share", [0.0, 0.2])
@pytest.mark.parametrize("words", [60, 12, 4, 2])
def test_a_title_that_a_neighbour_takes_gives_no_schedule_away(words: int, share: float) -> None:
    """The first question is deleted, the second gets its title."""
    first = run(one(("什么是甲", prose(605, words)), ("什么是乙", prose(606, words)), *ITEMS[:5]))
    second = run(one(("什么是甲", reworded(prose(606, words), 3, share)), *ITEMS[:5]), first.lock)
    held = keys(second).get("什么是甲")
    assert held in (None, key_list(first)[1])
    assert held or {key_list(first)[0]} <= {key for record in second.lock.pending for key in record.candidates}


def test_a_stub_that_is_filled_keeps_its_key_whoever_has_the_placeholder_now() -> None:
    placeholder = "答案正在整理当中，欢迎大家一起来补充"
    stubs = [("什么是丙", placeholder), *ITEMS[:5]]
    first = run(one(("什么是甲", placeholder), *stubs))
    second = run(one(("什么是甲", prose(603)), ("什么是乙", placeholder), *stubs), first.lock)
    assert keys(second)["什么是甲"] == keys(first)["什么是甲"]


def test_two_questions_are_never_linked_to_one_note() -> None:
    answer = prose(607)
    lock = run(one(("什么是甲", answer), *ITEMS[:5])).lock
    halves = [("甲的前半", answer[: len(answer) // 2]), ("甲的后半", answer[len(answer) // 2 :])]
    second = run(one(*halves, *ITEMS[:5]), lock)
    one_of, other = second.lock.pending
    (old,) = one_of.candidates
    settled = link_question(second.lock, old=old, new=one_of.key)
    with pytest.raises(DeckgenError, match="another question"):
        link_question(settled, old=old, new=other.key)


# --- categories -------------------------------------------------------------------------------------------------------


BASICS = (("source/a.md", "1. 基础", ITEMS[:2]), ("source/b.md", "2、基础", ITEMS[2:4]))


def basics() -> Corpus:
    return corpus(*(chapter(path, [(title, items)]) for path, title, items in BASICS))


def test_categories_with_one_title_stay_apart_in_two_chapters() -> None:
    matched = run(basics())
    assert [item.title for item in matched.corpus.categories] == ["1. 基础", "2、基础"]
    assert run(basics(), matched.lock).lock == matched.lock
    moved = corpus(chapter("source/z.md", [("基础", ITEMS[:2])]), chapter("source/b.md", [("基础", ITEMS[2:4])]))
    again = run(moved, matched.lock).corpus.categories
    assert [item.key for item in again] == [item.key for item in matched.corpus.categories], "they follow their files"


def test_a_category_that_an_earlier_deckgen_made_of_two_is_one_once_it_was_released() -> None:
    lock = run(basics()).lock
    kept, other = (question.category.key for question in run(basics()).corpus.questions[1:3])
    notes = tuple(replace(note, category=kept) for note in lock.notes)
    categories = tuple(replace(item, chapter="") for item in lock.categories if item.key == kept)
    old = replace(lock, notes=notes, categories=categories)
    assert run(basics(), released(old)).lock == released(old)
    assert {item.key for item in run(basics(), old).corpus.categories} == {kept, other}


def test_pages_of_one_question_share_the_category_of_their_folder() -> None:
    pages = [replace(chapter(f"book/锁/{n}.md", [("锁", ITEMS[n : n + 1])]), title=Markdown("锁")) for n in range(3)]
    (category,) = run(corpus(*pages)).corpus.categories
    assert (category.chapter.home, category.order) == ("book/锁/", 1)


def test_a_renamed_category_keeps_its_key() -> None:
    first = run(corpus(chapter("source/a.md", [("训练技巧", ITEMS[:4]), ("推理", ITEMS[4:6])])))
    second = run(corpus(chapter("source/a.md", [("训练方法", ITEMS[:4]), ("推理", ITEMS[4:6])])), first.lock)
    assert [item.key for item in second.corpus.categories] == [item.key for item in first.corpus.categories]
    assert {kind for kind, _ in kinds(second)} == set()


def test_a_category_split_in_unequal_parts_goes_to_the_larger() -> None:
    first = run(corpus(chapter("source/a.md", [("训练", ITEMS[:5])])))
    second = run(corpus(chapter("source/a.md", [("微调", ITEMS[:2]), ("预训练", ITEMS[2:5])])), first.lock)
    micro, pre = (item.key for item in second.corpus.categories)
    assert pre == first.corpus.categories[0].key
    assert micro != pre


def test_a_category_split_evenly_is_two_new_ones() -> None:
    first = run(corpus(chapter("source/a.md", [("训练", ITEMS[:4])])))
    second = run(corpus(chapter("source/a.md", [("微调", ITEMS[:2]), ("预训练", ITEMS[2:4])])), first.lock)
    assert first.corpus.categories[0].key not in {item.key for item in second.corpus.categories}


def test_categories_that_swap_their_titles_go_by_the_title() -> None:
    first = run(corpus(chapter("source/a.md", [("训练", ITEMS[:3]), ("推理", ITEMS[3:6])])))
    second = run(corpus(chapter("source/a.md", [("推理", ITEMS[:3]), ("训练", ITEMS[3:6])])), first.lock)
    by_title = {item.title: item.key for item in first.corpus.categories}
    assert {item.title: item.key for item in second.corpus.categories} == by_title


def test_a_category_that_returns_regains_its_key() -> None:
    first = run(corpus(chapter("source/a.md", [("训练", ITEMS[:3]), ("推理", ITEMS[3:9])])))
    second = run(corpus(chapter("source/a.md", [("推理", ITEMS[:9])])), first.lock)
    third = run(corpus(chapter("source/a.md", [("训练", ITEMS[:3]), ("推理", ITEMS[3:9])])), second.lock)
    assert third.lock.categories == first.lock.categories


# --- names ------------------------------------------------------------------------------------------------------------


def proposal(matched: Matched, *decks: str, deck_name: str = "书") -> EditionNames:
    return EditionNames(
        edition=parse_edition("zh-en"),
        deck=deck_name,
        note_type="type",
        subdecks=tuple(
            SubdeckNames(category=category.key, deck=name, tag=f"t::{name}", slug=f"s-{name}")
            for category, name in zip(matched.corpus.categories, decks, strict=True)
        ),
    )


def test_names_follow_until_they_are_released() -> None:
    first = run(corpus(chapter("source/a.md", [("训练", ITEMS[:3]), ("推理", ITEMS[3:6])])))
    (names,), lock = freeze_names(first.lock, (proposal(first, "训练", "推理"),))
    assert names == proposal(first, "训练", "推理")
    wanted = (proposal(first, "别的", "推理", deck_name="另一本"),)
    (again,), after = freeze_names(lock, wanted)
    assert again == wanted[0]
    (found,) = name_findings(lock, after, wanted, built=())
    assert (found.rule, found.message) == ("renamed-deck", "edition zh-en: the deck “书” is now “另一本”, and 1 more")
    assert name_findings(after, after, wanted, built=()) == ()
    assert freeze_names(lock, wanted, whole=False) == ((names,), lock)

    note_type = NoteTypeRecord(id=1, fields={}, templates={}, hash="a", time=1, inputs="", shipped=("a", 1))
    stamps = {"zh-en": Stamp(hash="a", time=1, inputs="", shipped=("a", 1))}
    trained = names.subdecks[0].category
    shipped = replace(
        lock,
        editions=tuple(replace(item, note_type=note_type) for item in lock.editions),
        notes=tuple(replace(note, stamps=stamps) if note.category == trained else note for note in lock.notes),
    )
    wanted = (proposal(first, "别的", "推断", deck_name="另一本"),)
    (again,), after = freeze_names(shipped, wanted)
    assert (again.deck, [item.deck for item in again.subdecks]) == ("书", ["训练", "推断"])
    assert freeze_names(shipped, wanted, whole=False) == ((names,), shipped)
    (found,) = name_findings(shipped, after, wanted, built=())
    assert (found.rule, "it stays “书”" in found.message) == ("frozen-name", True)


def test_a_category_whose_deck_learners_have_is_said_to_keep_it() -> None:
    first = run(corpus(chapter("source/a.md", [("训练", ITEMS[:3]), ("推理", ITEMS[3:6])])))
    _, lock = freeze_names(first.lock, (proposal(first, "1 训练", "2 推理"),))
    second = run(corpus(chapter("source/a.md", [("训练", ITEMS[:3]), ("推断", ITEMS[3:6])])), lock)
    told = describe_changes(lock, second.lock, second.changes)
    key = first.corpus.categories[1].key
    assert f"renamed category: {key}, “推理” is now “推断”; its deck stays “2 推理”" in told


def test_two_editions_never_have_one_deck() -> None:
    first = run(corpus(chapter("source/a.md", [("训练", ITEMS[:3])])))
    wanted = tuple(replace(proposal(first, "训练"), edition=parse_edition(name)) for name in ("zh-en", "zh-ja"))
    names, lock = freeze_names(first.lock, wanted)
    assert [item.deck for item in names] == ["书", "书 (zh-ja)"]
    assert freeze_names(lock, wanted) == (names, lock)


def test_a_name_that_another_category_has_is_told_apart() -> None:
    first = run(corpus(chapter("source/a.md", [("训练", ITEMS[:3]), ("推理", ITEMS[3:6])])))
    (names,), _ = freeze_names(first.lock, (proposal(first, "Training", "training"),))
    for what in ("deck", "tag", "slug"):
        assert len({getattr(subdeck, what).casefold() for subdeck in names.subdecks}) == 2


# --- times ------------------------------------------------------------------------------------------------------------


def build(
    source: Corpus, lock: Lock | None, now: int, *, release: str | None = None, css: str = ""
) -> tuple[list[int], int, Lock]:
    """Times of the notes and of the note type, and the lock."""
    matched = run(source, lock)
    names = EditionNames(edition=parse_edition("zh-en"), deck="D", note_type="t", subdecks=())
    _, named = freeze_names(matched.lock, (names,))
    (stamped,), after, problems = stamp((deck(matched, css=css),), named, now=now, release=release)
    assert problems == ()
    return list(stamped.note_times), stamped.note_type_time, after


A, B, B2, B3 = ("什么是甲", prose(1)), ("什么是乙", prose(2)), ("什么是乙", prose(3)), ("什么是乙", prose(4))


def test_only_what_changed_gets_a_new_time() -> None:
    _, _, lock = build(one(A, B), None, 100)
    assert build(one(A, B), lock, 200)[0] == [100, 100]
    assert build(one(A, B2), lock, 200)[:2] == ([100, 200], 100)


def test_a_new_time_is_later_than_every_earlier_one_whatever_the_clock_says() -> None:
    _, _, lock = build(one(A, B), None, 100)
    assert build(one(A, B2), lock, 50)[0] == [100, 102]


def test_a_build_is_the_same_when_it_is_done_again() -> None:
    times, type_time, lock = build(one(A, B), None, 100)
    assert build(one(A, B), lock, 300) == (times, type_time, lock)


def test_a_template_change_touches_no_note() -> None:
    _, _, lock = build(one(A, B), None, 100, release="1.0.0")
    assert build(one(A, B), lock, 200, css="new")[:2] == ([100, 100], 200)


def test_what_was_never_released_gets_the_time_of_the_release() -> None:
    _, _, lock = build(one(A), None, 100, release="1.0.0")
    _, _, lock = build(one(A, B), lock, 200, css="x")
    times, type_time, lock = build(one(A, B), lock, 300, css="x", release="1.1.0")
    assert (times, type_time) == ([100, 300], 300)
    assert {note.title: note.since for note in lock.notes} == {"什么是甲": "1.0.0", "什么是乙": "1.1.0"}
    assert lock.releases == ("1.0.0", "1.1.0")


def test_a_change_taken_back_before_the_release_touches_no_learner() -> None:
    _, _, released = build(one(A, B), None, 100, release="1.0.0")
    _, _, lock = build(one(A, B2), released, 200)
    assert build(one(A, B), lock, 300) == ([100, 100], 100, released)


def test_a_release_after_a_change_back_to_an_older_text_is_later_than_both() -> None:
    _, _, lock = build(one(A, B), None, 100, release="1.0.0")
    _, _, lock = build(one(A, B2), lock, 200, release="1.1.0")
    assert build(one(A, B), lock, 300, release="1.2.0")[0] == [100, 300]


def test_a_retired_note_keeps_its_record_and_the_version_that_retired_it() -> None:
    _, _, lock = build(one(A, B), None, 100, release="1.0.0")
    _, _, lock = build(one(A), lock, 200)
    assert [note.retired for note in lock.notes if note.title == "什么是乙"] == [""]
    _, _, lock = build(one(A), lock, 300, release="2.0.0")
    assert [(note.retired, note.since) for note in lock.notes if note.title == "什么是乙"] == [("2.0.0", "1.0.0")]
    assert build(one(A, B), lock, 400)[0] == [100, 100]


def test_what_a_release_changed_gets_the_time_of_the_next_one_too_and_then_rests() -> None:
    """Who marked the note in between has what Anki takes for newer, and gets the text with the next release."""
    _, _, lock = build(one(A, B), None, 100, release="1.0.0")
    _, _, lock = build(one(A, B2), lock, 200, release="1.1.0")
    assert [note.key for note in lock.notes if note.stamps["zh-en"].renew] == [*updated_keys(lock, "zh-en", newest=200)]
    assert build(one(A, B2), lock, 250, release="1.1.0")[0] == [100, 200], "made again from its tag"
    assert build(one(A, B2), lock, 300)[0] == [100, 200], "a build is no release"
    times, _, lock = build(one(A, B2), lock, 400, release="1.2.0")
    assert (times, updated_keys(lock, "zh-en", newest=400)) == ([100, 400], ())
    assert build(one(A, B2), lock, 500, release="1.3.0")[0] == [100, 400]


@given(
    st.lists(
        st.tuples(st.sampled_from([B, B2, B3]), st.integers(1, 50), st.booleans(), st.sampled_from(["", "x"])),
        max_size=8,
    )
)
@settings(deadline=None, max_examples=50)
def test_a_released_note_that_differs_from_the_last_release_is_always_newer(
    steps: list[tuple[tuple[str, str], int, bool, str]],
) -> None:
    """Whatever builds, releases and clocks lie between: Anki takes an update only when its time is later."""
    lock, shipped = None, dict[str, tuple[str, int]]()
    for number, (item, now, is_release, css) in enumerate(steps):
        matched = run(one(A, item), lock)
        times, type_time, lock = build(one(A, item), lock, now, release=f"{number}" if is_release else None, css=css)
        if not is_release:
            continue
        now_shipped = {
            key: (f"{found.question.answer}", time)
            for key, found, time in zip(key_list(matched), matched.corpus.questions, times, strict=True)
        } | {"type": (css, type_time)}
        for key, (content, time) in now_shipped.items():
            if key in shipped:
                assert time > shipped[key][1] or content == shipped[key][0]
                assert time >= shipped[key][1]
        shipped = now_shipped


def test_a_released_schema_is_frozen_and_an_unreleased_one_is_not() -> None:
    matched = run(one(A))
    names = EditionNames(edition=parse_edition("zh-en"), deck="D", note_type="t", subdecks=())
    _, named = freeze_names(matched.lock, (names,))
    _, unreleased, _ = stamp((deck(matched),), named, now=1, release=None)
    assert stamp((deck(matched, fields=("Key", "More")),), unreleased, now=2, release=None)[2] == ()
    _, released, _ = stamp((deck(matched),), named, now=1, release="1.0.0")
    (found,) = stamp((deck(matched, fields=("Key", "More")),), released, now=2, release=None)[2]
    assert found.rule == "frozen-schema"


def test_notes_that_only_a_library_renders_differently_are_told() -> None:
    matched = run(one(A, B))
    names = EditionNames(edition=parse_edition("zh-en"), deck="D", note_type="t", subdecks=())
    _, named = freeze_names(matched.lock, (names,))
    _, lock, _ = stamp((deck(matched),), named, now=1, release=None)
    key = key_list(matched)[1]
    (stamped,), _, (found,) = stamp((deck(matched, {key: "rendered otherwise"}),), lock, now=3, release=None)
    assert stamped.note_times == (1, 3)
    assert found.rule == "rendered-differently"
    assert key in found.message


def editions(lock: Lock, *wanted: str) -> tuple[dict[str, str], int]:
    """The lock's editions with their roots when these are wanted, and how many were found to go on."""
    after, findings = grow_editions(lock, tuple(map(parse_edition, wanted)))
    assert {name for note in after.notes for name in note.stamps} <= {record.name for record in after.editions}
    return {record.name: after.root_of(record.name) for record in after.editions}, len(findings)


def test_an_edition_goes_on_with_one_language_more_where_its_first_ones_stay() -> None:
    _, _, unreleased = build(one(A, B), None, 100)
    assert editions(unreleased, "zh-en-ja") == ({"zh-en": "zh-en"}, 0), "nobody has it yet"
    _, _, lock = build(one(A, B), None, 100, release="1.0.0")
    assert editions(lock, "zh-en-ja") == ({"zh-en-ja": "zh-en"}, 1)
    assert editions(lock, "zh-en", "zh-en-ja") == ({"zh-en": "zh-en"}, 0), "both are wanted"
    assert editions(lock, "zh-en-ja", "zh-en-ko") == ({"zh-en-ja": "zh-en"}, 1), "one goes on, one is new"
    for other in ("en-zh-ja", "zh-ja-en", "zh", "zh-en-ja-ko"):
        assert editions(lock, other) == ({"zh-en": "zh-en"}, 0), other
    grown, _ = grow_editions(lock, (parse_edition("zh-en-ja"),))
    assert editions(grown, "zh-en-ja-ko") == ({"zh-en-ja": "zh-en"}, 0), "there is no room left"
    assert grow_editions(grown, (parse_edition("zh-en"),))[0] == lock, "it can be taken back"


def test_a_merge_of_branches_before_and_after_an_edition_grew_has_one_edition() -> None:
    _, _, lock = build(one(A, B), None, 100, release="1.0.0")
    grown, _ = grow_editions(build(one(A, B2), lock, 200)[2], (parse_edition("zh-en-ja"),))
    _, _, edited = build(one(A, B, ITEMS[0]), lock, 300)
    merged, _ = merge_lock(format_lock(grown) + format_lock(edited))
    assert [(record.name, record.root) for record in merged.editions] == [("zh-en-ja", "zh-en")]
    assert {name for note in merged.notes for name in note.stamps} == {"zh-en-ja"}
    assert len(merged.notes) == 3


@pytest.mark.parametrize("share", [0.5, 0.55, 0.6])
def test_a_merge_of_unequal_parts_is_no_reason_to_guess(share: float) -> None:
    """The larger part is alike enough alone; that another part is in the same text shows that it is a merge."""
    whole = prose(500, 120)
    cut = int(len(whole) * share)
    first = run(one(("什么是甲操作", whole[:cut]), ("什么是乙过程", whole[cut:]), *ITEMS))
    second = run(one(("什么是甲", whole), *ITEMS), first.lock)
    assert len(second.lock.pending) == 1
    assert set(second.lock.pending[0].candidates) == set(key_list(first)[:2])
