"""Checks of translations: planted faults are caught, and nothing right is taken for wrong."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deckgen.diagnostics import RULES, Diagnostic, Severity
from deckgen.markdown.blocks import BlockKind
from deckgen.model import Language, Markdown
from deckgen.translation.catalog import CatalogEntry
from deckgen.translation.checks import check_pair, check_repeats
from deckgen.translation.checks.numbers import numbers_in
from deckgen.translation.checks.pair import Pair
from deckgen.translation.files import read_catalogs
from deckgen.translation.glossary import Glossary, Term, broken_terms, kept_terms, parse_glossary

ROOT = Path(__file__).parents[1]
FAULTS = Path(__file__).parent / "faults"
MEANING = "meaning"
_FIELDS = {"name", "language", "source", "good", "translation", "expected", "kind"}


@dataclass(frozen=True)
class Fault:
    name: str
    language: str
    source: str
    translation: str
    expected: str
    good: str = ""
    kind: str = "paragraph"


def planted(table: str) -> list[dict[str, str]]:
    return [
        entry
        for path in sorted(FAULTS.glob("*.toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8")).get(table, [])
    ]


def faults() -> list[Fault]:
    return [Fault(**fault) for fault in planted("fault")]


def faultless() -> list[Fault]:
    """Right translations that look wrong: not even a warning may be given."""
    return [Fault(**entry, good=entry["translation"], expected="") for entry in planted("right")]


def shipped_glossary() -> Glossary:
    glossary, findings = parse_glossary((ROOT / "locale/glossary.toml").read_text(encoding="utf-8"), "glossary.toml")
    assert findings == ()
    return glossary


def problems(fault: Fault, translation: str) -> tuple[Diagnostic, ...]:
    pair = Pair(
        source=Markdown(fault.source),
        translation=Markdown(translation),
        language=Language(fault.language),
        kind=BlockKind(fault.kind),
        glossary=shipped_glossary().for_language(Language(fault.language)),
    )
    return check_pair(pair)


def errors(found: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    return [problem for problem in found if problem.severity is Severity.ERROR]


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.name)
def test_a_planted_fault_is_caught(fault: Fault) -> None:
    found = problems(fault, fault.translation)
    if fault.expected == MEANING:
        assert errors(found) == []
    else:
        assert fault.expected in {problem.rule for problem in found}


@pytest.mark.parametrize("fault", [fault for fault in faults() if fault.good], ids=lambda fault: fault.name)
def test_the_translation_without_the_fault_passes(fault: Fault) -> None:
    assert problems(fault, fault.good) == ()


@pytest.mark.parametrize("right", faultless(), ids=lambda right: right.name)
def test_a_translation_that_only_looks_faulty_passes(right: Fault) -> None:
    assert problems(right, right.translation) == ()


def test_every_fault_has_its_own_name_and_a_rule_that_exists() -> None:
    names = [fault.name for fault in (*faults(), *faultless())]
    assert len(set(names)) == len(names)
    assert {fault.expected for fault in faults()} <= {*RULES, MEANING}


@pytest.mark.parametrize("language", [path.name for path in sorted((ROOT / "locale").iterdir()) if path.is_dir()])
def test_the_shipped_translations_have_nothing_wrong(language: str) -> None:
    chapters = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "source").rglob("*.md"))
    catalogs, findings = read_catalogs(ROOT / "locale", chapters, [Language(language)])
    assert findings == ()
    glossary = shipped_glossary().for_language(Language(language))
    entries = [entry for catalog in catalogs.values() for entry in catalog.entries if not entry.obsolete]
    assert len(entries) > 50
    for entry in entries:
        pair = Pair(source=entry.source, translation=entry.translation, language=Language(language), glossary=glossary)
        assert (entry.source, check_pair(pair)) == (entry.source, ())
    assert list(check_repeats(entries)) == []


def rules(source: str, translation: str, language: str = "en", **more: object) -> set[str]:
    pair = Pair(
        source=Markdown(source),
        translation=Markdown(translation),
        language=Language(language),
        **more,  # type: ignore[arg-type]
    )
    return {problem.rule for problem in check_pair(pair)}


@pytest.mark.parametrize(
    ("source", "translation", "language", "rule"),
    [
        ("文字", "", "en", "translation-missing"),
        ("文字", " \n", "en", "translation-missing"),
        ("一段文字。", "一段文字。", "en", "translation-copied"),
        ("这是一段足够长的文字。", "这是一段足够长的文字。", "ja", "translation-copied"),
        ("一段文字。", "Some 文字.", "en", "translation-residue"),
        ("一段文字。", "Some text。", "en", "translation-residue"),
        ("这是说明", "这は説明である", "ja", "translation-residue"),
        ("深度学习模型训练数据", "深度学習模型訓練数据集合全部", "ja", "translation-residue"),
        ("这是一段文字", "这是一段文字吗", "zh-Hant", "translation-residue"),
        ("一段文字", "Some\u200b text", "en", "translation-residue"),
        ("`a` 文字", "text", "en", "translation-markup"),
        ("$x$ 文字", "$y$ text", "en", "translation-markup"),
        ("![图](a.png)", "![Figure](b.png)", "en", "translation-markup"),
        ("[文](https://a.b)", "[text](https://a.c)", "en", "translation-markup"),
        ("见 https://a.b/c 。", "See https://a.b/d .", "en", "translation-markup"),
        ("一<br>二", "one two", "en", "translation-markup"),
        ("文字", "text <script>alert(1)</script>", "en", "translation-markup"),
        ("脚注[^1]", "footnote", "en", "translation-markup"),
        ("**粗**体", "bold", "en", "translation-markup"),
        ("~~删~~除", "struck", "en", "translation-markup"),
        ("文字", "- text", "en", "translation-blocks"),
        ("文字", "> text", "en", "translation-blocks"),
        ("文字", "# text", "en", "translation-blocks"),
        ("文字", "one\n\ntwo", "en", "translation-blocks"),
        ("文字", "```\ntext\n```", "en", "translation-blocks"),
        ("文字", "text ", "en", "translation-edges"),
        ("文字", "\ntext", "en", "translation-edges"),
        ("文字", "text [X0X]", "en", "translation-placeholder"),
        ("有12层", "It has 21 layers", "en", "translation-numbers"),
        ("这是一段很长很长很长的文字，说了许多许多的话。", "Short.", "en", "translation-length"),
    ],
)
def test_each_check_names_its_fault(source: str, translation: str, language: str, rule: str) -> None:
    assert rule in rules(source, translation, language)


@pytest.mark.parametrize(
    ("source", "translation", "language"),
    [
        ("内容", "内容", "ja"),
        ("这是一段“文字”。", "这是一段「文字」。".replace("这是一段", "これは一つの").replace("文字", "文"), "ja"),
        ("超过千万的参数", "more than 10 million parameters", "en"),
        ("两层", "two layers", "en"),
        ("2层", "two layers", "en"),
        ("约1.5亿", "about 150 million", "en"),
        ("70B 参数", "70 billion parameters", "en"),
        ("多了一倍参数", "twice the parameters, 2 times", "en"),
        ("10,000 个", "10000 of them", "en"),
        ("**粗**体和`a*b*c`", "**bold** and `a*b*c`", "en"),
        ("![图](a.png)", "![A figure](a.png)", "en"),
        ('<img src="a.png" alt="图">', '<img src="a.png" alt="Figure">', "en"),
        ("1. 架构", "1. Architecture", "en"),
        ("数据", "데이터", "ko"),
        ("这是一段文字", "這是一段文字", "zh-Hant"),
    ],
)
def test_a_right_translation_passes(source: str, translation: str, language: str) -> None:
    assert rules(source, translation, language) == set()


def test_a_table_cell_may_not_be_ended_from_within() -> None:
    assert "translation-blocks" in rules("甲", "a | b", kind=BlockKind.CELL)
    assert "translation-blocks" in rules("甲", "a\nb", kind=BlockKind.CELL)
    assert rules("甲\\|乙", "a\\|b", kind=BlockKind.CELL) == set()


def test_kept_chinese_is_no_residue() -> None:
    glossary = Glossary(keep=("《庄子》",))
    assert rules("见《庄子》。", "See 《庄子》.", glossary=glossary) == set()


def test_one_translation_of_different_sources_is_named() -> None:
    entries = [
        CatalogEntry(context="a|answer", source=Markdown(source), translation=Markdown("the very same translation"))
        for source in ("什么是架构的意思", "什么是结构的意思", "什么是结构的意思。")
    ]
    found = list(check_repeats(entries))
    assert [entry.source for entry, _ in found] == ["什么是结构的意思", "什么是结构的意思。"]


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(["en", "ja", "ko", "zh-Hant", "de"]))
def test_any_pair_of_texts_can_be_checked(source: str, translation: str, language: str) -> None:
    rules(source, translation, language)


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("千万", 1e7),
        ("三千五百万", 3.5e7),
        ("一亿二千万", 1.2e8),
        ("10亿", 1e9),
        ("十二", 12),
        ("10 million", 1e7),
        ("1.75B", 1.75e9),
        ("12,345", 12345),
        ("seventeen", 17),
        ("3000万", 3e7),
    ],
)
def test_a_number_has_one_value_in_every_writing(text: str, value: float) -> None:
    assert any(value in number.values for number in numbers_in(text))


def test_numbers_that_differ_are_named_on_both_sides() -> None:
    source, translation = Markdown("共12层、768维"), Markdown("12 layers and 786 dimensions")
    found = check_pair(Pair(source=source, translation=translation, language=Language("en")))
    assert [problem.message for problem in found] == ["“768” of the source has become “786”"]
    assert "translation-numbers" not in rules("共3层", "drei Schichten", "de")


# --- glossary ---------------------------------------------------------------------------------------------------------


def test_a_glossary_is_read_by_language() -> None:
    text = 'keep = ["RoPE"]\n[en]\nkeep = ["Key"]\n[en.terms]\n"架构" = ["architecture", "structure"]\n'
    glossary, findings = parse_glossary(text, "locale/glossary.toml")
    assert findings == ()
    assert glossary.for_language(Language("en")).keep == ("RoPE", "Key")
    assert glossary.for_language(Language("ja")) == Glossary(keep=("RoPE",))
    assert glossary.for_language(Language("en")).terms == (Term(source="架构", targets=("architecture", "structure")),)


def test_a_term_of_every_language_gives_way_to_a_language_s_own() -> None:
    text = 'keep = ["Key"]\n[terms]\n"LLAMA" = "LLaMA"\n"GPT3" = "GPT-3"\n[ja.terms]\n"GPT3" = "GPT3"\n"Key" = "キー"\n'
    glossary, findings = parse_glossary(text, "locale/glossary.toml")
    assert findings == ()
    assert [term.targets[0] for term in glossary.for_language(Language("en")).terms] == ["LLaMA", "GPT-3"]
    japanese = glossary.for_language(Language("ja"))
    assert [term.targets[0] for term in japanese.terms] == ["LLaMA", "GPT3", "キー"]
    assert japanese.keep == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("keep = 3\n", 1),
        ("\nkeep = [\n", 2),
        ("[english]\nkeep = []\n", 1),
        ("[en]\nterm = []\n", 2),
        ('[en.terms]\n"架构" = ""\n', 2),
        ('[en.terms]\n"架构" = 3\n', 2),
        ('en = "x"\n', 1),
        ("terms = 3\n", 1),
        ('[en]\nterms = "x"\n', 1),
    ],
)
def test_a_wrong_glossary_is_located(text: str, line: int) -> None:
    _, findings = parse_glossary(text, "locale/glossary.toml")
    assert [found.rule for found in findings] == ["bad-glossary"]
    assert findings[0].location is not None
    assert findings[0].location.line >= line - 1


def test_a_longer_term_hides_the_shorter_one_in_it() -> None:
    glossary = Glossary(
        keep=("GPT-3", "GPT"),
        terms=(Term(source="预训练模型", targets=("pre-trained models",)), Term(source="训练", targets=("learning",))),
    )
    english = partial(broken_terms, glossary=glossary, language=Language("en"))
    assert list(english("GPT-3是预训练模型", "GPT-3 is a pre-trained model")) == []
    assert [term for term, _ in english("预训练模型的训练", "a pre-trained model")] == ["训练"]
    assert [term for term, _ in english("GPT-3", "GPT 3")] == ["GPT-3"]
    assert kept_terms("URL与RL", Glossary(keep=("RL",))) == ((4, 6),)


@pytest.mark.parametrize(
    ("term", "target", "language", "translation"),
    [
        ("矩阵", "matrix", "en", "Low-rank matrices are cheap."),
        ("策略", "policy", "en", "Two policies' gradients."),
        ("词表", "vocabulary", "en", "Vocabularies differ."),
        ("低秩", "low-rank", "en", "A low rank is enough."),
        ("自注意力", "self attention", "en", "**Self**-attention is used."),
        ("架构", "architecture", "en", "architectural advances"),
        ("幻觉", "hallucination", "en", "The model hallucinates."),
        ("归一化", "normalization", "en", "It normalises its input."),
        ("专家混合", "mixture-of-experts", "en", "a mixture of experts"),
        ("键", "Key", "ja", "各Keyを使う"),
        ("架构", "Architektur", "de", "zwei Transformerarchitekturen"),
    ],
)
def test_a_term_may_stand_in_any_form(term: str, target: str, language: str, translation: str) -> None:
    glossary = Glossary(terms=(Term(source=term, targets=(target,)),))
    assert list(broken_terms(term, translation, glossary, language=Language(language))) == []


@pytest.mark.parametrize(
    ("term", "target", "language", "translation"),
    [
        ("键", "key", "en", "a monkey"),
        ("键", "Key", "ja", "monkeyを使う"),
        ("策略", "policy", "en", "the police"),
        ("编码器", "encoder", "en", "the encoding"),
        ("视觉编码器", "vision encoder", "en", "It has vision. Encoders help."),
    ],
)
def test_another_word_is_not_the_term(term: str, target: str, language: str, translation: str) -> None:
    glossary = Glossary(terms=(Term(source=term, targets=(target,)),))
    found = list(broken_terms(term, translation, glossary, language=Language(language)))
    assert found == [(term, (target,))]


def test_a_kept_term_may_be_in_the_plural() -> None:
    glossary = Glossary(keep=("LLM", "Query", "Transformer"))
    broken = partial(broken_terms, "LLM、Query和Transformer", glossary=glossary, language=Language("en"))
    assert list(broken("LLMs, Queries and Transformers")) == []
    assert [term for term, _ in broken("LLMS, Querying and Transformer-like models")] == ["LLM", "Query"]
