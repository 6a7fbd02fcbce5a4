"""Likeness of texts: what folding ignores, what a sketch can tell, and that sketches survive being written."""

from __future__ import annotations

import pytest
from corpora import prose, reworded
from hypothesis import given
from hypothesis import strategies as st

from deckgen.identity.alike import DOUBTFUL, SAME_ANSWER
from deckgen.text.similarity import (
    SKETCH_SIZE,
    answer_likeness,
    fingerprint,
    hashes_of,
    is_sketch,
    sketch,
    sketch_size,
    title_likeness,
)


@given(st.text())
def test_a_sketch_is_taken_for_one(text: str) -> None:
    assert is_sketch(sketch(text))
    assert len(hashes_of(sketch(text))) == min(sketch_size(sketch(text)), SKETCH_SIZE)


@pytest.mark.parametrize("text", ["", "3:", ":AAAA", "x:AAAA", "1:AAA你", "-1:", "1:AAAA\n", "65:" + "A" * 260])
def test_what_cannot_be_a_sketch_is_refused(text: str) -> None:
    assert not is_sketch(text)


@given(st.text())
def test_a_text_is_wholly_like_itself_or_too_short_to_tell(text: str) -> None:
    own = sketch(text)
    assert answer_likeness(own, own) == (100 if sketch_size(own) >= 12 else pytest.approx(100 * sketch_size(own) / 12))


@given(st.text(min_size=1), st.text(min_size=1))
def test_likeness_has_no_direction(one: str, other: str) -> None:
    assert answer_likeness(sketch(one), sketch(other)) == answer_likeness(sketch(other), sketch(one))
    assert title_likeness(one, other) == title_likeness(other, one)


def test_width_case_spaces_and_punctuation_do_not_make_another_answer() -> None:
    assert fingerprint("ＬｏＲＡ 是什么？\n") == fingerprint("LoRA是什么")
    assert fingerprint("**编译：**使用`gcc`") == fingerprint("编译: 使用 gcc。")


def test_a_plus_sign_makes_another_answer() -> None:
    assert fingerprint("C 的指针") != fingerprint("C++ 的指针")


def test_an_answer_without_words_has_no_fingerprint_to_be_found_by() -> None:
    assert fingerprint("？！ ") == ""
    assert sketch_size(sketch("？！ ")) == 0


@pytest.mark.parametrize("seed", range(20))
def test_an_answer_of_which_an_eighth_is_rewritten_is_still_the_same(seed: int) -> None:
    text = prose(seed)
    assert answer_likeness(sketch(text), sketch(reworded(text, seed, 0.125))) >= SAME_ANSWER


@pytest.mark.parametrize("seed", range(20))
def test_two_answers_of_one_vocabulary_are_not_even_doubtful(seed: int) -> None:
    assert answer_likeness(sketch(prose(seed)), sketch(prose(seed + 500))) < DOUBTFUL / 2


def test_a_sketch_is_small_however_long_the_text() -> None:
    assert len(sketch(prose(1, 20_000))) < 270


def test_letters_and_ideographs_are_cut_into_pieces_of_one_width() -> None:
    assert sketch_size(sketch("abcdefgh")) == 3
    assert sketch_size(sketch("甲乙丙丁")) == 2
    assert sketch_size(sketch("甲")) == 1
