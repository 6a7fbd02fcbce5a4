"""``deckgen translate`` on a whole project, from the first extraction to the last review."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from PIL import Image
from projects import deckgen
from small_corpus import TEXT
from translation_server import Server, asked, translation_server, wait_until

from deckgen.cli.translate import translate
from deckgen.diagnostics import DeckgenError
from deckgen.translation import files
from deckgen.translation.catalog import parse_catalog
from deckgen.translation.drafts.engines import make_engine

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURE = "\n\n![结构图](imgs/图.png)\n\n公式 $x^2$ 与`码`。\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "imgs").mkdir()
    (tmp_path / "deckgen.toml").write_text('[deck]\nid = "test"\neditions = ["zh-en"]\n', encoding="utf-8")
    (tmp_path / "source" / "章.md").write_text(TEXT + PICTURE, encoding="utf-8")
    Image.new("RGB", (64, 48), "navy").save(tmp_path / "imgs" / "图.png")
    return tmp_path


@pytest.fixture
def server() -> Iterator[Server]:
    with translation_server() as running:
        yield running


def run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(translate, [*arguments, "--project", str(project)])


def po(project: Path, language: str = "en") -> Path:
    return project / "locale" / language / "章.po"


def fill(project: Path, server: Server, *more: str) -> Result:
    return run(project, "fill", "en", "--engine", "libre", "--url", server.url, *more)


def marks(project: Path) -> dict[str, str]:
    """What stands for each block that waits for a reader, with its source."""
    lines = run(project, "accept").output.splitlines()
    return {
        found[1]: lines[number + 1].strip()
        for number, line in enumerate(lines)
        if (found := re.match("([0-9a-f]{8}) ", line))
    }


def status(project: Path) -> dict[str, int]:
    document = json.loads(run(project, "status", "--json").stdout)
    (english,) = document["languages"]
    return {name: english[name] for name in ("reviewed", "draft", "stale", "missing")}


def test_a_language_goes_from_nothing_to_reviewed(project: Path, server: Server) -> None:
    assert "wrote locale/en/章.po" in run(project, "extract").output
    assert status(project) == {"reviewed": 0, "draft": 0, "stale": 0, "missing": 10}
    filled = fill(project, server)
    assert filled.exit_code == 0, filled.output
    assert status(project) == {"reviewed": 0, "draft": 10, "stale": 0, "missing": 0}
    assert len(re.findall(r"^# mt: libre \d{4}-\d\d-\d\d h=[0-9a-f]{8}$", po(project).read_text("utf-8"), re.M)) == 10
    accepted = run(project, "accept", *marks(project), "--by", "李", "--despite-warnings")
    assert "10 translations accepted" in accepted.output
    assert po(project).read_text("utf-8").count("# reviewed: by 李 on 20") == 10
    assert status(project) == {"reviewed": 10, "draft": 0, "stale": 0, "missing": 0}
    assert "fuzzy" not in po(project).read_text("utf-8")


def test_a_second_language_is_added_by_its_name_alone(project: Path) -> None:
    assert "wrote locale/ja/章.po" in run(project, "extract", "ja").output
    rows = json.loads(run(project, "status", "--json").stdout)["languages"]
    assert [row["language"] for row in rows] == ["en", "ja"]


def test_extracting_twice_changes_no_byte(project: Path) -> None:
    run(project, "extract")
    before = po(project).read_bytes()
    assert "up to date" in run(project, "extract").output
    assert po(project).read_bytes() == before


def test_extracting_before_the_first_build_remembers_the_keys_that_the_catalogs_go_by(project: Path) -> None:
    (project / "deckgen.toml").write_text('[deck]\neditions = ["zh-en"]\n', encoding="utf-8")
    assert "wrote deckgen.lock" in run(project, "extract").output
    before, lock = po(project).read_bytes(), (project / "deckgen.lock").read_bytes()
    assert run(project, "extract").output == "the PO files are up to date\n"
    assert (po(project).read_bytes(), (project / "deckgen.lock").read_bytes()) == (before, lock)
    deckgen("build", "--project", str(project))
    checked = run(project, "check")
    assert "catalog-mismatch" not in checked.output
    assert run(project, "extract").output == "the PO files are up to date\n"


def test_filling_never_touches_what_is_there(project: Path, server: Server) -> None:
    run(project, "extract")
    text = po(project).read_text("utf-8").replace('msgid "高效"\nmsgstr ""', 'msgid "高效"\nmsgstr "My own words"')
    po(project).write_text(text, encoding="utf-8", newline="\n")
    fill(project, server)
    assert 'msgid "高效"\nmsgstr "My own words"' in po(project).read_text("utf-8")
    assert "高效" not in server.texts
    assert fill(project, server).exit_code == 0
    assert len(server.texts) == 9


def test_what_people_write_while_an_engine_works_stays(project: Path, server: Server) -> None:
    run(project, "extract")

    class Requests(list[dict[str, str]]):
        def append(self, request: dict[str, str]) -> None:
            super().append(request)
            text = (
                po(project).read_text("utf-8").replace('msgid "高效"\nmsgstr ""', 'msgid "高效"\nmsgstr "My own words"')
            )
            po(project).write_text(text, encoding="utf-8", newline="\n")

    server.requests = Requests()
    fill(project, server, "--jobs", "1")
    text = po(project).read_text("utf-8")
    assert 'msgid "高效"\nmsgstr "My own words"' in text
    assert text.count("# mt: libre") == len(server.texts) - 1


def test_a_limit_and_a_dry_run_are_kept_to(project: Path, server: Server) -> None:
    dry = fill(project, server, "--dry-run")
    assert "10 blocks" in dry.output
    assert server.texts == []
    assert not po(project).exists()
    fill(project, server, "--limit", "3")
    assert len(server.texts) == 3
    assert status(project)["draft"] == 3


def test_a_failing_server_gives_exit_code_1_and_keeps_what_came_before(project: Path, server: Server) -> None:
    server.modes = ["ok", "ok", "403"]
    filled = fill(project, server, "--jobs", "1")
    assert filled.exit_code == 1
    assert "access refused" in filled.output
    assert status(project)["draft"] == 2


def test_a_killed_run_is_resumed_from_its_cache(project: Path, server: Server) -> None:
    server.modes = ["ok"] * 4
    server.always = "hang"
    command = [sys.executable, "-m", "deckgen", "translate", "fill", "en", "--engine", "libre", "--url", server.url]
    # A shell lets what it runs in the background ignore Ctrl-C; what is handled here is not ignored there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [*command, "--project", str(project), "--timeout", "600", "--jobs", "1"], stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: len(server.texts) >= 5 or process.poll() is not None)
    finally:
        process.kill()
        process.wait()
    asked = len(server.texts)
    server.always = "ok"
    server.released.set()
    assert fill(project, server).exit_code == 0
    assert asked == 5
    assert len(set(server.texts)) == 10
    assert len(server.texts) == 11
    assert status(project)["draft"] == 10


def test_ctrl_c_ends_a_run_at_once_and_loses_no_answer(project: Path, server: Server) -> None:
    (project / "source/章.md").write_text(
        "## 甲\n\n### 1. 什么？\n\n" + "".join(f"- 第{number}项的内容\n" for number in range(40)), encoding="utf-8"
    )
    server.modes, server.always = ["ok"] * 20, "hang"
    command = [sys.executable, "-m", "deckgen", "translate", "fill", "en", "--engine", "libre", "--url", server.url]
    # A shell lets what it runs in the background ignore Ctrl-C; what is handled here is not ignored there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [*command, "--project", str(project), "--timeout", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: len(server.texts) == 28 or process.poll() is not None)
        kept = project / ".cache/deckgen/drafts/libre-en.jsonl"
        wait_until(lambda: kept.exists() and kept.read_text("utf-8").count("\n") == 20)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=240) == 130, "seconds, but on a busy machine"
    finally:
        process.kill()
        process.wait()
    assert status(project)["draft"] == 20
    server.always = "ok"
    server.released.set()
    assert fill(project, server).exit_code == 0
    assert len(server.texts) == 28 + 22, "what was answered is not asked again"
    assert status(project) == {"reviewed": 0, "draft": 42, "stale": 0, "missing": 0}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text.replace('msgstr ""\n\n', "<<<<<<< HEAD\n", 1), "conflict marker"),
        (lambda text: text.replace('msgid "高效"', 'msgid "高效'), "no line of a PO file"),
        (lambda text: text + text[text.index("msgctxt") :], "also in line"),
    ],
)
def test_a_damaged_po_file_is_reported_and_not_written(project: Path, damage: object, said: str) -> None:
    run(project, "extract")
    broken = damage(po(project).read_text("utf-8"))  # type: ignore[operator]
    po(project).write_text(broken, encoding="utf-8", newline="\n")
    for command in ("extract", "check"):
        result = run(project, command)
        assert result.exit_code == 1
        assert said in result.output or isinstance(result.exception, DeckgenError)
    assert po(project).read_text("utf-8") == broken


def test_checking_names_the_po_line_and_the_source(project: Path, server: Server) -> None:
    run(project, "extract")
    fill(project, server)
    text = re.sub(r'(msgid "高效"\nmsgstr ")[^"]*', r"\1残留 <script>x</script>", po(project).read_text("utf-8"))
    po(project).write_text(text, encoding="utf-8", newline="\n")
    result = run(project, "check")
    assert result.exit_code == 1
    line = text[: text.index("残留")].count("\n")
    assert re.search(
        rf"locale/en/章\.po:(?:{line - 4}|{line - 3}|{line - 2}|{line - 1}|{line}):1: error:", result.output
    )
    assert "source/章.md:10:3" in result.output
    assert "[translation-residue]" in result.output
    assert "[translation-markup]" in result.output


def translated(project: Path, **changes: str) -> None:
    """English for every block, reviewed; ``changes`` are other words by source."""

    def written(entry: re.Match[str]) -> str:
        marks = (
            "![diagram](imgs/图.png)" if "图.png" in entry[1] else "Formula $x^2$, `码`." if "x^2" in entry[1] else ""
        )
        denied = "not" if "没" in entry[1] else ""
        letters = (chr(ord("a") + ord(character) % 26) for character in entry[1])
        made = " ".join([denied, *(f"{letter * 2}{'xy'[at % 2]}" for at, letter in enumerate(letters))]).strip()
        words = changes.get(entry[1], marks or made)
        return f'msgid "{entry[1]}"\nmsgstr "{words}"'

    run(project, "extract")
    text = re.sub(r'msgid "(.+)"\nmsgstr ""', written, po(project).read_text("utf-8"))
    po(project).write_text(text, encoding="utf-8", newline="\n")


def rules(result: Result) -> list[tuple[str, str]]:
    return re.findall(r": (error|warning|info): .*\[([a-z-]+)\]$", result.output, re.M)


def test_what_nobody_began_to_translate_is_one_remark_and_a_gap_an_error(project: Path) -> None:
    run(project, "extract")
    nothing = run(project, "check")
    assert nothing.exit_code == 0
    assert rules(nothing) == [("info", "untranslated")]
    assert "5 of 5 texts of source/章.md" in nothing.output
    text = po(project).read_text("utf-8").replace('msgid "高效"\nmsgstr ""', 'msgid "高效"\nmsgstr "efficient"')
    po(project).write_text(text, encoding="utf-8", newline="\n")
    begun = run(project, "check")
    assert begun.exit_code == 1
    assert set(rules(begun)) == {("error", "translation-missing"), ("info", "untranslated")}
    assert "4 of 5 texts" in begun.output


def whole(project: Path, *command: str) -> Result:
    return deckgen(*command, "--project", project)


def test_check_and_strict_builds_report_what_is_wrong_with_translations(project: Path) -> None:
    translated(project, 高效="残留 words")
    (project / "locale/glossary.toml").write_text("keep = 5\n", encoding="utf-8")
    checked = whole(project, "check")
    assert checked.exit_code == 1
    assert rules(checked).count(("error", "translation-residue")) == 1
    assert rules(checked).count(("error", "bad-glossary")) == 1
    assert whole(project, "build").exit_code == 0
    strict = whole(project, "build", "--policy", "strict")
    assert strict.exit_code == 1
    assert ("error", "translation-residue") in rules(strict)
    assert "translation-residue" not in whole(project, "check", "--edition", "zh").output


def test_a_fact_that_differs_is_an_error_in_a_strict_build_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translated(project, 高效="5 times as efficient")
    assert ("warning", "translation-numbers") in rules(run(project, "check"))
    read: list[str] = []
    monkeypatch.setattr(files, "parse_catalog", lambda text, **more: read.append(text) or parse_catalog(text, **more))
    strict = whole(project, "build", "--policy", "strict")
    assert strict.exit_code == 1
    assert len(read) == 1, "a PO file is read once, for the cards and for the checks"
    assert ("error", "translation-numbers") in rules(strict)
    assert ("error", "translation-numbers") in rules(whole(project, "check", "--policy", "strict"))
    settings = project / "deckgen.toml"
    settings.write_text(settings.read_text("utf-8") + '[lint]\ntranslation-numbers = "warning"\n', encoding="utf-8")
    assert ("error", "translation-numbers") not in rules(whole(project, "build", "--policy", "strict"))


def test_a_comment_in_the_source_excuses_a_translation(project: Path) -> None:
    translated(project, 高效="残留 words")
    source = project / "source/章.md"
    comment = "<!-- deckgen: ignore[translation-residue] -->\n"
    text = source.read_text("utf-8")
    source.write_text(text.replace("- 没有", f"{comment}\n- 没有"), encoding="utf-8")
    assert rules(run(project, "check")) == []
    checked = whole(project, "check")
    assert checked.exit_code == 0
    assert rules(checked) == []
    source.write_text(text.replace("残差连接把", f"{comment}\n残差连接把"), encoding="utf-8")
    assert rules(whole(project, "check")) == [("info", "unused-ignore"), ("error", "translation-residue")]
    source.write_text(text, encoding="utf-8")
    (project / "deckgen.toml").write_text(
        '[deck]\nid = "test"\n[lint]\ntranslation-residue = "warning"\n', encoding="utf-8"
    )
    assert rules(whole(project, "check")) == [("warning", "translation-residue")]


def test_unknown_keys_and_languages_are_refused(project: Path) -> None:
    assert run(project, "extract", "english-language").exit_code == 2
    assert isinstance(run(project, "extract", "zh").exception, DeckgenError)
    assert isinstance(run(project, "fill", "en", "--engine", "papago").exception, DeckgenError)


def edit(project: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, po(project).read_text("utf-8"))
    assert count == 1
    po(project).write_text(text, encoding="utf-8", newline="\n")


def entry_of(project: Path, source: str) -> str:
    """The lines of a PO entry."""
    return next(part for part in po(project).read_text("utf-8").split("\n\n") if f'msgid "{source}"' in part)


def test_accepting_and_mending_begin_no_language(project: Path) -> None:
    translated(project)
    edit(project, r'msgid "高效"\nmsgstr "[^"]*"', '#, fuzzy\nmsgid "高效"\nmsgstr "efficient  words"')
    (project / "deckgen.toml").write_text('[deck]\nid = "test"\neditions = ["zh-en", "zh-ja"]\n', encoding="utf-8")
    assert run(project, "accept", *marks(project)).exit_code == 0
    assert run(project, "fix", "--write").exit_code == 0
    assert 'msgstr "efficient words"' in entry_of(project, "高效")
    assert [path.name for path in (project / "locale").iterdir()] == ["en"]


def test_each_language_is_mended_by_its_own_rules_where_two_have_equal_entries(project: Path) -> None:
    run(project, "extract", "en", "zh-Hant")
    for language in ("en", "zh-Hant"):
        text = po(project, language).read_text("utf-8")
        text = text.replace('msgid "高效"\nmsgstr ""', 'msgid "高效"\nmsgstr "BERT，GPT"')
        po(project, language).write_text(text, encoding="utf-8", newline="\n")
    assert "1 translation" in run(project, "fix", "--write").output
    assert 'msgstr "BERT, GPT"' in po(project, "en").read_text("utf-8")
    assert 'msgstr "BERT，GPT"' in po(project, "zh-Hant").read_text("utf-8")


def test_what_changed_after_it_was_seen_is_refused_and_named(project: Path, server: Server) -> None:
    run(project, "extract")
    fill(project, server)
    seen = {source: mark for mark, source in marks(project).items()}
    edit(project, r'(msgid "高效"\nmsgstr ")[^"]*', r"\1other words")
    source = project / "source/章.md"
    text = source.read_text("utf-8").replace("它能达到相对位置编码的效果", "它能达到相对位置编码的全部效果")
    source.write_text(text, encoding="utf-8")
    asked = [seen["高效"], seen["它能达到相对位置编码的效果。"], seen["没有额外的参数"], "00000000"]
    result = run(project, "accept", *asked, "--despite-warnings")
    assert result.exit_code == 1
    assert "1 translation accepted" in result.output
    for mark in (*asked[:2], "00000000"):
        assert f"{mark} refused: it has changed since" in result.output
    assert status(project) == {"reviewed": 1, "draft": 9, "stale": 0, "missing": 0}


def test_a_stale_block_that_nobody_saw_stays_stale(project: Path) -> None:
    translated(project)
    source = project / "source/章.md"
    text = source.read_text("utf-8").replace("把输入加到", "总是把输入加到").replace("它能达到", "它还能达到")
    source.write_text(text, encoding="utf-8")
    stale = {source: mark for mark, source in marks(project).items()}
    result = run(project, "accept", stale["残差连接总是把输入加到输出上。"], "--despite-warnings")
    assert "1 translation accepted" in result.output
    assert status(project) == {"reviewed": 9, "draft": 0, "stale": 1, "missing": 0}


def test_an_error_is_never_accepted_and_a_warning_only_despite_it(project: Path) -> None:
    translated(project)
    edit(project, r'msgid "高效"\nmsgstr "[^"]*"', '#, fuzzy\nmsgid "高效"\nmsgstr "残留 words"')
    edit(project, r'msgid "没有额外的参数"\nmsgstr "[^"]*"', '#, fuzzy\nmsgid "没有额外的参数"\nmsgstr "No 7 more"')
    seen = {source: mark for mark, source in marks(project).items()}
    refused = run(project, "accept", *seen.values())
    assert refused.exit_code == 1
    assert "refused: it has an error" in refused.output
    assert "[translation-residue]" in refused.output
    assert "(--despite-warnings)" in refused.output
    despite = run(project, "accept", *seen.values(), "--despite-warnings")
    assert "1 translation accepted" in despite.output
    assert "refused: it has an error" in despite.output


def test_one_translation_of_two_sources_is_not_accepted_unseen(project: Path) -> None:
    translated(project, 高效="the same words for both", 没有额外的参数="The same words, for both")
    edit(project, '(msgid "高效"\n)', r"#, fuzzy\n\1")
    (seen,) = marks(project)
    refused = run(project, "accept", seen)
    assert "[translation-repeated]" in refused.output
    assert "(--despite-warnings)" in refused.output
    assert "1 translation accepted" in run(project, "accept", seen, "--despite-warnings").output


# --- a language model -------------------------------------------------------------------------------------------------


def test_a_model_is_told_the_style_guide_and_its_run_leaves_a_receipt(project: Path, server: Server) -> None:
    run(project, "extract")
    (project / "locale/en/style.md").write_text("Short sentences.", encoding="utf-8")
    (project / "locale/en/章.style.md").write_text("No jargon.", encoding="utf-8")
    (project / "locale/ja").mkdir()
    (project / "locale/ja/style.md").write_text("だ・である調。", encoding="utf-8")
    address = ("--engine", "openai", "--url", f"{server.url}/v1", "--model", "m/1", "--price", "1,2")
    dry = run(project, "fill", "en", *address, "--dry-run")
    assert re.search(r"about \d+ tokens to read and \d+ to write, which cost about 0\.00\d+", dry.output)
    assert server.chats == []
    filled = run(project, "fill", "en", *address)
    assert filled.exit_code == 0, filled.output
    assert len(server.chats) == 3, "one for the category and each question"
    assert server.chats[0]["messages"][0]["content"].endswith("Short sentences.\n\nNo jargon.")
    assert re.search(r"^# mt: openai:m/1 ", po(project).read_text("utf-8"), re.M)
    (line,) = (project / ".cache/deckgen/drafts/receipts.jsonl").read_text("utf-8").splitlines()
    receipt = json.loads(line)
    assert (receipt["drafts"], receipt["tokens_in"], receipt["cost"]) == (10, 300, 0.00036)
    questions = [asked(chat).get("question", "") for chat in server.chats]
    assert sorted(questions) == ["", "什么是旋转位置编码？", "什么是残差连接？"]


def test_stale_blocks_get_a_proposal_beside_their_reviewed_text(project: Path, server: Server) -> None:
    translated(project)
    source = project / "source/章.md"
    source.write_text(source.read_text("utf-8").replace("把输入加到", "总是把输入加到"), encoding="utf-8")
    before = status(project)
    address = ("--engine", "openai", "--url", server.url, "--model", "m1")
    assert "0 drafts" in run(project, "fill", "en", *address).output
    assert "1 draft written" in run(project, "fill", "en", *address, "--stale").output
    assert status(project) == before
    assert len(re.findall(r'^# proposed: openai:m1 \S+ "', po(project).read_text("utf-8"), re.M)) == 1
    assert "0 drafts" in run(project, "fill", "en", *address, "--stale").output


def test_a_text_that_is_reviewed_elsewhere_is_not_sent(project: Path, server: Server) -> None:
    translated(project)
    (project / "source/新.md").write_text(TEXT.replace("什么是", "何为"), encoding="utf-8")
    fill(project, server)
    assert "高效" not in server.texts
    other = (project / "locale/en/新.po").read_text("utf-8")
    assert re.search(r'^# draft: not reviewed\n.*\n#, fuzzy\nmsgctxt ".*"\nmsgid "高效"\nmsgstr "\w', other, re.M)


def test_an_address_without_its_scheme_is_wrong_usage_at_once(project: Path) -> None:
    refused = run(project, "fill", "en", "--engine", "libre", "--url", "localhost:5999")
    assert refused.exit_code == 2
    assert "must begin with http:// or https://" in refused.output


@pytest.mark.parametrize("command", [("status",), ("status", "--json"), ("review", "en")], ids=" ".join)
def test_a_project_without_chapters_is_an_error_and_gets_no_page(command: tuple[str, ...], tmp_path: Path) -> None:
    result = run(tmp_path, *command)
    assert result.exit_code == 1
    assert "no-chapters" in result.output
    assert "Translations" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_an_engine_of_another_package_is_found_by_its_entry_point(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "site"
    (package / "shouting-1.dist-info").mkdir(parents=True)
    (package / "shouting-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1\n")
    (package / "shouting-1.dist-info" / "entry_points.txt").write_text("[deckgen.engines]\nshout = shouting:make\n")
    (package / "shouting.py").write_text(
        "from deckgen.translation.drafts.engines import EngineAnswer, EngineLimits\n"
        "class Engine:\n"
        "    name = identity = 'shout'\n"
        "    limits, placeholder, reads_briefings = EngineLimits(characters=1000), '[X{}X]', False\n"
        "    def translate(self, batch):\n"
        "        words = 'WORDS OF ' + str(batch.characters) + ' '\n"
        "        return EngineAnswer(texts={1: words + ''.join(c for c in batch.passages[0].text if ord(c) < 128)})\n"
        "def make(*, url, model, key, timeout_seconds):\n"
        "    return Engine()\n"
    )
    monkeypatch.syspath_prepend(str(package))
    assert make_engine("shout").name == "shout"
    run(project, "fill", "en", "--engine", "shout")
    text = po(project).read_text("utf-8")
    assert "# mt: shout" in text
    assert 'msgstr "WORDS OF 2 "' not in text
    assert 'msgid "高效"\nmsgstr "WORDS OF 2"' in text


# --- the review page --------------------------------------------------------------------------------------------------


def test_the_review_page_works_from_a_file(project: Path, server: Server, browser: Browser) -> None:
    from playwright.sync_api import expect

    run(project, "extract")
    fill(project, server, "--limit", "8")
    text = re.sub(
        r'(msgid "高效"\nmsgstr ")[^"]*', r"\1<script>document.title='bad'</script>", po(project).read_text("utf-8")
    )
    po(project).write_text(text, encoding="utf-8", newline="\n")
    result = run(project, "review", "en")
    assert "2 missing, 8 draft" in result.output
    page = browser.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text))
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else troubles.append(request.url)
    )
    page.goto((project / "build" / "review-en.html").as_uri())
    try:
        shown = page.locator(".row:visible")
        expect(shown).to_have_count(10)
        assert page.title() != "bad"
        page.wait_for_function("document.images[0].naturalWidth > 0")
        assert page.locator("math").count() >= 1
        page.keyboard.press("3")
        expect(shown).to_have_count(2)
        page.keyboard.press("3")
        page.keyboard.press("1")
        expect(shown).to_have_count(8)
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("a")
        expect(page.locator("footer code")).to_have_text(re.compile(r"^deckgen translate accept [0-9a-f]{8}$"))
        page.keyboard.press("/")
        page.keyboard.type("残差")
        expect(shown).not_to_have_count(8)
        assert 0 < shown.count() < 8
        page.set_viewport_size({"width": 360, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert troubles == []
    finally:
        page.close()


def test_the_review_page_holds_what_is_long_and_keeps_the_place(
    project: Path, server: Server, browser: Browser
) -> None:
    formula = "+".join(f"x_{{{number}}}" for number in range(60))
    questions = "".join(f"### {n}. 为什么 {'identifier_' * 12}{n}？\n\n答案。\n\n" for n in range(2, 41))
    first = f"### 1. 为什么？\n\n长 ${formula}$ 式。\n\n"
    (project / "source" / "章.md").write_text(f"## 甲\n\n{first}{questions}", encoding="utf-8")
    fill(project, server)
    run(project, "review", "en")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    try:
        page.goto((project / "build" / "review-en.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.evaluate("for (const fold of document.querySelectorAll('.folded .fold')) fold.click()")
        wide = page.locator(".dg-math-inline.dg-wide").first
        assert wide.evaluate("box => { box.scrollLeft = 9999; return box.scrollLeft; }") > 100
        label = page.locator("section > header label").first.bounding_box()
        assert label
        assert label["height"] >= 44
        page.locator(".all").first.check()
        page.reload()
        assert page.locator(".good:checked").count() > 0, "marks survive"
        page.evaluate("for (const box of document.querySelectorAll('.all:not(:checked)')) box.click()")
        footer = page.locator("footer").bounding_box()
        assert footer
        assert footer["height"] <= 0.3 * 844 + 1
    finally:
        page.close()


def test_a_state_that_is_hidden_hands_the_focus_on(project: Path, server: Server, browser: Browser) -> None:
    run(project, "extract")
    fill(project, server, "--limit", "1")
    run(project, "review", "en")
    page = browser.new_page()
    try:
        page.goto((project / "build" / "review-en.html").as_uri())
        draft = page.locator(".row[data-state=draft]")
        assert draft.count() == 1
        for _ in range(page.locator(".row").count()):
            if draft.evaluate("row => row === document.activeElement"):
                break
            page.keyboard.press("j")
        assert draft.evaluate("row => row === document.activeElement")
        after = "(row) => { const rows = [...document.querySelectorAll('.row')]; return rows[rows.indexOf(row) + 1]; }"
        following = draft.evaluate_handle(after)
        page.keyboard.press("3")
        assert page.evaluate("row => row === document.activeElement", following)
    finally:
        page.close()
