"""A learner who studies release N and imports N+1, or N+2 at once, in the real Anki at several versions."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from corpora import prose
from environments import environment
from merges import Score, Simulation, kept, learner, release, simulate
from PIL import Image
from projects import REPOSITORY
from upgrade_driver import OWN_DECK, OWN_TAG, OWN_TEXT, RENAMED

from deckgen.build import Options, make_decks
from deckgen.diagnostics import Severity
from deckgen.identity.lock import parse_lock
from deckgen.identity.settling import link_question, split_question
from deckgen.output import write_build
from deckgen.project.reading import read_project

VERSIONS = ("23.10", "24.11", "25.9.2")
"""Besides the one installed, which is the newest."""
CACHE = Path(os.environ.get("DECKGEN_ANKI_CACHE", REPOSITORY / ".cache" / "anki"))
DRIVER = Path(__file__).parent / "upgrade_driver.py"

SETTINGS = """[deck]
id = "upgrade"
slug = "upgrade"
editions = ["zh-en"]
[deck.title]
zh = "面试"
en = "Interview"
"""


# --- the releases -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Releases:
    """Four releases of one project, of which the last changes nothing: the packages of all cards, when, and the keys.

    ``keys`` are those of the questions by their names. ``plain`` are the first three packages as 0.1.0 was: its note
    type gave Anki's browser nothing. ``grown`` are the first two of an edition zh that gains English in between.
    """

    packages: tuple[Path, ...]
    times: tuple[int, ...]
    keys: dict[str, str]
    plain: tuple[Path, ...]
    grown: tuple[Path, ...]


Q = {
    "reworded": (
        "什么是注意力机制？",
        "注意力机制让每个位置按相关程度汇总其他位置的信息，权重由查询和键的点积经归一化得到。",
    ),
    "renumbered": (
        "什么是残差连接？",
        "残差连接把子层的输入加到输出上，使梯度可以绕过子层直接回传，深层网络因此更容易训练。",
    ),
    "moved": ("什么是学习率预热？", "学习率预热是在训练初期从很小的学习率逐步升高，避免一开始更新过大使训练发散。"),
    "pictured": ("画出编码器的结构。", "编码器由多层相同的模块堆叠而成，如下图所示。\n\n![结构](imgs/encoder.png)"),
    "translated": ("什么是低秩适配？", "低秩适配冻结原有权重，只训练两个低秩矩阵的乘积作为增量，显著减少可训练参数。"),
    "still": (
        "什么是知识蒸馏？",
        "知识蒸馏让小模型学习大模型输出的软标签，从而在参数更少时保持接近的效果。\n\n![蒸馏](imgs/distill.png)",
    ),
    "removed": ("什么是梯度裁剪？", "梯度裁剪在范数超过阈值时按比例缩小梯度，防止个别批次造成参数剧烈变化。"),
    "tagged": ("什么是混合精度训练？", "混合精度训练用半精度计算、单精度保存主权重，并用损失缩放避免梯度下溢。"),
    "added": ("什么是推测解码？", "推测解码先用小模型草拟若干词元，再由大模型一次并行验证，接受其中正确的前缀。"),
}
FIRST = {"架构": ("reworded", "renumbered", "pictured"), "训练": ("moved", "translated", "still", "removed", "tagged")}
LATER = {
    "架构基础": ("added", "reworded", "renumbered", "pictured", "moved"),
    "训练": ("translated", "still", "tagged"),
}
LAST = {
    "架构基础": ("added", "reworded", "renumbered", "pictured", "moved"),
    "训练": ("translated", "still", "tagged", "removed"),
}


def chapter(order: dict[str, tuple[str, ...]], changed: dict[str, tuple[str, str]]) -> str:
    lines = []
    for number, (category, names) in enumerate(order.items(), 1):
        lines.append(f"<h2 id='{number}'>{number}.{category}</h2>\n")
        for place, name in enumerate(names, 1):
            title, answer = changed.get(name, Q[name])
            lines.append(f"<h3 id='{place}'>{place}.{title}</h3>\n\n{answer}\n")
    return "\n".join(lines)


REWORDED = ("请介绍注意力机制。", Q["reworded"][1].replace("汇总其他位置的信息", "加权汇总所有位置的信息"))
AGAIN = ("请介绍注意力机制及其权重。", REWORDED[1] + "多头注意力并行地做多次。")


def write_release(
    root: Path, out: Path, *, text: str, now: int, version: str, font: int, pixel: str, edition: str = "zh-en"
) -> Path:
    """Builds a release of the project at ``root``; the package of all cards."""
    (root / "source").mkdir(exist_ok=True)
    (root / "imgs").mkdir(exist_ok=True)
    (root / "source/chapter.md").write_text(text, encoding="utf-8", newline="\n")
    settings = SETTINGS.replace("zh-en", edition)
    (root / "deckgen.toml").write_text(f"{settings}\n[card]\nfont_size = {font}\n", encoding="utf-8", newline="\n")
    Image.new("RGB", (400, 300), pixel).save(root / "imgs/encoder.png")
    Image.new("RGB", (300, 200), "green").save(root / "imgs/distill.png")
    project, findings = read_project(root)
    made = make_decks(project, findings, Options(now=now, release=version))
    assert not [found for found in made.diagnostics if found.severity is Severity.ERROR]
    written = write_build(made, out=out)
    (package,) = (package for package in written.packages if package.category is None)
    return out / package.file


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    root, now = tmp_path_factory.mktemp("project"), int(time.time())
    times = (now - 900_000, now - 600_000, now - 300_000, now - 100_000)
    first = write_release(
        root, root / "n0", text=chapter(FIRST, {}), now=times[0], version="1.0.0", font=17, pixel="red"
    )
    lock, _ = parse_lock((root / "deckgen.lock").read_text(encoding="utf-8"))
    assert lock
    keys = {note.title: note.key for note in lock.notes}
    translated = next(key for title, key in keys.items() if "低秩" in title)
    (root / "locale/en").mkdir(parents=True)
    (root / "locale/en/chapter.po").write_text(_catalog(translated), encoding="utf-8", newline="\n")
    later = ((LATER, REWORDED, "1.1.0", 19), (LAST, AGAIN, "1.2.0", 20), (LAST, AGAIN, "1.2.1", 21))
    second, third, fourth = (
        write_release(
            root,
            root / f"n{number}",
            text=chapter(order, {"reworded": words}),
            now=times[number],
            version=version,
            font=font,
            pixel="blue",
        )
        for number, (order, words, version, font) in enumerate(later, 1)
    )
    manifest = json.loads((root / "n2/manifest.json").read_text(encoding="utf-8"))
    by_title = {note["question"]: note["key"] for note in manifest["notes"]}
    names = {name: by_title[AGAIN[0] if name == "reworded" else title] for name, (title, _) in Q.items()}
    assert set(keys.values()) < set(names.values()), "a key was lost between releases"
    return Releases(
        packages=(first, second, third, fourth),
        times=times,
        keys=names,
        plain=_plain(root / "plain", first, second, third),
        grown=_grown(tmp_path_factory.mktemp("grown"), _catalog(translated), times),
    )


def _grown(root: Path, catalog: str, times: tuple[int, ...]) -> tuple[Path, Path]:
    """The first chapter in the edition zh, and then with an English question more in zh-en."""
    text = chapter(FIRST, {})
    first = write_release(
        root, root / "n0", text=text, now=times[0], version="1.0.0", font=17, pixel="red", edition="zh"
    )
    (root / "locale/en").mkdir(parents=True)
    (root / "locale/en/chapter.po").write_text(catalog, encoding="utf-8", newline="\n")
    return first, write_release(root, root / "n1", text=text, now=times[1], version="1.1.0", font=17, pixel="red")


def _plain(folder: Path, first: Path, *others: Path) -> tuple[Path, ...]:
    folder.mkdir()
    return (
        _without_browser(first, folder, only_sort=False),
        *(_without_browser(path, folder, only_sort=True) for path in others),
    )


def _catalog(key: str) -> str:
    title, answer = Q["translated"]
    entries = (("question", title, "What is LoRA?"), ("answer", answer, "LoRA trains two low-rank matrices."))
    header = 'msgid ""\nmsgstr ""\n"Language: en\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    return header + "".join(
        f'msgctxt "{key}|{part}"\nmsgid "{source}"\nmsgstr "{target}"\n\n' for part, source, target in entries
    )


# --- the Anki versions ------------------------------------------------------------------------------------------------


def _python(version: str) -> Path:
    """The Python that has this Anki, in an environment made on first use; skips loudly where it cannot be made."""
    if version == "installed":
        return Path(sys.executable)
    folder = CACHE / f"{version}-py{sys.version_info.major}{sys.version_info.minor}"
    python = Path(sys.executable)
    return environment(folder, python, f"Anki {version}", "--only-binary", ":all:", f"anki=={version}")


Steps = list[dict[str, Any]]


def drive(version: str, learners: dict[str, Steps]) -> dict[str, Steps]:
    """What became of each learner's steps in a new collection of this Anki, all in one process."""
    done = subprocess.run(
        [_python(version), DRIVER],
        input=json.dumps([*learners.values()]),
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    if version != "installed":
        assert [int(part) for part in found["version"].split(".")] == [int(part) for part in version.split(".")]
    return dict(zip(learners, found["learners"], strict=True))


LOOK = {"do": "look"}
HOUR = 3_600


def learners(releases: Releases) -> dict[str, Steps]:
    """Who imports what, when and how; an import is an hour after its release unless it says otherwise."""
    keys, times = releases.keys, releases.times

    def imports(number: int, *, late: int = HOUR, **options: bool) -> dict[str, Any]:
        return {"do": "import", "path": str(releases.packages[number]), "at": times[number] + late, **options}

    def writes(name: str, at: int, **what: str) -> dict[str, Any]:
        return {"do": "write", "keys": [keys[name], keys["still"]], "at": at, **what}

    plan = {
        "suspend": keys["reworded"],
        "flag": keys["moved"],
        "move": keys["translated"],
        "edit": keys["still"],
        "tag": keys["tagged"],
        "rename": "面试 · Interview::2 训练",
    }
    study = {"do": "study", "plan": plan, "at": times[0] + 2 * HOUR}
    plain, grown = (
        [{"do": "import", "path": str(path), "at": time + HOUR} for path, time in zip(packages, times, strict=False)]
        for packages in (releases.plain, releases.grown)
    )
    in_zh = study | {"plan": plan | {"rename": "面试::2 训练"}}
    late = imports(1, late=times[2] - times[1] + HOUR)
    mark = writes("translated", times[1] + HOUR, tag="leech")
    remark = writes("translated", times[1] + 2 * HOUR, text=OWN_TEXT)
    another = writes("moved", times[2] + 2 * HOUR, text=OWN_TEXT)
    found: dict[str, Steps] = {
        "in order": [imports(0), study, LOOK, imports(1), LOOK, imports(2), LOOK],
        "skipping one": [imports(0), study, imports(2), LOOK],
        "of 0.1.0": [plain[0], LOOK, plain[1], LOOK, plain[2], LOOK],
        "of 0.1.0, skipping one": [plain[0], plain[2], LOOK],
        "of an edition that grows": [grown[0], in_zh, LOOK, grown[1], LOOK],
        "late": [imports(0), late, imports(2, late=2 * HOUR), LOOK, imports(3), LOOK],
        "late, always": [imports(0), late, imports(2, late=2 * HOUR, always=True), LOOK],
        "marking": [imports(0), mark, imports(1, late=2 * HOUR), LOOK, imports(2), LOOK],
        "marking, always": [imports(0), mark, imports(1, late=2 * HOUR, always=True), LOOK],
        "writing": [imports(0), imports(1), remark, LOOK, imports(2), LOOK, another, imports(3), LOOK],
    }
    for what in ("field", "template"):
        start = [imports(0), study, {"do": "add", "what": what, "at": times[0] + 3 * HOUR}, LOOK, imports(1)]
        found[f"{what} added"] = [*start, LOOK]
        rest = [imports(2, merge=True, always=True), LOOK, imports(3), LOOK]
        found[f"{what} added, then merging"] = [*start, *rest]
        taken = {"do": "remove", "what": what, "at": times[1] + 2 * HOUR}
        found[f"{what} added, then removed and merging"] = [*start, taken, *rest]
    return found


@pytest.fixture(scope="session", params=[*VERSIONS, "installed"])
def anki(request: pytest.FixtureRequest) -> str:
    version: str = request.param
    return version


@pytest.fixture(scope="session")
def merges(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """A short run of the benchmark: branches edit, some questions both, and link; every doubt is settled once."""
    return simulate(tmp_path_factory.mktemp("merges"), rounds=8, seed=5, releases=3)


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """Three releases of a book whose questions change in every way that texts alone do not tell, and a person's words.

    By category: an alike title over another answer, linked; a new title and then another answer, with no build between;
    a title that goes to a new question; another category with a question of the same title, split; a question that is
    another in all but its place, linked only after its release.
    """
    folder = tmp_path_factory.mktemp("settled")
    book = Simulation(folder / "book", 1)

    def write(**questions: tuple[str, int]) -> None:
        parts = (f"## {name}\n\n### {title}\n\n{prose(seed)}\n" for name, (title, seed) in questions.items())
        (book.root / "source/e.md").write_text("\n".join(parts), encoding="utf-8", newline="\n")
        book.commit()

    same = {"甲": ("什么是Transformer", 1), "丙": ("什么是残差", 3), "丁": ("有哪些优缺点", 4), "戊": ("什么是早停", 5)}
    write(乙=("什么是注意力", 2), **same)
    release(book, folder / "0", "1.0.0")
    old = {note.title: note.key for note in book.build().lock.notes}
    write(乙=("解码时看向哪里", 2), **same)
    write(
        乙=("解码时看向哪里", 12),
        甲=("介绍一下Transformer", 11),
        丙=("怎样让梯度绕过子层", 3),
        庚=("什么是残差", 13),
        己=("有哪些优缺点", 14),
        戊=("线程池怎么配置", 15),
    )
    lock = book.build().lock
    asked = {record.title: record.key for record in lock.pending}
    lock = link_question(lock, old=old["什么是transformer"], new=asked["介绍一下transformer"])
    lock, fresh = split_question(lock, key=asked["有哪些优缺点"])
    book.put(lock)
    release(book, folder / "1", "1.1.0")
    lock = book.build().lock
    new = {note.title: note.key for note in lock.live}
    book.put(link_question(lock, old=old["什么是早停"], new=new["线程池怎么配置"]))
    release(book, folder / "2", "1.2.0")
    book.score.titles = {
        old["什么是transformer"]: "介绍一下Transformer",
        old["什么是注意力"]: "解码时看向哪里",
        old["什么是残差"]: "怎样让梯度绕过子层",
        new["什么是残差"]: "什么是残差",
        fresh: "有哪些优缺点",
        old["什么是早停"]: "线程池怎么配置",
    }
    return book.score


@pytest.fixture(scope="session")
def lives(anki: str, releases: Releases, merges: Score, settled: Score) -> dict[str, Steps]:
    return drive(anki, learners(releases) | {"of merges": learner(merges), "of settled doubts": learner(settled)})


@dataclass(frozen=True, slots=True)
class History:
    """What a learner has after N and their study (``before``), after N+1 and N+2, and after N+2 directly."""

    counts: tuple[dict[str, int], ...]
    before: dict[str, Any]
    next: dict[str, Any]
    last: dict[str, Any]
    direct_counts: dict[str, int]
    direct: dict[str, Any]


@pytest.fixture(scope="session")
def history(lives: dict[str, Steps]) -> History:
    zero, _, before, one, after_one, two, after_two = lives["in order"]
    _, _, direct_counts, direct = lives["skipping one"]
    return History((zero, one, two), before, after_one, after_two, direct_counts, direct)


# --- what must hold ---------------------------------------------------------------------------------------------------


def counts(*, new: int = 0, updated: int = 0, duplicate: int = 0) -> dict[str, int]:
    return {"new": new, "updated": updated, "duplicate": duplicate, "conflicting": 0, "full_sync": 0, "other": 0}


def test_anki_adds_updates_and_leaves_exactly_what_changed(history: History) -> None:
    """N+1 adds one; it updates what was reworded, moved, redrawn or translated, and what its renamed category shows.

    N+2 changes one of these and renews the others.
    """
    assert history.counts == (counts(new=8), counts(new=1, updated=5, duplicate=2), counts(updated=5, duplicate=4))
    assert history.direct_counts == counts(new=1, updated=5, duplicate=3)


def test_every_schedule_suspension_and_flag_is_kept(history: History, releases: Releases) -> None:
    for after in (history.next, history.last, history.direct):
        for key, note in history.before["notes"].items():
            for what in ("schedule", "reviews", "card", "guid"):
                assert after["notes"][key][what] == note[what]
    assert history.before["notes"][releases.keys["reworded"]]["schedule"][1] == -1
    assert history.before["notes"][releases.keys["moved"]]["schedule"][-1] == 3


def test_every_changed_text_arrives(history: History, releases: Releases) -> None:
    def fields(state: dict[str, Any], name: str) -> dict[str, str]:
        return state["notes"][releases.keys[name]]["fields"]

    assert "加权汇总所有位置" in fields(history.next, "reworded")["Answer zh"]
    assert REWORDED[0].rstrip("。") in fields(history.next, "reworded")["Question zh"]
    for state in (history.last, history.direct):
        assert "多头注意力" in fields(state, "reworded")["Answer zh"]
    for state in (history.next, history.last, history.direct):
        assert "low-rank" in fields(state, "translated")["Answer en"]
        assert "架构基础" in fields(state, "moved")["Category zh"]
        assert fields(state, "pictured")["Answer zh"] != fields(history.before, "pictured")["Answer zh"]


def test_the_two_ways_to_the_last_release_end_alike(history: History) -> None:
    def texts(state: dict[str, Any]) -> dict[str, Any]:
        return {key: (note["fields"], note["tags"], note["deck"]) for key, note in state["notes"].items()}

    assert texts(history.last) == texts(history.direct)


def test_no_question_is_there_twice(history: History, releases: Releases) -> None:
    assert len(history.before["keys"]) == 8
    for after in (history.next, history.last, history.direct):
        assert after["keys"] == sorted(releases.keys.values())


def test_a_removed_question_stays_and_is_itself_again_when_it_returns(history: History, releases: Releases) -> None:
    removed = releases.keys["removed"]
    assert history.next["notes"][removed] == history.before["notes"][removed] == history.last["notes"][removed]


def test_the_learners_own_words_and_tags_on_unchanged_notes_survive(history: History, releases: Releases) -> None:
    for after in (history.next, history.last, history.direct):
        assert after["notes"][releases.keys["still"]]["fields"]["Note zh"] == OWN_TEXT
        assert OWN_TAG in after["notes"][releases.keys["tagged"]]["tags"]


def test_cards_stay_in_the_decks_that_the_learner_put_them_in(history: History, releases: Releases) -> None:
    for after in (history.next, history.last, history.direct):
        for key, note in history.before["notes"].items():
            assert after["notes"][key]["deck"] == note["deck"]
        assert after["notes"][releases.keys["translated"]]["deck"] == OWN_DECK
        assert after["notes"][releases.keys["still"]]["deck"].endswith(f"::{RENAMED}")


def test_a_renamed_category_makes_no_second_deck(history: History) -> None:
    """Anki goes by deck names; the deck that the learner renamed themselves does come back, empty or with new cards."""
    for after in (history.next, history.last, history.direct):
        assert not [name for name in after["decks"] if name.endswith("架构基础")]
        assert set(after["decks"]) - set(history.before["decks"]) <= {"面试 · Interview::2 训练"}


def test_there_is_one_note_type_with_the_newest_style(history: History) -> None:
    for state, size in ((history.before, 17), (history.next, 19), (history.last, 20), (history.direct, 20)):
        assert len(state["note_types"]) == 1
        assert f"{size}px" in state["css"][0]


@pytest.fixture(scope="session")
def from_0_1_0(lives: dict[str, Steps]) -> History:
    """As ``history``, from packages whose note type gave Anki's browser nothing, as that of 0.1.0."""
    zero, before, one, after_one, two, after_two = lives["of 0.1.0"]
    _, direct_counts, direct = lives["of 0.1.0, skipping one"]
    return History((zero, one, two), before, after_one, after_two, direct_counts, direct)


def _without_browser(package: Path, folder: Path, *, only_sort: bool) -> Path:
    """The package with the sort field of 0.1.0, and unless ``only_sort`` without templates for the browser."""
    path, copy = folder / "collection.anki2", folder / f"{package.parent.name}.apkg"
    with zipfile.ZipFile(package) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    path.write_bytes(entries["collection.anki2"])
    with contextlib.closing(sqlite3.connect(path)) as database:
        plain = json.loads(*database.execute("select models from col").fetchone())
        for note_type in plain.values():
            note_type["sortf"] = 0
            for template in note_type["tmpls"] * (not only_sort):
                template["bqfmt"] = template["bafmt"] = ""
        database.execute("update col set models = ?", (json.dumps(plain),))
        database.commit()
    entries["collection.anki2"] = path.read_bytes()
    with zipfile.ZipFile(copy, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return copy


def test_learners_of_0_1_0_get_the_browsers_templates_in_place_and_every_update(from_0_1_0: History) -> None:
    """Their sort field stays: with another one Anki would update no note and sync as a whole only."""
    assert from_0_1_0.before["browser"] == [[0, "", ""]]
    for after in (from_0_1_0.next, from_0_1_0.last, from_0_1_0.direct):
        assert after["browser"] == [[0, "{{Question zh}}", "{{Answer zh}}"]]
    assert from_0_1_0.counts == (counts(new=8), counts(new=1, updated=5, duplicate=2), counts(updated=5, duplicate=4))
    assert from_0_1_0.direct_counts == counts(new=1, updated=5, duplicate=3)


def test_the_browser_sorts_new_decks_by_question(history: History) -> None:
    for state in (history.before, history.next, history.last, history.direct):
        assert state["browser"] == [[1, "{{Question zh}}", "{{Answer zh}}"]]
        questions = (re.sub("<[^>]*>", "", note["fields"]["Question zh"]) for note in state["notes"].values())
        assert sorted(state["sorted"]) == sorted(questions)


def test_only_pictures_that_notes_show_or_showed_are_in_the_media_folder(history: History, releases: Releases) -> None:
    def shown(state: dict[str, Any]) -> set[str]:
        fields = "".join(text for note in state["notes"].values() for text in note["fields"].values())
        return {name for name in state["media"] if name in fields}

    assert shown(history.before) == set(history.before["media"])
    assert len(history.before["media"]) == 2
    for after in (history.next, history.last, history.direct):
        assert set(after["media"]) == shown(after) | shown(history.before)
        assert len(after["media"]) == 3


def test_the_collection_is_sound(history: History) -> None:
    for state in (history.before, history.next, history.last, history.direct):
        assert state["sound"]


# --- what learners do -------------------------------------------------------------------------------------------------


def fields(state: dict[str, Any], releases: Releases, name: str) -> dict[str, str]:
    found: dict[str, str] = state["notes"][releases.keys[name]]["fields"]
    return found


def test_the_next_release_mends_what_an_old_anki_took_for_older(
    lives: dict[str, Steps], releases: Releases, anki: str
) -> None:
    """N+1 is imported after N+2 was stamped: before 25.02 Anki then has a later time than N+2 on what N+1 changed."""
    *_, two, last = (fields(state, releases, "reworded")["Answer zh"] for state in lives["late"] if "notes" in state)
    assert ("多头注意力" in two) is (anki not in ("23.10", "24.11"))
    assert "多头注意力" in last
    assert "多头注意力" in fields(lives["late, always"][-1], releases, "reworded")["Answer zh"]


def test_a_note_marked_between_stamp_and_import_gets_its_text_with_the_next_release(
    lives: dict[str, Steps], releases: Releases
) -> None:
    """On every version; what did not change since the first release keeps its mark, and “always” takes it."""
    one, two = (state for state in lives["marking"] if "notes" in state)
    always = lives["marking, always"][-1]
    assert ["low-rank" in fields(state, releases, "translated")["Answer en"] for state in (one, two, always)] == [
        False,
        True,
        True,
    ]
    marked = ["leech" in state["notes"][releases.keys["still"]]["tags"] for state in (one, two, always)]
    assert marked == [True, True, False]


def test_a_release_takes_words_of_a_learners_own_only_from_what_it_or_the_one_before_changed(
    lives: dict[str, Steps], releases: Releases
) -> None:
    one, two, three = (state for state in lives["writing"] if "notes" in state)

    def own(state: dict[str, Any], name: str) -> bool:
        return fields(state, releases, name)["Note zh"] == OWN_TEXT

    assert all(own(state, "still") for state in (one, two, three))
    assert (own(one, "translated"), own(two, "translated")) == (True, False)
    assert own(three, "moved")


@pytest.mark.parametrize("what", ["field", "template"])
def test_what_a_learner_adds_to_the_note_type_stops_updates_until_they_merge_or_take_it_out(
    what: str, lives: dict[str, Steps], releases: Releases
) -> None:
    """Merging must be chosen with every import from then on, or once after it was taken out; schedules stay."""
    _, _, _, before, stopped, after_stop = lives[f"{what} added"]
    assert (stopped["updated"], stopped["conflicting"]) == (0, 7)
    assert len(after_stop["note_types"]) == 2
    *_, merged, after_merge, again, _ = lives[f"{what} added, then merging"]
    *_, removed, after_removal, rest, _ = lives[f"{what} added, then removed and merging"]
    assert merged["conflicting"] == removed["conflicting"] == rest["conflicting"] == 0
    assert again["conflicting"] >= 8
    assert len(after_removal["note_types"]) == 1
    for state in (after_merge, after_removal):
        assert "多头注意力" in fields(state, releases, "reworded")["Answer zh"]
        assert "low-rank" in fields(state, releases, "translated")["Answer en"]
        for key, note in before["notes"].items():
            assert state["notes"][key]["schedule"] == note["schedule"]
            assert state["notes"][key]["reviews"] == note["reviews"]
    assert ("Mine" in fields(after_merge, releases, "reworded")) is (what == "field")


# --- what maintainers do ----------------------------------------------------------------------------------------------


def test_an_edition_that_gains_a_language_keeps_notes_decks_and_schedules(
    lives: dict[str, Steps], releases: Releases
) -> None:
    _, _, before, count, after = lives["of an edition that grows"]
    assert count == counts(updated=8)
    assert before["note_types"] == after["note_types"] == ["deckgen upgrade zh"]
    assert set(after["decks"]) - set(before["decks"]) <= {"面试::2 训练"}
    for key, note in before["notes"].items():
        now = after["notes"][key]
        assert [now[what] for what in ("guid", "schedule", "reviews", "card", "deck")] == [
            note[what] for what in ("guid", "schedule", "reviews", "card", "deck")
        ]
    shown = fields(after, releases, "translated")
    assert "What is LoRA?" in shown["Question en"]
    assert "低秩" in shown["Answer zh"]
    assert [name for name in shown if name.startswith("Spare")] == []
    assert after["sound"]


def test_merges_lose_mistake_and_undo_nothing(merges: Score, lives: dict[str, Steps]) -> None:
    """Branches that know different locks come together in every way, and a learner of every release loses nothing."""
    assert merges.bad == []
    assert merges.merges.total() == 8
    assert len(merges.edits) == 8
    assert all(merges.edits.values())
    assert merges.doubts
    assert kept(merges, lives["of merges"]) == len(merges.titles) >= 20


def test_what_persons_settle_keeps_schedules_and_gives_none_away(settled: Score, lives: dict[str, Steps]) -> None:
    assert kept(settled, lives["of settled doubts"]) == len(settled.titles) == 6
