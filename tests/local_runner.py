"""Runs the jobs of .github/workflows/book.yml on this machine: its own conditions, steps and scripts, remotes on disk.

A checkout is a clone, artifacts are folders, and deckgen is the one installed here; actions that need GitHub are noted.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from projects import REPOSITORY

BOOK = REPOSITORY / ".github/workflows/book.yml"
ACTION = REPOSITORY / "action.yml"


@dataclass(slots=True)
class Job:
    """How a job ended (``success``, ``failure``, ``skipped``), what it printed, the actions that were only noted."""

    result: str = "skipped"
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    noted: list[str] = field(default_factory=list)


class Runner:
    """One run of the workflow for a push or a pull request of the repository ``remote``.

    ``deckgen`` is the command by side of the matrix, ``environment`` what the runner offers besides.
    """

    def __init__(
        self,
        remote: Path,
        folder: Path,
        *,
        deckgen: Mapping[str, Path],
        event: Mapping[str, Any],
        environment: Mapping[str, str],
    ) -> None:
        self.remote, self.folder, self.deckgen = remote, folder, deckgen
        self.github = {"token": "none", "repository": "a/book", **event}
        self.environment = environment
        self.jobs: dict[str, Job] = {}
        self.artifacts = folder / "artifacts"

    def run(self) -> dict[str, Job]:
        for name, job in yaml.safe_load(BOOK.read_text("utf-8"))["jobs"].items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            ready = all(self.jobs[need].result == "success" for need in needs)
            self.jobs[name] = Job()
            for matrix in job.get("strategy", {}).get("matrix", {}).get("include", [{}]):
                context = {"matrix": matrix, "inputs": {"project": ".", "pages": True}, "steps": {}}
                condition = str(job.get("if", "true"))
                if (ready or "always()" in condition) and self._evaluate(condition, context):
                    self._run_job(name, job, context)
        return self.jobs

    def _run_job(self, name: str, job: Mapping[str, Any], context: dict[str, Any]) -> None:
        done = self.jobs[name]
        done.result = "success"
        work = self.folder / name / str(context["matrix"].get("side", "only"))
        context["temp"] = work / "temp"
        context["temp"].mkdir(parents=True)
        for step in job["steps"]:
            wanted = str(step.get("if", "success()"))
            if done.result == "failure" and not re.search(r"always\(\)|failure\(\)", wanted):
                continue
            if self._evaluate(wanted, context, failed=done.result == "failure"):
                self._run_step(step, done, work, context)
        for output, expression in job.get("outputs", {}).items():
            done.outputs[output] = self._fill(expression, context)

    def _run_step(self, step: Mapping[str, Any], done: Job, work: Path, context: dict[str, Any]) -> None:
        options = {key: self._fill(str(value), context) for key, value in step.get("with", {}).items()}
        match step.get("uses", "").split("@")[0]:
            case "":
                self._shell(step["run"], work / step.get("working-directory", "."), step, done, context)
            case "actions/checkout" if "repository" in options:
                (work / "deckgen").symlink_to(REPOSITORY)
            case "actions/checkout":
                git("clone", "--quiet", self.remote, work / "book")
                git("-C", work / "book", "checkout", "--quiet", "-B", "run", self.github["sha"])
            case "./deckgen":
                action = yaml.safe_load(ACTION.read_text("utf-8"))["runs"]["steps"][-1]
                side = context["matrix"].get("side", "one")
                environment = {"ACTION": str(REPOSITORY), "RUN": options["run"], "DECKGEN": str(self.deckgen[side])}
                self._shell(action["run"], work / options["project"], {"env": environment}, done, context)
            case "actions/upload-artifact" | "actions/upload-pages-artifact" as action:
                origin = work / options["path"]
                if origin.exists():
                    artifact = self.artifacts / options.get("name", "site")
                    shutil.copytree(origin, artifact, dirs_exist_ok=True)
                else:
                    done.noted.append(f"{action} found nothing")
            case "actions/download-artifact":
                shutil.copytree(self.artifacts / options["name"], work / options["path"])
            case action:
                done.noted.append(action)

    def _shell(self, script: str, folder: Path, step: Mapping[str, Any], done: Job, context: dict[str, Any]) -> None:
        outputs, summary = context["temp"] / "outputs", context["temp"] / "summary"
        environment = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_REF_NAME": self.github["ref_name"],
            "RUNNER_TEMP": str(context["temp"]),
            **self.environment,
            **{key: self._fill(str(value), context) for key, value in step.get("env", {}).items()},
        }
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        done.log += ran.stdout
        done.result = "failure" if ran.returncode else done.result
        done.summary += summary.read_text("utf-8") if summary.exists() else ""
        if outputs.exists() and "id" in step:
            lines = (line.partition("=") for line in outputs.read_text("utf-8").splitlines())
            context["steps"][step["id"]] = {name: value for name, _, value in lines}

    def _fill(self, text: str, context: dict[str, Any]) -> str:
        return re.sub(r"\$\{\{\s*(.+?)\s*\}\}", lambda found: str(self._value(found[1], context)), text)

    def _evaluate(self, condition: str, context: dict[str, Any], *, failed: bool = False) -> bool:
        """The conditions that the workflow uses: comparisons with words, joined by ``&&`` and ``||``."""
        expression = re.sub(r"^\$\{\{\s*|\s*\}\}$", "", condition)
        expression = re.sub(
            r"\b(?:github|inputs|needs|steps)\.[\w.-]+", lambda found: repr(self._value(found[0], context)), expression
        )
        python = expression.replace("&&", " and ").replace("||", " or ")
        words = {"__builtins__": {}, "true": True, "always": lambda: True, "failure": lambda: failed}
        return bool(eval(python, {**words, "success": lambda: not failed}))

    def _value(self, name: str, context: dict[str, Any]) -> Any:
        match name.split("."):
            case ["github", *path]:
                found: Any = self.github
                for part in path:
                    found = found[part]
                return found
            case ["runner", "temp"]:
                return context["temp"]
            case ["needs", job, "result"]:
                return self.jobs[job].result
            case ["needs", job, "outputs", output]:
                return self.jobs[job].outputs.get(output, "")
            case ["steps", step, "outputs", output]:
                return context["steps"].get(step, {}).get(output, "")
            case ["inputs" | "matrix" as part, key]:
                return context[part][key]
            case _:
                return name


def git(*arguments: str | Path) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
