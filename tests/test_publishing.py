"""A book in a repository of its own, from a contributor's pull request to learners' phones, as the workflow does it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from anki_collection import import_package, new_collection
from anki_server import serve_anki
from evolving import FIRST, SECOND, SETTINGS
from local_runner import Job, Runner, git
from projects import NOON, REPOSITORY, deckgen, make_project

DAY = 86_400
THIRD = SECOND + '\n<h3 id="3.什么是预热？">3.什么是预热？</h3>\n\n训练开始时让学习率从小到大。\n'
GH = """#!/usr/bin/env bash
# Stands for GitHub's client: keeps releases as folders in $GH_RELEASES.
case "$2" in
view) test -d "$GH_RELEASES/$3" ;;
create) mkdir "$GH_RELEASES/$3" && while [[ $1 != --notes-file ]]; do shift; done && cp "$2" "$GH_RELEASES/notes.md" ;;
upload) cp "${@:5}" "$GH_RELEASES/$3" && ln -sfn "$GH_RELEASES/$3" "$GH_RELEASES/latest" ;;
esac
"""


class Book:
    """A bare repository as the host keeps it, a maintainer's clone, and what a runner has beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remote = folder / "remote.git"
        self.home = folder / "maintainer"
        self.runs = 0
        self.releases = folder / "web/a/book/releases"
        self.releases.mkdir(parents=True)
        (folder / "bin").mkdir()
        command = Path(shutil.which("deckgen", path=str(Path(sys.executable).parent)) or "deckgen")
        self.deckgen = {"one": command, "other": folder / "bin/deckgen"}
        self.deckgen["other"].symlink_to(command)
        self._program("python", "#!/bin/sh\necho 3.99.0 of the other side\n")
        self._program("gh", GH)
        git("init", "--quiet", "--bare", "--initial-branch=main", self.remote)
        git("clone", "--quiet", self.remote, self.home)
        git("-C", self.home, "checkout", "--quiet", "-B", "main")
        make_project(self.home, chapter=FIRST, settings=SETTINGS)
        (self.home / ".gitignore").write_text("build/\n.cache/\n", "utf-8")
        (self.home / "LICENSE").write_text("Do as you please.\n", "utf-8")
        assert deckgen("build", "--project", self.home).exit_code == 0
        assert deckgen("translate", "extract", "en", "--project", self.home).exit_code == 0
        self.commit(self.home, "Begin a book")
        self.push(self.home)

    def _program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text, "utf-8")
        path.chmod(0o755)

    def clone(self, name: str) -> Path:
        git("clone", "--quiet", self.remote, self.folder / name)
        return self.folder / name

    def write(self, folder: Path, chapter: str) -> None:
        (folder / "source/chapter.md").write_text(chapter, "utf-8", newline="\n")

    def commit(self, folder: Path, message: str) -> str:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        git("-C", folder, "add", "--all")
        git("-C", folder, *who, "commit", "--quiet", "--message", message)
        return git("-C", folder, "rev-parse", "HEAD")

    def push(self, folder: Path, *what: str) -> None:
        git("-C", folder, "push", "--quiet", "origin", *(what or ("main",)))

    def head(self) -> str:
        return git("-C", self.remote, "rev-parse", "main")

    def pull_request(self, folder: Path) -> dict[str, Job]:
        head = git("-C", folder, "rev-parse", "HEAD")
        git("-C", folder, "push", "--quiet", "--force", "origin", f"{head}:refs/pull/1/head")
        base = {"pull_request": {"base": {"sha": self.head()}}}
        return self._run(
            {"event_name": "pull_request", "ref_type": "branch", "ref_name": "1/merge", "sha": head, "event": base}
        )

    def pushed(self, commit: str | None = None) -> dict[str, Job]:
        return self._run({"event_name": "push", "ref_type": "branch", "ref_name": "main", "sha": commit or self.head()})

    def tagged(self, tag: str) -> dict[str, Job]:
        commit = git("-C", self.remote, "rev-parse", tag)
        return self._run({"event_name": "push", "ref_type": "tag", "ref_name": tag, "sha": commit})

    def release(self, version: str, *, now: int) -> dict[str, Job]:
        """As docs/releasing.md has it: the maintainer's part, then the workflow's."""
        git("-C", self.home, "pull", "--quiet", "--ff-only", "origin", "main")
        done = deckgen("release", version, "--project", self.home, now=now)
        assert done.exit_code == 0, done.output
        self.commit(self.home, f"Release {version}")
        git("-C", self.home, "tag", f"v{version}")
        self.push(self.home, "main", f"v{version}")
        return self.tagged(f"v{version}")

    def _run(self, event: Mapping[str, object]) -> dict[str, Job]:
        self.runs += 1
        with self._environment() as environment:
            folder = self.folder / f"run{self.runs}"
            return Runner(self.remote, folder, deckgen=self.deckgen, event=event, environment=environment).run()

    @contextmanager
    def _environment(self) -> Iterator[dict[str, str]]:
        with web(self.folder / "web") as address:
            yield {
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "GH_RELEASES": str(self.releases),
                "GITHUB_SERVER_URL": address,
                "GITHUB_REPOSITORY": "a/book",
                "NO_PROXY": "*",
            }

    def site_of(self, release: Path) -> Path:
        """What Pages get from a run for this release's tag, of which another run's may have overtaken it."""
        with self._environment() as environment:
            command = ["bash", str(REPOSITORY / "scripts/site.sh"), str(self.folder / "late"), str(release)]
            environment = {**os.environ, **environment, "DECKGEN": str(self.deckgen["one"])}
            subprocess.run(command, cwd=self.home, env=environment, check=True, capture_output=True)
        return self.folder / "late"


