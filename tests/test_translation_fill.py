"""Drafting over a real server: what is sent, what is accepted, and what happens when the server misbehaves."""

from __future__ import annotations

import hashlib
import random
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from translation_server import Server, asked, english, translation_server, wait_until

from deckgen.diagnostics import DeckgenError
from deckgen.markdown.blocks import BlockKind
from deckgen.model import Language, Markdown
from deckgen.translation.checks.pair import Pair
from deckgen.translation.drafts.engines import (
    Batch,
    Briefing,
    Engine,
    EngineAnswer,
    EngineError,
    EngineLimits,
    Example,
    Passage,
    Remedy,
    engine_names,
    make_engine,
)
from deckgen.translation.drafts.fill import draft_missing, plan_requests
from deckgen.translation.drafts.ledger import Price, RememberedDrafts, estimate, receipt_of
from deckgen.translation.drafts.parcels import Filled, Job
from deckgen.translation.drafts.placeholders import PlaceholderError, mask, unmask
from deckgen.translation.drafts.sending import TRIES, Clock
from deckgen.translation.glossary import Glossary, Term

GLOSSARY = Glossary(keep=("Q-Former", "RoPE"), terms=(Term(source="编码器", targets=("encoder",)),))
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


class Brisk:
    """LibreTranslate as it is, which waits briefly for what will not come, and as long as it takes for all else."""

    def __init__(self, server: Server, key: str | None, *, limits: EngineLimits | None = None) -> None:
        self._server = server
        self._patient = make_engine("libre", url=server.url, key=key)
        self._brisk = make_engine("libre", url=server.url, key=key, timeout_seconds=0.4)
        self.name, self.identity = self._patient.name, self._patient.identity
        self.placeholder, self.reads_briefings = self._patient.placeholder, self._patient.reads_briefings
        self.limits = limits or self._patient.limits

    def translate(self, batch: Batch) -> EngineAnswer:
        if self._server.next_mode not in ("hang", "drip"):
            return self._patient.translate(batch)
        before = len(self._server.requests)
        try:
            return self._brisk.translate(batch)
        finally:
            # On a busy machine the server may read the request after the client gave up.
            wait_until(lambda: len(self._server.requests) > before)


def fill(
    engine: Engine,
    jobs: Sequence[Job],
    cache: Path,
    *,
    time: Time | None = None,
    fresh: bool = False,
    **more: object,
) -> Filled:
    remembered = RememberedDrafts(cache, engine.identity, fresh=fresh)
    return draft_missing(jobs, engine, remembered=remembered, clock=(time or Time()).clock(), **more)  # type: ignore[arg-type]


def run(server: Server, tmp_path: Path, *sources: str, time: Time | None = None, key: str | None = None) -> Filled:
    engine = Brisk(server, key)
    return fill(engine, [job(source) for source in sources], tmp_path / "drafts.jsonl", time=time)


