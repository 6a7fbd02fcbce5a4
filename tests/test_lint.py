"""Every mistake in a chapter is found where it stands and can be ignored; findings suit people and programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from projects import REPOSITORY, make_project

from deckgen.chapters import apply_ignores, parse_chapter
from deckgen.cli import main
from deckgen.cli.formats import FORMATS
from deckgen.cli.report import excerpt_lines
from deckgen.diagnostics import RULES, Diagnostic, Severity, diagnostic
from deckgen.identity.changes import Changes
from deckgen.lint import LONG_ANSWER, lint_chapter
from deckgen.markdown import Documents, parse_document
from deckgen.markdown.gfm import literal_bold_starts
from deckgen.model import Context, Dialect, Location, Markdown
from deckgen.project.config import ChapterSettings
from deckgen.project.encoding import decode_source

PATH = "source/chapter.md"


def findings(answer: str, title: str = "## 1. 什么是甲？") -> tuple[Diagnostic, ...]:
    return check(f"{title}\n\n{answer}\n")


def check(text: str) -> tuple[Diagnostic, ...]:
    chapter, problems = parse_chapter(text, path=PATH, settings=ChapterSettings())
    return apply_ignores(
        text, chapter, (*problems, *lint_chapter(chapter, text, Documents())), checked=lambda rule: True
    )


def marked(text: str, found: Diagnostic) -> str:
    """The characters that a finding points at."""
    place = found.location
    assert place is not None
    line = text.split("\n")[place.line - 1]
    return line[place.column - 1 : place.end_column if place.end_line == place.line else None]


@pytest.mark.parametrize(
    ("rule", "answer", "place"),
    [
        ("merge-conflict", "<<<<<<< HEAD\n甲\n=======\n乙\n>>>>>>> other", "<<<<<<< HEAD"),
        ("control-character", "看不\u200b见", "\u200b"),
        ("control-character", "响\x07铃", "\x07"),
        ("unbalanced-math", r"开头 $\frac{a}{b} 没有结尾", "$"),
        ("unbalanced-math", "$$\nx_{1}\n\n另一段", "$$"),
        ("unbalanced-math", r"开头 \(\alpha 没有结尾", r"\("),
        ("ineffective-bold", "** 粗体**", "** 粗体**"),
        ("ineffective-bold", "前**编译：**使用", "**编译：**"),
        ("unsafe-html", "<script>alert(1)</script>", "<"),
        ("unsafe-html", "[点](javascript:alert(1))", "j"),
        ("unsafe-html", '<b onclick="x()">粗</b>', "o"),
        ("unknown-html", "容器 vector<int> 很快", "<int>"),
        ("image-syntax", "见 ![图](我的 图.png)。", "![图](我的 图.png)"),
        ("image-syntax", "- 见 ![[图 1.png|300]]", "![[图 1.png|300]]"),
        ("image-syntax", "[![图](a b.png)](https://example.org)", "![图](a b.png)"),
        ("undefined-footnote", "甲[^1]，乙[^2]。\n\n[^1]: 脚注。", "[^2]"),
        ("broken-table", "| 甲 | 乙 |\n|---|\n| 一 | 二 |", "|---|"),
        ("broken-table", "> - | 甲 |\n>   |---|---|\n\n| 甲 |\n|---|\n| 一 |", "|---|---|"),
        ("long-answer", "长" * (LONG_ANSWER + 1), "## 1. 什么是甲？"),
        ("deep-nesting", "> " * 500 + "深", "## 1. 什么是甲？"),
        ("unclosed-fence", "```python\nprint(1)", "```"),
        ("unclosed-comment", "看得见\n\n<!-- 看不见", "<!--"),
        ("bad-directive", "<!-- deckgen: ignroe[long-answer] -->\n\n甲", "<!-- deckgen: ignroe[long-answer] -->"),
        ("unused-ignore", "<!-- deckgen: ignore[long-answer] -->\n\n甲", "<!-- deckgen: ignore[long-answer] -->"),
        ("empty-answer", "", "## 1. 什么是甲？"),
    ],
)
def test_a_mistake_is_found_where_it_stands(rule: str, answer: str, place: str) -> None:
    text = f"## 1. 什么是甲？\n\n{answer}\n"
    found = [item for item in check(text) if item.rule == rule]
    assert len(found) == 1
    assert marked(text, found[0]) == place
    assert found[0].hint


@pytest.mark.parametrize(
    "answer",
    [
        "价格是 $5 和 $10。",
        "运行 `echo $HOME` 或 $MY_VAR。",
        "公式 $x_{1}$ 和 $$y^{2}$$，以及 \\(z\\)。",
        "```\n<<<<<<< HEAD\n=======\n>>>>>>> x\n```",
        "**粗体**和*斜体*，`**代码**`，2 ** 3，2**10。",
        "- **`Queue` 和 `Pipe`**：好。",
        "用 `vector<int>`，或\n\n```\nvector<int>\n```",
        "`![图](我的 图.png)` 和 `![[x.png]]`，\n\n    ![[x.png]]\n\n```\n![图](a b.png)\n```\n<!-- ![[x.png]] -->",
        "![图](a.png '标 题') ![图]( a.png ) ![图](<a b.png>) ![图](a%20b.png) \\![图](a b.png)",
        "`[^1]` 和 \\[^2]，甲[^3]。\n\n[^3]: 脚注。",
        "甲\n| 甲 | 乙 |\n| :- | -: |\n| 一 | 二 |\n\n```\n| 甲 | 乙 |\n|---|\n```\n\n甲 | 乙\n\n---\n",
        "<b>粗</b><br/><sub>下</sub>",
        "👩‍💻 有连接符。",
    ],
)
def test_what_is_right_is_left_alone(answer: str) -> None:
    assert findings(answer) == ()


def test_of_an_answer_that_is_shown_as_it_is_written_nothing_is_said_to_be_left_out() -> None:
    found = {item.rule for item in findings("<script>" * 13_000 + "** $x_{1} <int>")}
    assert found == {"unclosed-html", "long-answer", "deep-nesting"}


def test_bold_that_the_card_mends_is_a_remark_and_bold_that_it_cannot_mend_a_warning() -> None:
    severities = [found.severity for found in findings("前**编译：**使用\n\n** 粗体**")]
    assert severities == [Severity.INFO, Severity.WARNING]


def test_a_tag_that_anki_would_split_is_told() -> None:
    found = check("## 一、DeepSeek 相关\n\n### 1. 什么是甲？\n\n甲。\n")
    assert [item.rule for item in found] == ["bad-tag"]


@given(st.text("*a中，（ .“", max_size=16))
def test_asterisks_stay_exactly_where_github_leaves_them(text: str) -> None:
    import cmarkgfm

    whole = f"z{text}z"
    shown = re.sub("<[^>]*>", "", cmarkgfm.github_flavored_markdown_to_html(whole)).count("**")
    assert (len(literal_bold_starts(whole, written=whole)) > 0) == (shown > 0)


def test_bold_is_looked_for_within_a_cell_and_an_item_only() -> None:
    text = Markdown("| **a | b** |\n|---|---|\n\n- **a\n- b**")
    assert parse_document(text, Context(dialect=Dialect.GFM)).literal_bold == ()


def test_an_ignored_rule_is_silent_for_the_block_that_follows_and_no_further() -> None:
    text = "## 1. 什么是甲？\n\n<!-- deckgen: ignore[ineffective-bold] -->\n** 一**\n\n** 二**\n"
    assert [marked(text, found) for found in check(text)] == ["** 二**"]


def test_above_a_heading_a_rule_is_ignored_in_the_whole_question() -> None:
    text = (
        "<!-- deckgen: ignore[ineffective-bold, unknown-html] -->\n"
        "## 1. 什么是甲？\n\n** 一**\n\nvector<int> ** 二**\n\n"
        "## 2. 什么是乙？\n\n** 三**\n"
    )
    assert [marked(text, found) for found in check(text)] == ["** 三**"]


def test_a_list_and_a_fence_are_one_block() -> None:
    ignore = "<!-- deckgen: ignore[ineffective-bold] -->\n"
    assert findings(f"{ignore}- ** 一**\n\n  ** 二**\n- ** 三**") == ()
    unknown = "<!-- deckgen: ignore[unclosed-fence] -->\n"
    assert findings(f"{unknown}```\n\nx\n") == ()


def test_a_finding_can_be_ignored_outside_every_question() -> None:
    text = "<!-- deckgen: ignore[text-outside-questions] -->\n前言在此。\n\n## 1. 什么是甲？\n\n甲。\n"
    assert check(text) == ()


# --- encoding ---------------------------------------------------------------------------------------------------------


def test_bad_bytes_are_named_with_line_and_column() -> None:
    text, found = decode_source("## 甲\n\n乙".encode() + b"\xe4\xb8 x\n", PATH)
    assert text == "## 甲\n\n乙\ufffd x\n"
    assert [(item.rule, item.location and (item.location.line, item.location.column)) for item in found] == [
        ("bad-encoding", (3, 2))
    ]


def test_a_lost_character_in_the_file_itself_is_named() -> None:
    _, found = decode_source("甲\r\n乙\ufffd丙\ufffd".encode(), PATH)
    assert [(item.rule, item.location and (item.location.line, item.location.column)) for item in found] == [
        ("bad-encoding", (2, 2))
    ]
    assert "2 characters" in found[0].message


@pytest.mark.parametrize(
    ("name", "codec", "text"),
    [
        ("GB18030", "gb18030", "## 1. 什么是注意力？\n\n注意力让每个词看到其他词。\n"),
        ("GB18030", "gbk", "甲和乙\n"),
        ("BIG5", "big5", "## 1. 什麼是注意力？\n\n注意力讓每個詞看到其他詞，這是 RNN 做不到的。\n"),
        ("SHIFT_JIS", "cp932", "## 1. 注意とは何ですか？\n\nすべての単語が他の単語を見ることができます。\n"),
        ("EUC-JP", "euc_jp", "## 1. 注意とは何ですか？\n\nすべての単語が他の単語を見ることができます。\n"),
    ],
)
@pytest.mark.parametrize("times", [1, 500])
def test_a_file_in_another_encoding_is_left_out_with_one_error_that_names_it(
    name: str, codec: str, text: str, times: int
) -> None:
    chapter, found = decode_source(f"{text}English.\n\n".encode(codec) * times, PATH)
    assert chapter is None
    assert [(item.rule, item.severity) for item in found] == [("bad-encoding", Severity.ERROR)]
    assert name in found[0].message
    assert "UTF-8" in found[0].hint


def test_many_bad_lines_are_one_error_and_a_few_are_warnings() -> None:
    good, bad = "模型的训练。\n".encode() * 10, "caf\xe9\n".encode("latin-1")
    text, found = decode_source((good + bad) * 9, PATH)
    assert text is None
    assert "9 of 99 lines" in found[0].message
    text, found = decode_source(good * 90 + bad * 4, PATH)
    assert text is not None
    assert [item.severity for item in found] == [Severity.WARNING] * 4
    text, found = decode_source(good * 90 + bad * 6, PATH)
    assert text is not None


@pytest.mark.parametrize("data", [b"a\0b", b"PK\x03\x04rest", b"\x89PNG\r\n", "文".encode("utf-16"), b"%PDF-1.7"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    text, found = decode_source(data, PATH)
    assert text is None
    assert [item.rule for item in found] == ["unreadable-file"]


def test_line_ends_and_a_byte_order_mark_are_levelled() -> None:
    assert decode_source("\ufeff甲\r\n乙\r丙\n".encode(), PATH) == ("甲\n乙\n丙\n", ())


# --- how findings are told --------------------------------------------------------------------------------------------


def test_the_pointer_stands_below_the_place_in_full_width_text() -> None:
    place = Location(path=PATH, line=1, column=4, end_line=1, end_column=5)
    assert excerpt_lines("  中文字a", place) == ("中文字a", "  ^~~~")


@given(st.text(max_size=400), st.integers(1, 420), st.integers(0, 420))
def test_an_excerpt_fits_a_terminal(text: str, column: int, end: int) -> None:
    line, mark = excerpt_lines(text, Location(path=PATH, line=1, column=column, end_line=1, end_column=end))
    assert "\n" not in line
    assert mark.strip()
    assert len(line) <= 130
    assert len(mark) <= 260


AWKWARD = diagnostic(
    "empty-answer",
    "100% 空：\n第二行",
    Location(path="源/a,b:c.md", line=2, column=3, end_line=2, end_column=4),
    hint="写",
    excerpt="原文",
)


def test_github_commands_are_escaped() -> None:
    assert FORMATS["github"]((AWKWARD,), Changes()) == (
        "::warning file=源/a%2Cb%3Ac.md,line=2,col=3,endLine=2,endColumn=4,title=empty-answer"
        "::100%25 空：%0A第二行 – 写\n"
    )


def test_json_holds_all_that_is_known() -> None:
    value = json.loads(FORMATS["json"]((AWKWARD, diagnostic("no-chapters", "无")), Changes()))
    assert value["counts"] == {"error": 1, "warning": 1, "info": 0}
    assert value["findings"][0]["location"] == {
        "path": "源/a,b:c.md",
        "line": 2,
        "column": 3,
        "end_line": 2,
        "end_column": 4,
    }
    assert value["findings"][1]["location"] is None


def test_sarif_says_where_and_which_rule() -> None:
    log = json.loads(FORMATS["sarif"]((AWKWARD, diagnostic("no-chapters", "无")), Changes()))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ids == ["empty-answer", "no-chapters"]
    first, second = run["results"]
    assert [ids[result["ruleIndex"]] for result in run["results"]] == [first["ruleId"], second["ruleId"]]
    assert first["level"] == "warning"
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "%E6%BA%90/a%2Cb%3Ac.md"
    assert place["region"] | {"snippet": None} == {
        "startLine": 2,
        "startColumn": 3,
        "endLine": 2,
        "endColumn": 5,
        "snippet": None,
    }
    assert "locations" not in second


def test_check_prints_machine_formats_on_stdout_and_nothing_else(tmp_path: Path) -> None:
    make_project(tmp_path, chapter="## 1. 什么是甲？\n\n** 粗**\n\n## 2. 什么是乙？\n")
    for form in FORMATS:
        result = CliRunner().invoke(main, ["check", "--project", str(tmp_path), "--format", form])
        assert result.exit_code == 0, result.output
        assert "ineffective-bold" in result.stdout
        assert "empty-answer" in result.stdout
        if form != "github":
            json.loads(result.stdout)
    assert not (tmp_path / "deckgen.lock").exists()


def test_check_explains_how_a_chapter_is_read(tmp_path: Path) -> None:
    make_project(tmp_path)
    result = CliRunner().invoke(main, ["check", "--project", str(tmp_path), "--explain"])
    assert result.exit_code == 0
    assert "questions are marked <h3>" in result.stdout
    assert "line 1: category" in result.stdout


def test_a_severity_can_be_set_and_an_ignored_error_stops_nothing(tmp_path: Path) -> None:
    conflict = "## 1. 什么是甲？\n\n{}<<<<<<< HEAD\n甲\n=======\n乙\n>>>>>>> other\n"
    for settings, comment, code in (
        ("", "", 1),
        ('[lint]\nmerge-conflict = "warning"\n', "", 0),
        ("", "<!-- deckgen: ignore[merge-conflict] -->\n", 0),
    ):
        folder = tmp_path / str(len(settings) + len(comment))
        make_project(folder, chapter=conflict.format(comment), settings=settings)
        assert CliRunner().invoke(main, ["check", "--project", str(folder)]).exit_code == code


def test_every_rule_is_documented() -> None:
    text = (REPOSITORY / "docs/rules.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### `([a-z-]+)`", text, re.MULTILINE)
    assert sorted(sections) == sorted(set(sections))
    assert set(sections) == set(RULES)


def test_the_documented_severity_is_the_rule_s() -> None:
    text = (REPOSITORY / "docs/rules.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^### `([a-z-]+)`\n\n\*(error|warning|info)\*", text, re.MULTILINE))
    assert told == {name: str(rule.severity) for name, rule in RULES.items()}
