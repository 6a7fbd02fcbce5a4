"""Drafting over a real server: what is sent, what is accepted, and what happens when the server misbehaves."""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from translation_server import Server, english, translation_server, wait_until

from deckgen.diagnostics import DeckgenError
from deckgen.markdown.blocks import BlockKind
from deckgen.model import Language, Markdown
from deckgen.translation.checks.pairs import Pair
from deckgen.translation.drafts.engines import EngineError, Remedy, engine_names, make_engine
from deckgen.translation.drafts.fill import TRIES, Clock, Filled, Job, draft_missing, pending_requests
from deckgen.translation.drafts.placeholders import Original, PlaceholderError, Protected, protect, restore
from deckgen.translation.glossary import LanguageGlossary, Term

GLOSSARY = LanguageGlossary(keep=("Q-Former", "RoPE"), terms=(Term(source="编码器", targets=("encoder",)),))
SECRET = "k-51-secret"


@dataclass
class Time:
    """Seconds that pass only when somebody sleeps."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def clock(self) -> Clock:
        return Clock(now=lambda: self.seconds, sleep=self.sleep, chance=random.Random(1))


@pytest.fixture
def server() -> Iterator[Server]:
    with translation_server() as running:
        yield running


def job(source: str, *, kind: BlockKind = BlockKind.PARAGRAPH, language: str = "en") -> Job:
    return Job(
        pair=Pair(
            source=Markdown(source),
            translation=Markdown(""),
            language=Language(language),
            kind=kind,
            glossary=GLOSSARY,
        )
    )


class Engine:
    """LibreTranslate as it is, which waits briefly for what will not come, and as long as it takes for all else."""

    def __init__(self, server: Server, key: str | None) -> None:
        self._server = server
        self._patient = make_engine("libre", url=server.url, key=key)
        self._brisk = make_engine("libre", url=server.url, key=key, timeout_seconds=0.4)
        self.name, self.placeholder = self._patient.name, self._patient.placeholder
        self.max_characters, self.pause_seconds = self._patient.max_characters, self._patient.pause_seconds

    def translate(self, text: str, *, source: Language, target: Language) -> str:
        if self._server.next_mode not in ("hang", "drip"):
            return self._patient.translate(text, source=source, target=target)
        before = len(self._server.requests)
        try:
            return self._brisk.translate(text, source=source, target=target)
        finally:
            # On a busy machine the server may read the request after the client gave up.
            wait_until(lambda: len(self._server.requests) > before)


def run(server: Server, tmp_path: Path, *sources: str, time: Time | None = None, key: str | None = None) -> Filled:
    engine = Engine(server, key)
    jobs = [job(source) for source in sources]
    return draft_missing(jobs, engine, cache=tmp_path / "drafts.jsonl", clock=(time or Time()).clock())


TEXT = "**架构**：`x=1` 与 $y^2$ 是Q-Former的[论文](https://a.b/c)，见![图](图.png)。"


def test_a_draft_keeps_all_markup_and_every_kept_term(server: Server, tmp_path: Path) -> None:
    filled = run(server, tmp_path, TEXT)
    (draft,) = filled.drafts
    assert draft.problem == ""
    for kept in ("`x=1`", "$y^2$", "Q-Former", "](https://a.b/c)", "](图.png)", "!["):
        assert kept in (draft.translation or "")
    assert (draft.translation or "").startswith("**")
    assert not re.search("[\u4e00-\u9fff]", (draft.translation or "").replace("图.png", ""))
    (sent,) = server.texts
    assert not re.search(r"https|x=1|Q-Former|\*\*|y\^2|图\.png", sent)


def test_text_and_key_travel_in_the_body_and_never_in_the_address(server: Server, tmp_path: Path) -> None:
    run(server, tmp_path, "很长的文字。" * 150, key=SECRET)
    assert set(server.queries) == {""}
    assert server.requests[0]["api_key"] == SECRET
    assert (server.requests[0]["source"], server.requests[0]["target"]) == ("zh", "en")


def test_a_server_without_keys_is_sent_none(server: Server, tmp_path: Path) -> None:
    run(server, tmp_path, "一段文字。")
    assert "api_key" not in server.requests[0]


@pytest.mark.parametrize(
    "mode", ["500", "429", "hang", "drip", "reset", "html", "error", "null", "nothing", "number", "empty"]
)
def test_a_failure_that_passes_is_overcome(server: Server, tmp_path: Path, mode: str) -> None:
    server.modes = [mode, mode]
    time = Time()
    filled = run(server, tmp_path, "这是一段文字。", time=time)
    assert filled.drafts[0].translation == english("这是一段文字。")
    assert (filled.requests, len(time.slept)) == (3, 2)


@pytest.mark.parametrize("mode", ["500", "hang", "reset", "html", "error", "null", "empty"])
def test_a_failure_that_stays_is_reported_after_five_tries_without_text_or_key(
    server: Server, tmp_path: Path, mode: str
) -> None:
    server.always = mode
    time = Time()
    filled = run(server, tmp_path, "机密的一段文字。", time=time, key=SECRET)
    (draft,) = filled.drafts
    assert draft.translation is None
    assert draft.problem
    assert SECRET not in draft.problem
    assert "机密" not in draft.problem
    assert filled.requests == TRIES
    assert not (tmp_path / "drafts.jsonl").exists()


def test_waiting_grows_and_varies_and_follows_retry_after(server: Server, tmp_path: Path) -> None:
    server.modes = ["500", "500", "500", "500"]
    time = Time()
    run(server, tmp_path, "第一段文字。", time=time)
    assert all(0.5 * 2**attempt <= slept <= 1.5 * 2**attempt for attempt, slept in enumerate(time.slept))
    assert len({round(slept / 2**attempt, 6) for attempt, slept in enumerate(time.slept)}) > 1
    server.modes = ["429"]
    time = Time()
    run(server, tmp_path, "第二段文字。", time=time)
    assert time.slept == [7.0]


def test_a_server_that_asks_for_an_hour_ends_the_run(server: Server, tmp_path: Path) -> None:
    server.modes, server.retry_after = ["429"], "3600"
    filled = run(server, tmp_path, "第一段文字。", "第二段文字。")
    assert filled.requests == 1
    assert "3600 seconds" in filled.stopped


@pytest.mark.parametrize(
    ("mode", "said"), [("403", "access refused"), ("404", "no translation server"), ("redirect", "302")]
)
def test_what_no_retry_can_mend_ends_the_run_at_once(server: Server, tmp_path: Path, mode: str, said: str) -> None:
    server.modes = [mode]
    filled = run(server, tmp_path, "第一段文字。", "第二段文字。", key=SECRET)
    assert (filled.requests, filled.drafts) == (1, ())
    assert said in filled.stopped
    assert SECRET not in filled.stopped


@pytest.mark.parametrize("mode", ["400", "dropped", "doubled", "echo", "injected"])
def test_a_text_that_fails_is_left_out_and_the_others_go_on(server: Server, tmp_path: Path, mode: str) -> None:
    server.modes = [mode, mode] if mode in ("dropped", "doubled") else [mode]
    filled = run(server, tmp_path, "第一段`x`文字。", "第二段文字。")
    assert [bool(draft.translation) for draft in filled.drafts] == [False, True]
    assert filled.drafts[0].problem
    assert filled.stopped == ""


def test_placeholders_that_an_engine_mangled_are_understood(server: Server, tmp_path: Path) -> None:
    server.modes = ["mangled"]
    filled = run(server, tmp_path, "第一段`x`文字。")
    assert "`x`" in (filled.drafts[0].translation or "")


def test_the_answer_of_another_text_is_refused(server: Server, tmp_path: Path) -> None:
    server.modes = ["other", "other"]
    filled = run(server, tmp_path, "第一段很长的文字在这里。", "第二段很长的文字在那里。")
    assert [draft.translation for draft in filled.drafts] == [None, None]
    assert all("another text" in draft.problem for draft in filled.drafts)
    assert run(server, tmp_path, "第一段很长的文字在这里。").requests == 1


def test_one_answer_to_every_text_ends_the_run_and_leaves_no_draft(server: Server, tmp_path: Path) -> None:
    server.always = "says Dear customer, your plan does not cover this."
    sources = [f"第{number}段{'`x`' * (number % 2)}文字。" for number in range(2, 14)]
    filled = run(server, tmp_path, *sources)
    assert "in a row" in filled.stopped
    assert not any(draft.translation for draft in filled.drafts)
    assert (filled.requests, len(filled.drafts)) == (5, 4)


def test_an_answer_repeated_much_later_takes_back_the_one_in_the_cache(server: Server, tmp_path: Path) -> None:
    server.modes = ["other"]
    assert run(server, tmp_path, "第一段很长的文字在这里。").drafts[0].translation
    server.modes = ["ok", "other", "ok"]
    filled = run(server, tmp_path, *(f"第{number}段很长的文字在这里。" for number in "一二三四"))
    assert [bool(draft.translation) for draft in filled.drafts] == [False, True, False, True]


@pytest.mark.parametrize(
    "said", ["Too many requests, please slow down.", "429 Too Many Requests", "Error: Bad Gateway"]
)
def test_an_error_in_words_is_no_translation(server: Server, tmp_path: Path, said: str) -> None:
    server.modes = [f"says {said}"]
    filled = run(server, tmp_path, "这是一段文字。")
    assert (filled.drafts[0].translation, filled.requests) == (english("这是一段文字。"), 2)
    server.always = f"says {said}"
    filled = run(server, tmp_path, *(f"第{number}段文字。" for number in "一二三四五六七八九"))
    assert filled.requests == 5 * TRIES
    assert "in a row" in filled.stopped


def test_a_text_about_an_error_may_be_translated(server: Server, tmp_path: Path) -> None:
    server.modes = ["says Too many requests were sent."]
    assert run(server, tmp_path, "发送的请求太多。").drafts[0].translation == "Too many requests were sent."


@pytest.mark.parametrize(
    "mode",
    [
        "surrogate",
        "says a \0 character",
        "says an \x1b[0m escape",
        "says a lost \ufffd character",
        "says a \x85 character",
    ],
)
def test_an_answer_with_broken_characters_is_refused(server: Server, tmp_path: Path, mode: str) -> None:
    server.modes = [mode]
    filled = run(server, tmp_path, "第一段文字。", "第二段文字。")
    assert [bool(draft.translation) for draft in filled.drafts] == [False, True]
    assert "empty" in filled.drafts[0].problem or "broken characters" in filled.drafts[0].problem


def test_a_dead_server_is_not_asked_for_every_text(server: Server, tmp_path: Path) -> None:
    server.always = "500"
    filled = run(server, tmp_path, *(f"第{number}段文字。" for number in "一二三四五六七八九"))
    assert filled.requests == 5 * TRIES
    assert "in a row" in filled.stopped


def test_no_server_at_all_is_a_clear_end(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:  # bound and not listening, so that nobody else answers there
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        engine = make_engine("libre", url=f"http://secret@{address}")
        filled = draft_missing([job("一段文字。")], engine, cache=tmp_path / "c", clock=Time().clock())
    assert f"no answer from http://{address}" in filled.drafts[0].problem
    assert "secret" not in filled.drafts[0].problem


def test_an_interrupted_run_goes_on_without_losing_or_repeating_a_text(server: Server, tmp_path: Path) -> None:
    sources = [f"第{number}段文字，带有`码{number}`。" for number in range(12)]
    engine = make_engine("libre", url=server.url)
    cache = tmp_path / "drafts.jsonl"

    def interrupt(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    jobs = [job(source) for source in sources]
    first = draft_missing(jobs, engine, cache=cache, clock=Time().clock(), progress=interrupt)
    assert (first.interrupted, len(first.drafts)) == (True, 5)
    second = draft_missing(jobs, engine, cache=cache, clock=Time().clock())
    assert (second.cached, second.requests) == (5, 7)
    assert len(server.texts) == len(set(server.texts)) == 12
    assert all(draft.translation for draft in second.drafts)
    assert [draft.translation for draft in first.drafts] == [draft.translation for draft in second.drafts[:5]]


def test_a_cache_that_was_cut_off_in_the_middle_of_a_line_still_serves(server: Server, tmp_path: Path) -> None:
    cache = tmp_path / "drafts.jsonl"
    run(server, tmp_path, "第一段文字。", "第二段文字。")
    cache.write_bytes(cache.read_bytes()[:-20])
    filled = run(server, tmp_path, "第一段文字。", "第二段文字。", "第三段文字。")
    assert (filled.cached, filled.requests) == (1, 2)
    assert run(server, tmp_path, "第二段文字。", "第三段文字。").requests == 0


def test_requests_keep_the_engines_pace(server: Server, tmp_path: Path) -> None:
    engine = make_engine("libre", url=server.url)
    engine.pause_seconds = 2.5  # type: ignore[misc]
    time = Time()
    jobs = [job(f"第{number}段文字。") for number in "一二三"]
    draft_missing(jobs, engine, cache=tmp_path / "c", clock=time.clock())
    assert time.slept == [2.5, 2.5]


def test_a_long_text_is_sent_in_whole_sentences(server: Server, tmp_path: Path) -> None:
    engine = make_engine("libre", url=server.url)
    engine.max_characters = 40  # type: ignore[misc]
    source = "第一句话在这里结束。" * 3 + "带有`码`的一句话。" + "最后一句话。" * 3
    filled = draft_missing([job(source)], engine, cache=tmp_path / "c", clock=Time().clock())
    assert len(server.texts) > 1
    assert all(len(text) <= 40 and text.endswith("。") for text in server.texts)
    assert "`码`" in (filled.drafts[0].translation or "")
    too_long = draft_missing([job("没有句号的" * 20)], engine, cache=tmp_path / "c", clock=Time().clock())
    assert "longer than the 40 characters" in too_long.drafts[0].problem


def test_a_block_that_is_a_term_of_the_glossary_needs_no_engine(server: Server, tmp_path: Path) -> None:
    filled = run(server, tmp_path, "编码器")
    assert (filled.drafts[0].translation, filled.requests) == ("encoder", 0)


def test_a_dry_run_tells_what_would_be_sent(server: Server) -> None:
    engine = make_engine("libre", url=server.url)
    ((_, pieces),) = pending_requests([job("`x`是RoPE。")], engine)
    assert pieces == ("[X0X]是[X1X]。",)
    assert [pieces for _, pieces in pending_requests([job("占位符[X0X]")], engine)] == [()]
    assert server.texts == []


# --- engines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["deepl", "papago", "yandex", "chatgpt"])
def test_an_engine_that_cannot_work_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(DeckgenError, match="does not work"):
        make_engine(name)


def test_an_unknown_engine_and_one_without_its_address_are_refused() -> None:
    with pytest.raises(DeckgenError, match="there is no engine nosuch") as caught:
        make_engine("nosuch")
    assert "libre" in caught.value.hint
    with pytest.raises(DeckgenError, match="address"):
        make_engine("libre")
    assert engine_names()[:3] == ("libre", "google", "mymemory")


def test_a_language_that_the_engine_does_not_know_is_a_clear_end(server: Server) -> None:
    engine = make_engine("libre", url=server.url)
    with pytest.raises(EngineError, match="does not translate") as caught:
        engine.translate("一", source=Language("zh"), target=Language("tlh"))
    assert caught.value.remedy is Remedy.STOP
    assert server.texts == []


@pytest.mark.parametrize("name", ["google", "mymemory"])
def test_the_other_engines_reach_their_server_and_reject_its_nonsense(server: Server, name: str) -> None:
    server.always = "html"
    engine = make_engine(name, url=f"{server.url}/{name}")
    with pytest.raises(EngineError) as caught:
        engine.translate("一段机密文字", source=Language("zh"), target=Language("en"))
    assert "机密" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(("name", "code"), [("google", "zh-CN"), ("mymemory", "zh-CN|en-GB")])
def test_the_other_engines_translate(server: Server, tmp_path: Path, name: str, code: str) -> None:
    engine = make_engine(name, url=f"{server.url}/{name}")
    filled = draft_missing([job(TEXT)], engine, cache=tmp_path / "c", clock=Time().clock())
    assert "](https://a.b/c)" in (filled.drafts[0].translation or "")
    assert code in server.requests[0].values()


def test_a_quota_that_is_used_up_is_no_translation(server: Server, tmp_path: Path) -> None:
    server.always = "quota"
    engine = make_engine("mymemory", url=f"{server.url}/mymemory")
    filled = draft_missing([job("一段文字。"), job("又一段。")], engine, cache=tmp_path / "c", clock=Time().clock())
    assert (filled.drafts, filled.requests) == ((), 1)
    assert "quota" in filled.stopped


@pytest.mark.parametrize(("status", "stops"), [("403", True), ("429", False), ("500", False)])
def test_a_status_within_the_answer_counts(server: Server, tmp_path: Path, status: str, stops: bool) -> None:
    server.always = f"status {status}"
    engine = make_engine("mymemory", url=f"{server.url}/mymemory", timeout_seconds=1)
    filled = draft_missing([job("一段文字。")], engine, cache=tmp_path / "c", clock=Time().clock())
    assert (filled.requests, bool(filled.stopped)) == ((1, True) if stops else (TRIES, False))
    assert not any(draft.translation for draft in filled.drafts)


def test_a_language_that_mymemory_refuses_ends_the_run(server: Server, tmp_path: Path) -> None:
    server.modes = ["says INVALID LANGUAGE PAIR SPECIFIED. EXAMPLE: LANGPAIR=EN|IT"]
    filled = run(server, tmp_path, "第一段文字。", "第二段文字。")
    assert (filled.requests, filled.drafts) == (1, ())
    assert "languages" in filled.stopped


# --- placeholders -----------------------------------------------------------------------------------------------------

PIECES = [
    "文字",
    "`码`",
    "$x$",
    "**粗**",
    "[链](u)",
    "![图](p.png)",
    "<br>",
    "RoPE",
    " ",
    "\\|",
    "https://a.b/c ",
    "，",
    "\n",
    "  \n",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_protecting_and_restoring_changes_nothing_but_blanks_around_bold(parts: list[str]) -> None:
    text = "字" + "".join(parts) + "尾"
    given = protect(text, GLOSSARY, "[X{}X]")
    back = restore(given.text, given)
    assert back.replace(" ", "") == text.replace(" ", "")
    assert back == text or "**" in text or "[" in text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("a [X0X] b [X1X]", "a `p` b `q`"),
        ("a [X1X] b [X0X]", "a `q` b `p`"),
        ("a 【X0X】 b ［ Ｘ １ Ｘ ］", "a `p` b `q`"),
        ("a [ x0x ] b [X 1 X]", "a `p` b `q`"),
    ],
)
def test_moved_and_mangled_placeholders_are_restored(answer: str, expected: str) -> None:
    assert restore(answer, Protected(text="", originals=(Original(text="`p`"), Original(text="`q`")))) == expected


@pytest.mark.parametrize("answer", ["a [X0X]", "[X0X] [X1X] [X1X]", "[X0X] [X1X] [X2X]", "", "X0X X1X"])
def test_an_answer_without_each_placeholder_once_is_refused(answer: str) -> None:
    with pytest.raises(PlaceholderError):
        restore(answer, Protected(text="", originals=(Original(text="`p`"), Original(text="`q`"))))


def test_formulas_and_code_that_look_like_marks_are_left_alone() -> None:
    text = "$**kwargs$与**粗** `a ** b` 和*斜*体~~删~~"
    given = protect(text, GLOSSARY, "[X{}X]")
    assert restore(given.text, given) == text


def test_blanks_that_would_undo_bold_and_links_are_taken_out() -> None:
    given = protect("**架构**与[论文](u)", GLOSSARY, "[X{}X]")
    answer = re.sub(r"\[X(\d)X\]", r" [X\1X] ", given.text).replace("架构", "architecture").replace("论文", "paper")
    assert restore(answer, given) == "**architecture** 与 [paper](u)"
