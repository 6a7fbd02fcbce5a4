"""What is mended in a translation without a reader, and that nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_translation_commands import edit, entry_of, po, project, run, status, translated

from deckgen.localisation.mending import mended
from deckgen.model import Language
from deckgen.translation.inline import protected

__all__ = ["project"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Attention，which  is（very）good。Yes ", "Attention, which is (very) good. Yes"),
        ("en", "（a）b ，c", "(a) b, c"),
        ("en", " use `a，  b` and  $x，y$ no\u200bw\u00ad ", "use `a，  b` and $x，y$ now"),
        ("en", "a，**b**（c），`d`（e）", "a, **b** (c), `d` (e)"),
        ("en", "[a，b](u，x)。Then", "[a, b](u，x). Then"),
        ("en", "１２％ of ＡＢＣ", "12% of ABC"),
        ("en", "first  \nsecond，third\n  fourth", "first  \nsecond, third\n  fourth"),
        ("fr", "oui，non", "oui, non"),
        ("ja", "これは,良い. RoPE, BERTも, 良い", "これは、良い. RoPE, BERTも、良い"),
        ("ja", "良い,悪い!", "良い、悪い！"),
        ("zh-Hant", "好,壞.", "好，壞。"),
        ("zh", "PyTorch 2.0, 很好", "PyTorch 2.0, 很好"),
        ("ko", "좋다,  나쁘다", "좋다, 나쁘다"),
        ("en", "👩\u200d💻 a–b “c” d… 1,000.5", "👩\u200d💻 a–b “c” d… 1,000.5"),
    ],
)
def test_a_text_is_mended_as_a_careful_typist_would(language: str, text: str, expected: str) -> None:
    assert mended(text, Language(language)) == expected


CHARACTERS = "ab中あ1 ，。（）,.!%\u200b\n"
PIECES = st.lists(st.sampled_from([*CHARACTERS, "  ", "**", "`x，y`", "$z$", "[", "](u)", "<br>"]), max_size=14)


@settings(deadline=None)
@given(PIECES, st.sampled_from(["en", "ja", "zh", "ko"]))
def test_mending_keeps_all_markup_and_is_done_once(pieces: list[str], tag: str) -> None:
    text, language = "".join(pieces), Language(tag)
    once = mended(text, language)
    assert mended(once, language) == once
    kept = [token.value for token in protected(text) if not token.text.isspace()]
    assert [token.value for token in protected(once) if not token.text.isspace()] == kept


def test_the_command_shows_a_diff_and_writes_only_when_told(project: Path) -> None:
    translated(project)
    edit(project, r'msgid "高效"\nmsgstr "[^"]*"', 'msgid "高效"\nmsgstr "very  efficient，\u200bfast"')
    edit(project, r'msgid "没有额外的参数"\nmsgstr "[^"]*"', 'msgid "没有额外的参数"\nmsgstr "a  b"')
    before = po(project).read_bytes()
    shown = run(project, "fix")
    assert '-msgstr "very  efficient，\u200bfast"\n+msgstr "very efficient, fast"' in shown.output
    assert "2 translations to mend" in shown.output
    assert po(project).read_bytes() == before
    assert "2 translations mended" in run(project, "fix", "--write").output
    assert 'msgstr "very efficient, fast"' in entry_of(project, "高效")
    assert status(project)["reviewed"] == 10
    assert "0 translations to mend" in run(project, "fix").output


def test_what_would_break_a_mark_is_left_to_a_person(project: Path) -> None:
    source = project / "source/章.md"
    source.write_text(source.read_text("utf-8").replace("- 高效", "- **高效，**快"), encoding="utf-8")
    translated(project)
    edit(project, r'(msgid "\*\*高效，\*\*快"\nmsgstr ")[^"]*"', r'\1**fast，**quick"')
    assert "0 translations to mend" in run(project, "fix").output