def said(engine: Engine, text: str, *, source: str = "zh", target: str = "en") -> str:
    """An engine's answer to one text."""
    batch = Batch(source=Language(source), target=Language(target), passages=(Passage(id=1, text=text),))
    return engine.translate(batch).texts[1]


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
def test_a_failure_that_stays_is_reported_after_some_tries_without_text_or_key(
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
    server.modes = ["500", "500", "500"]
    time = Time()
    run(server, tmp_path, "第一段文字。", time=time)
    assert all(0.25 * 2**attempt <= slept <= 0.75 * 2**attempt for attempt, slept in enumerate(time.slept))
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


@pytest.mark.parametrize(("mode", "said"), [("403", "access refused"), ("404", "no such service"), ("redirect", "302")])
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
    assert (filled.requests, len(filled.drafts)) == (5, 5)


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
    assert filled.requests == 3 * TRIES
    assert "down: an error in words" in filled.stopped


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
    assert filled.requests == 3 * TRIES
    assert "down: HTTP 500" in filled.stopped


def test_no_server_at_all_is_a_clear_end(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:  # bound and not listening, so that nobody else answers there
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        engine = make_engine("libre", url=f"http://secret@{address}")
        time = Time()
        filled = fill(engine, [job("一段文字。"), job("又一段。")], tmp_path / "c", time=time)
    assert f"no answer from http://{address}" in filled.stopped
    assert "secret" not in filled.stopped
    assert filled.requests <= 5
    assert time.seconds < 10


def test_an_interrupted_run_goes_on_without_losing_or_repeating_a_text(server: Server, tmp_path: Path) -> None:
    sources = [f"第{number}段文字，带有`码{number}`。" for number in range(12)]
    engine = make_engine("libre", url=server.url)
    cache = tmp_path / "drafts.jsonl"

    def interrupt(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    jobs = [job(source) for source in sources]
    first = fill(engine, jobs, cache, progress=interrupt)
    assert (first.interrupted, len(first.drafts)) == (True, 5)
    second = fill(engine, jobs, cache)
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
    engine = Brisk(server, None, limits=EngineLimits(characters=2000, pause_seconds=2.5))
    jobs = [job(f"第{number}段文字。") for number in "一二三"]
    time = Time()
    fill(engine, jobs, tmp_path / "c", time=time)
    assert time.slept == [2.5, 2.5]
    time = Time()
    fill(engine, jobs, tmp_path / "d", time=time, pause_seconds=6.0)
    assert time.slept == [6.0, 6.0]


def test_a_long_text_is_sent_in_whole_sentences(server: Server, tmp_path: Path) -> None:
    engine = Brisk(server, None, limits=EngineLimits(characters=40))
    source = "第一句话在这里结束。" * 3 + "带有`码`的一句话。" + "最后一句话。" * 3
    filled = fill(engine, [job(source)], tmp_path / "c")
    assert len(server.texts) > 1
    assert all(len(text) <= 40 and text.endswith("。") for text in server.texts)
    assert "`码`" in (filled.drafts[0].translation or "")
    too_long = fill(engine, [job("没有句号的" * 20)], tmp_path / "c")
    assert "longer than the 40 characters" in too_long.drafts[0].problem


def test_a_block_that_is_a_term_of_the_glossary_needs_no_engine(server: Server, tmp_path: Path) -> None:
    filled = run(server, tmp_path, "编码器")
    assert (filled.drafts[0].translation, filled.requests) == ("encoder", 0)


def test_a_dry_run_tells_what_would_be_sent(server: Server, tmp_path: Path) -> None:
    engine = make_engine("libre", url=server.url)
    remembered = RememberedDrafts(tmp_path / "c", engine.identity)
    jobs = [job("`x`是RoPE。"), job("占位符[X0X]"), job("编码器")]
    batches, known = plan_requests(jobs, engine, remembered, ())
    assert [passage.text for batch in batches for passage in batch.passages] == ["[X0X]是[X1X]。"]
    assert [draft.translation for draft in known.drafts] == [None, "encoder"]
    assert server.texts == []


# --- several at a time ------------------------------------------------------------------------------------------------


def test_as_many_requests_are_in_flight_as_were_asked_for_and_the_engine_allows(server: Server, tmp_path: Path) -> None:
    server.together = threading.Barrier(8, timeout=60)
    jobs = [job(f"第{number}段`码`文字。") for number in range(64)]
    engine = make_engine("libre", url=server.url)
    filled = fill(engine, jobs, tmp_path / "c", in_flight=8)
    assert [draft.job for draft in filled.drafts] == jobs
    assert all(draft.translation == english_of(draft.job) for draft in filled.drafts)
    assert (server.most_in_flight, filled.requests) == (8, 64)
    server.together, server.most_in_flight = threading.Barrier(2, timeout=60), 0
    fill(Brisk(server, None, limits=EngineLimits(characters=99, in_flight=2)), jobs, tmp_path / "d", in_flight=8)
    assert server.most_in_flight == 2


def english_of(job: Job) -> str:
    return english(job.pair.source.replace("`码`", "[X0X]")).replace("[X0X]", "`码`")


def test_a_server_that_dies_is_noticed_within_seconds_and_what_came_before_is_kept(tmp_path: Path) -> None:
    jobs = [job(f"第{number}段文字。") for number in range(200)]
    clock = Clock(now=monotonic, sleep=sleep)
    with translation_server() as server:
        server.latency_seconds = 0.01
        engine = make_engine("libre", url=server.url)
        remembered = RememberedDrafts(tmp_path / "c", engine.identity)
        died: list[float] = []

        def kill(done: int, total: int) -> None:
            if done >= 30 and not died:
                died.append(monotonic())
                server.kill()

        filled = draft_missing(jobs, engine, remembered=remembered, clock=clock, in_flight=8, progress=kill)
        noticed = monotonic() - died[0]
    assert "down: no answer" in filled.stopped
    assert noticed < 15, "seconds, on a busy machine too"
    assert 30 <= len(filled.drafts) < 60
    again = RememberedDrafts(tmp_path / "c", engine.identity)
    assert all(again.get(draft.job.pair) == (draft.translation or "") for draft in filled.drafts)


def test_a_server_that_nobody_reaches_for_a_moment_ends_no_run_however_many_ask_it(tmp_path: Path) -> None:
    jobs = [job(f"第{number}段文字。") for number in range(16)]
    with translation_server() as server:
        engine = make_engine("libre", url=server.url)
    remembered = RememberedDrafts(tmp_path / "c", engine.identity)
    stopped = Clock(now=lambda: 0.0, sleep=lambda _: None)
    filled = draft_missing(jobs, engine, remembered=remembered, clock=stopped, in_flight=8)
    assert filled.stopped == ""
    assert (len(filled.drafts), filled.requests) == (16, 16 * TRIES)
    assert all(draft.problem.startswith("no answer") for draft in filled.drafts)


def test_everybody_waits_as_long_as_the_server_asks_one_to(server: Server, tmp_path: Path) -> None:
    server.modes, server.retry_after = ["429"], "7"
    time = Time()
    filled = fill(Brisk(server, None), [job(f"第{n}段文字。") for n in "一二三"], tmp_path / "c", time=time)
    assert all(draft.translation for draft in filled.drafts)
    assert time.seconds == 7


# --- language models --------------------------------------------------------------------------------------------------

STYLE = "Write short sentences."
REVIEWED = (
    Example(source=Markdown("编码器的作用是什么？"), translation=Markdown("What does an encoder do?")),
    Example(source=Markdown("与此无关的一句话"), translation=Markdown("something else")),
)


def model(server: Server, name: str = "m1", **more: object) -> Engine:
    return make_engine("openai", url=f"{server.url}/v1", model=name, key=SECRET, **more)  # type: ignore[arg-type]


def talk(server: Server, tmp_path: Path, *sources: str, time: Time | None = None, **more: object) -> Filled:
    """The drafts of a model for blocks of one question."""
    before = Example(source=Markdown("前一块"), translation=Markdown("the block before"))
    briefing = Briefing(category="架构", question="什么是编码器？", neighbours=(before,), style=STYLE)
    jobs = [Job(pair=job(source).pair, key="k1", briefing=briefing) for source in sources]
    return fill(model(server), jobs, tmp_path / "drafts.jsonl", time=time, reviewed=REVIEWED, **more)  # type: ignore[arg-type]


def drafts_of(filled: Filled) -> list[str | None]:
    return [draft.translation for draft in filled.drafts]


def problems_of(filled: Filled) -> str:
    return " ".join(draft.problem for draft in filled.drafts)


def encoder(text: str) -> str:
    """English that keeps to the glossary."""
    return english(text.replace("编码器", " encoder "))


BLOCKS = ("**编码器**的作用。", "第二块用到`x=1`和RoPE。", "第三块没有什么。")


def test_one_request_holds_a_questions_blocks_and_all_that_helps_to_translate_them(
    server: Server, tmp_path: Path
) -> None:
    server.translate = encoder
    filled = talk(server, tmp_path, *BLOCKS)
    assert all(drafts_of(filled))
    assert "`x=1`" in (drafts_of(filled)[1] or "")
    assert filled.requests == 1
    assert (filled.tokens_in, filled.tokens_out) == (100, 10)
    (chat,) = server.chats
    told = asked(chat)
    assert (chat["model"], told["category"], told["question"]) == ("m1", "架构", "什么是编码器？")
    assert told["neighbours"] == [{"source": "前一块", "translation": "the block before"}]
    assert (told["keep"], told["terms"]) == (["RoPE"], {"编码器": ["encoder"]})
    assert told["examples"] == [{"source": "编码器的作用是什么？", "translation": "What does an encoder do?"}]
    assert [block["id"] for block in told["blocks"]] == [1, 2, 3]
    assert told["blocks"][1]["text"] == "第二块用到<x0/>和RoPE。"
    assert STYLE in chat["messages"][0]["content"]
    assert server.headers[0]["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in str(server.chats)


@pytest.mark.parametrize("mode", ["fenced", "thinking"])
def test_a_document_that_a_model_talks_around_is_found(server: Server, tmp_path: Path, mode: str) -> None:
    server.translate, server.modes = encoder, [mode]
    filled = talk(server, tmp_path, *BLOCKS)
    assert all(drafts_of(filled))
    assert filled.requests == 1


@pytest.mark.parametrize(
    ("mode", "complaint"),
    [
        ("prose", "not the JSON document"),
        ("chatter", "speaks of the translation"),
        ("wrong ids", "ids that are not in the blocks"),
        ("text ids", "a whole number"),
        ("numbers", "a whole number"),
        ("chinese", "is not of its language"),
        ("stray", "is not of its language"),
        ("megabyte", "without an end"),
        ("braces", "not the JSON document"),
        ("echo", ""),
    ],
)
def test_an_answer_of_no_use_is_asked_for_once_more_with_the_complaint(
    server: Server, tmp_path: Path, mode: str, complaint: str
) -> None:
    server.translate, server.modes = encoder, [mode]
    filled = talk(server, tmp_path, *BLOCKS)
    assert all(drafts_of(filled)), problems_of(filled)
    assert filled.requests == 2
    if mode not in ("megabyte", "echo"):
        assert complaint in " ".join(block["because"] for block in server.blocks(1))
    server.always = mode
    filled = talk(server, tmp_path / "again", *BLOCKS, time=Time())
    assert not any(drafts_of(filled))
    assert complaint in problems_of(filled) + filled.stopped
    assert SECRET not in problems_of(filled) + filled.stopped


def test_only_what_is_missing_or_wrong_is_asked_for_again(server: Server, tmp_path: Path) -> None:
    server.translate, server.modes = encoder, ["half"]
    filled = talk(server, tmp_path, *BLOCKS)
    assert all(drafts_of(filled))
    assert [block["text"] for block in server.blocks(1)] == [block["text"] for block in server.blocks(0)[1:]]
    assert {block["because"] for block in server.blocks(1)} == {"the answer had no text for it"}
    server.modes = ["bare"]
    filled = talk(server, tmp_path / "again", *BLOCKS)
    assert all(drafts_of(filled))
    assert [block["because"] for block in server.blocks(3)] == [
        "2 placeholders missing",
        "1 placeholder missing",
    ]
    server.modes = ["doubled ids"]
    assert all(drafts_of(talk(server, tmp_path / "third", *BLOCKS)))
    assert len(server.blocks(5)) == 1


def test_what_the_checks_call_an_error_is_drafted_once_more_and_then_left_for_a_person(
    server: Server, tmp_path: Path
) -> None:
    filled = talk(server, tmp_path, *BLOCKS)
    assert [bool(draft) for draft in drafts_of(filled)] == [False, True, True]
    assert "“编码器” has to be “encoder”" in filled.drafts[0].problem
    (again,) = server.blocks(1)
    assert again["because"] == "“编码器” has to be “encoder”"
    assert again["refused"] == english("<x0/>编码器<x1/>的作用。")


@pytest.mark.parametrize(
    ("mode", "said"),
    [("stream", "streams"), ("quota", "used up"), ("no model", "no such service"), ("403", "access refused")],
)
def test_a_server_that_cannot_serve_ends_the_run(server: Server, tmp_path: Path, mode: str, said: str) -> None:
    server.always = mode
    filled = talk(server, tmp_path, *BLOCKS)
    assert (filled.requests, drafts_of(filled)) == (1, [])
    assert said in filled.stopped


@pytest.mark.parametrize("mode", ["null", "nothing", "html", "500", "429", "reset"])
def test_a_failure_of_a_models_server_that_passes_is_overcome(server: Server, tmp_path: Path, mode: str) -> None:
    server.translate, server.modes = encoder, [mode]
    filled = talk(server, tmp_path, *BLOCKS)
    assert all(drafts_of(filled))
    assert filled.requests == 2


def test_an_answer_that_was_cut_off_is_asked_for_in_halves(server: Server, tmp_path: Path) -> None:
    server.translate, server.modes = encoder, ["cut off"]
    assert all(drafts_of(talk(server, tmp_path, *BLOCKS)))
    assert [len(server.blocks(number)) for number in range(3)] == [3, 1, 2]


def test_a_server_without_json_mode_is_asked_without(server: Server, tmp_path: Path) -> None:
    server.translate, server.always = encoder, "plain"
    assert all(drafts_of(talk(server, tmp_path, *BLOCKS)))
    assert ["response_format" in chat for chat in server.chats] == [True, False]


def test_a_model_that_never_answers_in_form_is_not_asked_for_the_whole_book(server: Server, tmp_path: Path) -> None:
    server.always = "prose"
    jobs = [Job(pair=job(f"第{number}题的文字。").pair, key=f"k{number}") for number in range(40)]
    filled = fill(model(server), jobs, tmp_path / "c")
    assert "brought nothing" in filled.stopped
    assert filled.requests == 10


def test_another_model_or_address_or_a_fresh_run_asks_anew(server: Server, tmp_path: Path) -> None:
    cache = tmp_path / "c"
    jobs = [job("第一块没有什么。")]
    assert fill(model(server), jobs, cache).requests == 1
    assert fill(model(server), jobs, cache).cached == 1
    assert fill(model(server), jobs, cache, fresh=True).requests == 1
    assert fill(model(server, "m2"), jobs, cache).requests == 1
    other = make_engine("openai", url=server.url, model="m1")
    assert fill(other, jobs, cache).requests == 1
    assert SECRET not in cache.read_text(encoding="utf-8")


def test_a_key_in_the_address_is_used_and_never_told(server: Server, tmp_path: Path) -> None:
    address = server.url.replace("http://", f"http://user:{SECRET}@")
    engine = make_engine("openai", url=f"{address}/v1?key={SECRET}", model="m1")
    server.modes = ["ok", "403"]
    filled = fill(engine, [job("一段文字。"), Job(pair=job("又一段。").pair, key="k")], tmp_path / "c")
    assert server.queries == [f"key={SECRET}"] * 2
    assert "access refused" in filled.stopped
    document = receipt_of(filled, engine=engine, language="en", date="2025-01-01", seconds=1.0, price=None)
    assert SECRET not in f"{filled.stopped} {document} {engine.name}"


def test_a_plan_and_a_receipt_say_what_it_costs(server: Server, tmp_path: Path) -> None:
    engine, price = model(server), Price(tokens_in=2.0, tokens_out=10.0)
    jobs = [job("第一块没有什么。"), job("第二块也没有。")]
    batches, _ = plan_requests(jobs, engine, RememberedDrafts(tmp_path / "c", engine.identity), REVIEWED)
    tokens_in, tokens_out = estimate(batches)
    assert len(batches) == 1
    assert 300 < tokens_in < 600
    assert 20 < tokens_out < 80
    assert server.chats == []
    filled = fill(engine, jobs, tmp_path / "c")
    document = receipt_of(filled, engine=engine, language="en", date="2025-01-01", seconds=1.25, price=price)
    assert document["cost"] == (100 * 2 + 10 * 10) / 1_000_000
    assert (document["engine"], document["drafts"], document["requests"]) == ("openai:m1", 2, 1)
    assert plan_requests(jobs, engine, RememberedDrafts(tmp_path / "c", engine.identity), ())[1].cached == 2


def test_a_model_needs_a_name() -> None:
    with pytest.raises(DeckgenError, match="model"):
        make_engine("openai")


@pytest.mark.parametrize("style", ["<x{}/>", "__V{}__", "⟦{}⟧"])
def test_an_engines_own_placeholders_are_looked_for_in_its_answer(style: str, tmp_path: Path) -> None:
    class Echo:
        name = identity = "echo"
        limits = EngineLimits(characters=100)
        placeholder = style
        reads_briefings = False

        def translate(self, batch: Batch) -> EngineAnswer:
            return EngineAnswer(texts={passage.id: english(passage.text) for passage in batch.passages})

    filled = fill(Echo(), [job("一段`x=1`文字。")], tmp_path / "c")
    assert "`x=1`" in (filled.drafts[0].translation or "")


# --- engines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["papago", "yandex", "chatgpt", "qcri"])
def test_an_engine_that_cannot_work_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(DeckgenError, match="does not work"):
        make_engine(name)


def test_an_unknown_engine_and_one_without_its_address_are_refused() -> None:
    with pytest.raises(DeckgenError, match="there is no engine nosuch") as caught:
        make_engine("nosuch")
    assert "libre" in caught.value.hint
    with pytest.raises(DeckgenError, match="address"):
        make_engine("libre")
    assert engine_names()[:3] == ("openai", "libre", "deepl")


def test_a_language_that_the_engine_does_not_know_is_a_clear_end(server: Server) -> None:
    engine = make_engine("libre", url=server.url)
    with pytest.raises(EngineError, match="does not translate") as caught:
        said(engine, "一", target="tlh")
    assert caught.value.remedy is Remedy.STOP
    assert server.texts == []


@pytest.mark.parametrize("name", ["google", "mymemory"])
def test_the_other_engines_reach_their_server_and_reject_its_nonsense(server: Server, name: str) -> None:
    server.always = "html"
    engine = make_engine(name, url=f"{server.url}/{name}")
    with pytest.raises(EngineError) as caught:
        said(engine, "一段机密文字")
    assert "机密" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_deepl_gets_its_key_in_a_header_and_the_text_in_the_body(server: Server) -> None:
    engine = make_engine("deepl", url=f"{server.url}/deepl", key=SECRET)
    assert said(engine, "一段文字") == english("一段文字")
    assert server.headers[0]["Authorization"] == f"DeepL-Auth-Key {SECRET}"
    assert (server.queries, server.requests[0]) == (
        [""],
        {"source_lang": "zh", "target_lang": "en", "text": "一段文字"},
    )
    with pytest.raises(EngineError, match="does not translate"):
        said(engine, "一", target="zh-Hant")


def test_baidu_gets_a_signature_and_its_codes_are_understood(server: Server) -> None:
    engine = make_engine("baidu", url=f"{server.url}/baidu", key=f"app:{SECRET}")
    assert said(engine, "一段文字", target="ja") == english("一段文字")
    sent = server.requests[0]
    assert (sent["appid"], sent["from"], sent["to"], server.queries) == ("app", "zh", "jp", [""])
    assert sent["sign"] == hashlib.md5(f"app一段文字{sent['salt']}{SECRET}".encode()).hexdigest()
    assert SECRET not in str(server.requests)
    for code, remedy in (("54001", Remedy.STOP), ("54003", Remedy.RETRY), ("58001", Remedy.STOP), ("1", Remedy.RETRY)):
        server.modes = [f"baidu {code}"]
        with pytest.raises(EngineError) as caught:
            said(engine, "一段文字")
        assert caught.value.remedy is remedy


def test_microsoft_gets_its_key_in_a_header(server: Server) -> None:
    engine = make_engine("microsoft", url=f"{server.url}/microsoft", key=f"{SECRET}:eastasia")
    assert said(engine, "一段文字", target="zh-Hant") == english("一段文字")
    assert server.headers[0]["Ocp-Apim-Subscription-Key"] == SECRET
    assert server.queries == ["from=zh-hans&to=zh-hant"]


@pytest.mark.parametrize("name", ["deepl", "baidu", "microsoft"])
def test_a_service_that_needs_a_key_says_so(name: str) -> None:
    with pytest.raises(DeckgenError, match=r"needs a key|ID:SECRET"):
        make_engine(name)


@pytest.mark.parametrize(("name", "code"), [("google", "zh-CN"), ("mymemory", "zh-CN|en-GB")])
def test_the_other_engines_translate(server: Server, tmp_path: Path, name: str, code: str) -> None:
    engine = make_engine(name, url=f"{server.url}/{name}")
    filled = fill(engine, [job(TEXT)], tmp_path / "c")
    assert "](https://a.b/c)" in (filled.drafts[0].translation or "")
    assert code in server.requests[0].values()


def test_a_quota_that_is_used_up_is_no_translation(server: Server, tmp_path: Path) -> None:
    server.always = "quota"
    engine = make_engine("mymemory", url=f"{server.url}/mymemory")
    filled = fill(engine, [job("一段文字。"), job("又一段。")], tmp_path / "c")
    assert (filled.drafts, filled.requests) == ((), 1)
    assert "quota" in filled.stopped


@pytest.mark.parametrize(("status", "stops"), [("403", True), ("429", False), ("500", False)])
def test_a_status_within_the_answer_counts(server: Server, tmp_path: Path, status: str, stops: bool) -> None:
    server.always = f"status {status}"
    engine = make_engine("mymemory", url=f"{server.url}/mymemory")
    filled = fill(engine, [job("一段文字。")], tmp_path / "c")
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
    given = mask(text, GLOSSARY, "[X{}X]")
    back = unmask(given.text, given)
    assert back.replace(" ", "") == text.replace(" ", "")
    assert back == text or "**" in text or "[" in text


TWO = mask("`p`和`q`", GLOSSARY, "[X{}X]")


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
    assert unmask(answer, TWO) == expected


@pytest.mark.parametrize("answer", ["a [X0X]", "[X0X] [X1X] [X1X]", "[X0X] [X1X] [X2X]", "", "X0X X1X"])
def test_an_answer_without_each_placeholder_once_is_refused(answer: str) -> None:
    with pytest.raises(PlaceholderError):
        unmask(answer, TWO)


def test_formulas_and_code_that_look_like_marks_are_left_alone() -> None:
    text = "$**kwargs$与**粗** `a ** b` 和*斜*体~~删~~"
    given = mask(text, GLOSSARY, "[X{}X]")
    assert unmask(given.text, given) == text


def test_blanks_that_would_undo_bold_and_links_are_taken_out() -> None:
    given = mask("**架构**与[论文](u)", GLOSSARY, "[X{}X]")
    answer = re.sub(r"\[X(\d)X\]", r" [X\1X] ", given.text).replace("架构", "architecture").replace("论文", "paper")
    assert unmask(answer, given) == "**architecture** 与 [paper](u)"
