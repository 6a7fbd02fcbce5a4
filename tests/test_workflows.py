"""The GitHub workflows: pinned, with the least permissions, calling what anyone can call at home."""

from __future__ import annotations

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
from deckgen.publish.workflow import workflow_text

WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
MAY_WRITE = {
    ("release", "publish"): {"contents", "id-token", "attestations"},
    ("release", "pages"): {"pages", "id-token"},
}
"""The jobs that may change anything, with what each may change."""


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text("utf-8"))


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_with_their_version_beside(path: Path) -> None:
    used = re.findall(r"^\s*-?\s*uses:\s*(.+)$", path.read_text("utf-8"), re.MULTILINE)
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) for line in used), used


def test_an_action_is_pinned_to_one_commit_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for path in WORKFLOWS:
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
        if writes:
            assert not any("checkout" in step.get("uses", "") for step in job["steps"])
            assert not any("make" in step.get("run", "") for step in job["steps"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_text_of_a_stranger_reaches_a_shell(path: Path) -> None:
    assert "pull_request_target" not in path.read_text("utf-8")
    for step in steps(read(path)):
        assert "${{" not in step.get("run", ""), step
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_what_workflows_run_are_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    called = {
        target
        for path in WORKFLOWS
        for step in steps(read(path))
        for target in re.findall(r"\bmake (?:--silent )?([a-z]+)", step.get("run", ""))
    }
    assert called == {"check", "changes", "preview", "test", "release", "verify", "site"}
    assert called <= targets


def test_a_release_is_built_under_two_pythons_on_two_systems() -> None:
    workflow = read(REPOSITORY / ".github/workflows/release.yml")
    sides = workflow["jobs"]["build"]["strategy"]["matrix"]["include"]
    assert len({side["os"] for side in sides}) == len({side["python"] for side in sides}) == 2
    order = {name: job.get("needs") for name, job in workflow["jobs"].items()}
    assert order == {"build": None, "verify": "build", "publish": "verify", "pages": "publish"}


def test_shellcheck_has_nothing_to_say() -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("no shellcheck here")
    subprocess.run(["shellcheck", *(REPOSITORY / "scripts").glob("*.sh")], check=True)


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
    text = workflow_text(branch="主干")
    workflow = yaml.safe_load(text)
    assert len(text.splitlines()) == 10
    assert workflow["permissions"] == {}
    assert workflow[True]["push"]["branches"] == ["主干"]
    assert workflow["jobs"]["deck"]["uses"].endswith(f"/.github/workflows/book.yml@v{__version__}")