@contextmanager
def web(folder: Path) -> Iterator[str]:
    """The host's pages for downloads: ``latest/download/X`` is a file of the newest release."""

    class Handler(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            return super().translate_path(path.replace("/latest/download/", "/latest/"))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def ended(jobs: Mapping[str, Job], *succeeded: str) -> None:
    """Those jobs did their work, all others did not run."""
    for name, job in jobs.items():
        assert job.result == ("success" if name in succeeded else "skipped"), (name, job.result, job.log)


def test_from_a_pull_request_to_learners_of_two_releases(tmp_path: Path) -> None:
    book = Book(tmp_path)

    contributor = book.clone("contributor")
    book.write(contributor, SECOND)
    book.commit(contributor, "Improve the chapter")
    jobs = book.pull_request(contributor)
    ended(jobs, "check")
    assert "1 new, 1 changed, 1 moved, 1 retired" in jobs["check"].summary
    assert "<del>其他</del><ins>序列中的所有</ins>" in jobs["check"].summary
    assert (tmp_path / "run1/artifacts/preview/index.html").is_file()

    book.push(contributor, "HEAD:main")
    jobs = book.pushed()
    ended(jobs, "build", "commit", "pages")
    assert jobs["pages"].noted == ["actions/deploy-pages"]
    message = git("-C", book.remote, "log", "-1", "--format=%an: %B", "main")
    assert message.startswith("github-actions[bot]: Bring deckgen.lock and the translations up to date with ")
    assert "什么是权重衰减" in message
    changed = git("-C", book.remote, "show", "--name-only", "--format=", "main").split()
    assert changed == ["deckgen.lock", "locale/en/chapter.po"]
    site = tmp_path / "run2/artifacts/site"
    assert "preview/" in (site / "index.html").read_text("utf-8")
    assert (site / "newest/evolving-zh-en.apkg").is_file()

    jobs = book.pushed()
    ended(jobs, "build", "pages")

    jobs = book.release("1.0.0", now=NOON + DAY)
    ended(jobs, "release", "verify", "publish", "pages")
    assert (book.releases / "v1.0.0/SHA256SUMS").is_file()
    assert "1.0.0" in (tmp_path / "run4/artifacts/site/index.html").read_text("utf-8")

    book.write(book.home, THIRD)
    book.commit(book.home, "Add a question")
    book.push(book.home)
    jobs = book.pushed()
    ended(jobs, "build", "commit", "pages")
    assert "1.0.0" in (tmp_path / "run5/artifacts/site/index.html").read_text("utf-8"), "the download page stays"
    ended(book.release("1.1.0", now=NOON + 2 * DAY), "release", "verify", "publish", "pages")

    overtaken = book.site_of(book.releases / "v1.0.0")
    assert "1.1.0" in (overtaken / "index.html").read_text("utf-8"), "of two releases at once the higher is shown"

    first, second = (
        next((book.releases / f"v{version}").glob("evolving-zh-en-v*.apkg")) for version in ("1.0.0", "1.1.0")
    )
    with new_collection() as importing, new_collection() as pushing, serve_anki(pushing) as anki:
        for collection in (importing, pushing):
            assert import_package(collection, first).new == 5
            collection.sched.set_due_date(collection.find_cards("*学习率*"), "17")
        assert import_package(importing, second).new == 1
        done = deckgen("push", second, "--project", book.home, "--url", anki.url)
        assert done.exit_code == 0, done.output
        for collection in (importing, pushing):
            assert len(collection.find_notes("")) == 6
            assert len(collection.find_notes("prop:ivl=17")) == 1


def test_what_goes_wrong_is_said_and_nothing_is_lost(tmp_path: Path, subtests: pytest.Subtests) -> None:
    book = Book(tmp_path)
    book.write(book.home, SECOND)
    commit = book.commit(book.home, "Change the chapter")
    book.push(book.home)

    with subtests.test("a runner that may not push"):
        hook = book.remote / "hooks/pre-receive"
        hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n", "utf-8")
        hook.chmod(0o755)
        jobs = book.pushed()
        assert jobs["commit"].result == "failure"
        assert "::error::This run may not push to main" in jobs["commit"].log
        assert (tmp_path / "run1/artifacts/lags/lags.patch").is_file()
        assert jobs["pages"].result == "success"
        hook.unlink()

    with subtests.test("a branch that moved on"):
        (book.home / "README.md").write_text("我的书\n", "utf-8")
        newer = book.commit(book.home, "Say what this is")
        book.push(book.home)
        jobs = book.pushed(commit)
        ended(jobs, "build", "commit", "pages")
        assert "moved on meanwhile" in jobs["commit"].log
        assert book.head() == newer
        ended(book.pushed(), "build", "commit", "pages")
        assert git("-C", book.remote, "rev-parse", "main~1") == newer

    with subtests.test("a tag without a release"):
        git("-C", book.home, "pull", "--quiet", "--ff-only", "origin", "main")
        git("-C", book.home, "tag", "v9.9.9")
        book.push(book.home, "v9.9.9")
        jobs = book.tagged("v9.9.9")
        assert jobs["release"].result == "failure"
        assert "deckgen release 9.9.9" in jobs["release"].log
        assert jobs["publish"].result == "skipped"

    with subtests.test("a tag that has another content"):
        assert deckgen("release", "1.0.0", "--project", book.home, now=NOON + DAY).exit_code == 0
        book.commit(book.home, "Release 1.0.0")
        book.write(book.home, THIRD)
        book.commit(book.home, "One more question")
        git("-C", book.home, "tag", "v1.0.0")
        book.push(book.home, "main", "v1.0.0")
        jobs = book.tagged("v1.0.0")
        assert jobs["release"].result == "failure"
        assert jobs["publish"].result == "skipped"
        assert not (book.releases / "v1.0.0").exists()

    with subtests.test("an error in the chapter"):
        book.write(book.home, f"{THIRD}\n![图](imgs/不存在.png)\n")
        book.commit(book.home, "Forget a picture")
        jobs = book.pull_request(book.home)
        assert jobs["check"].result == "failure"
        assert "::error file=source/chapter.md" in jobs["check"].log
        assert "What learners would get" in jobs["check"].summary


def test_a_pull_request_with_a_doubtful_question_is_green_and_says_so(tmp_path: Path) -> None:
    book = Book(tmp_path)
    doubtful = FIRST.replace("什么是层归一化？", "层归一化怎么做？").replace(
        "对每个样本的特征求均值和方差，再缩放与平移。", "对每个样本的特征求均值和方差，然后再做别的处理，例如激活函数。"
    )
    book.write(book.home, doubtful)
    book.commit(book.home, "Reword a lot")
    jobs = book.pull_request(book.home)
    ended(jobs, "check")
    assert "### Doubtful" in jobs["check"].summary
    assert "1 pending. What is reworded or moved keeps its progress" in jobs["check"].summary
