"""Traditional Chinese as an engine: OpenCC's own characters, the glossary's words, and nothing lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from deckgen.cli.translate import translate
from deckgen.model import Language
from deckgen.translation.drafts.engines import Batch, Briefing, EngineError, Passage, Remedy, make_engine
from deckgen.translation.glossary import Term


def converted(text: str, *terms: tuple[str, str], target: str = "zh-Hant", source: str = "zh") -> str:
    briefing = Briefing(terms=tuple(Term(source=said, targets=(meant, "另一個")) for said, meant in terms))
    passages = (Passage(id=3, text=text),)
    batch = Batch(source=Language(source), target=Language(target), passages=passages, briefing=briefing)
    return make_engine("opencc").translate(batch).texts[3]


@pytest.mark.parametrize(
    ("text", "terms", "made"),
    [
        ("神经网络的后处理", (), "神經網絡的後處理"),
        ("神经网络的后处理", (("网络", "網路"),), "神經網路的後處理"),
        ("数据库的数据", (("数据", "資料"), ("数据库", "資料庫")), "資料庫的資料"),
        ("“引号”和‘内引号’", (), "「引號」和『內引號』"),
        ("<x0/>里的<x1/>，见 URL", (), "<x0/>裡的<x1/>，見 URL"),
    ],
)
def test_characters_words_and_quotation_marks_become_those_of_taiwan(
    text: str, terms: tuple[tuple[str, str], ...], made: str
) -> None:
    assert converted(text, *terms) == made


def test_hong_kong_has_its_own_characters() -> None:
    assert converted("这里", target="zh-HK") == "這裏"


@pytest.mark.parametrize(("source", "target"), [("zh", "en"), ("ja", "zh-Hant"), ("zh-Hant", "zh-HK")])
def test_other_languages_end_the_run(source: str, target: str) -> None:
    with pytest.raises(EngineError, match="opencc makes zh-Hant") as raised:
        converted("文", source=source, target=target)
    assert raised.value.remedy is Remedy.STOP


def test_one_command_drafts_a_whole_language(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "locale").mkdir()
    (tmp_path / "deckgen.toml").write_text('[deck]\nid = "test"\n', encoding="utf-8")
    (tmp_path / "locale/glossary.toml").write_text('[zh-Hant.terms]\n"信息" = "資訊"\n', encoding="utf-8")
    chapter = "## 一 基础\n\n### 什么是“信息”？\n\n信息就是`代码`里的**数据**，见[链接](https://a.example/里)。\n"
    (tmp_path / "source/章.md").write_text(chapter, encoding="utf-8")
    for command in (["extract", "zh-Hant"], ["fill", "zh-Hant", "--engine", "opencc"], ["check", "zh-Hant"]):
        result = CliRunner().invoke(translate, [*command, "--project", str(tmp_path)])
        assert result.exit_code == 0, result.output
    text = (tmp_path / "locale/zh-Hant/章.po").read_text(encoding="utf-8")
    assert 'msgstr "什麼是「資訊」？"' in text
    assert 'msgstr "資訊就是`代码`裡的**數據**，見[鏈接](https://a.example/里)。"' in text
    assert text.count("# mt: opencc ") == text.count("#, fuzzy") == 3
