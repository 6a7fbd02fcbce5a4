"""What a release would ship and why it may not: compares the project with its last release, writes nothing.

Its version is a major one where learners must act, minor for cards that come or go, a patch for texts.
"""

import re
from typing import NamedTuple

from msgspec import Struct

from deckgen.build import Build, Options, finish_decks, make_decks, with_profile
from deckgen.corpus import Progress, silent
from deckgen.diagnostics import DeckgenError, Diagnostic, has_errors, name_some
from deckgen.identity.lock import format_lock
from deckgen.identity.stamping import next_time
from deckgen.localisation.checking import check_build
from deckgen.model import Language
from deckgen.project import Profile
from deckgen.project.files import read_optional
from deckgen.project.history import changed_files
from deckgen.project.layout import CHANGELOG_NAME, LOCK_NAME, record_path
from deckgen.project.reading import Project
from deckgen.releases.diff import Difference, ReleaseDiff, compare
from deckgen.releases.records import Record, format_record, parse_record
from deckgen.releases.snapshot import record_build, record_release
from deckgen.text.sizes import counted


class Version(NamedTuple):
    """A semantic version without anything after its third number."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


LEAST = Version(0, 1, 0)
"""The least that a first release may have."""


class Release(Struct, frozen=True, kw_only=True):
    """What a release ships: ``record`` says it, the ``diff`` from the release ``before`` what is new in it.

    ``builds`` are one per profile, the project's own first. Where it is refused or has no version yet, they are the
    build of now.
    """

    version: Version | None
    before: Version | None
    builds: tuple[Build, ...]
    record: Record
    diff: ReleaseDiff
    diagnostics: tuple[Diagnostic, ...]
    refusals: tuple[str, ...]

    @property
    def project(self) -> Project:
        return self.builds[0].project

    def title(self, language: Language) -> str:
        """The book's title in ``language``, else in its own, else any."""
        titles = self.builds[0].book.titles
        return titles.get(language) or titles.get(self.project.config.language) or next(iter(titles.values()))


def plan_release(
    project: Project,
    findings: tuple[Diagnostic, ...],
    version: Version | None,
    *,
    now: int,
    jobs: int = 1,
    progress: Progress = silent,
) -> Release:
    """The release of ``version``, and every reason why there may be none; ``now`` in seconds since the epoch.

    Without a version, what the next one would be of. A version that is recorded already is planned again with the time
    of its record, so that it can be rebuilt from its tag; it is refused if the content is no longer that of the record.
    DeckgenError where the record of the release before is missing or damaged.
    """
    made = make_decks(project, findings, Options(now=now, jobs=jobs), progress)
    diagnostics = check_build(made, strict=True)
    released = tuple(parse_version(known) for known in made.lock.releases)
    earlier = released[: released.index(version)] if version in released else released
    last = earlier[-1] if earlier else None
    before = _read_record(project, last) if last else None
    builds: tuple[Build, ...] = (made,)
    record, refusals = record_build(made), list[str]()
    if version is not None:
        path = record_path(str(version))
        text = read_optional(project.root / path, inside=project.root)
        known = parse_record(text, path) if text is not None else None
        refusals += _unfit(made, diagnostics)
        refusals += _dirty(project, path, rebuilt=known is not None)
        wrong = _out_of_order(version, released, known)
        if not wrong and known is None:
            wrong = _contradiction(version, last, compare(before, record))
        refusals += [wrong] if wrong else []
        if not refusals:
            time = known.time if known else next_time(made.lock, now)
            builds = _builds(made, version, time=time, progress=progress)
            record = record_release(record, builds[0], version=str(version), time=time)
            refusals += [_other_content(known, record)] if known and format_record(record) != text else []
    return Release(
        version=version,
        before=last,
        builds=builds,
        record=record,
        diff=compare(before, record),
        diagnostics=diagnostics,
        refusals=tuple(refusals),
    )


def _read_record(project: Project, version: Version) -> Record:
    path = record_path(str(version))
    text = read_optional(project.root / path, inside=project.root)
    if text is None:
        raise DeckgenError(
            f"{path}, the record of a release that {LOCK_NAME} names, is missing",
            hint=f"restore it from the tag: git checkout v{version} -- {path}",
        )
    return parse_record(text, path)


def _builds(made: Build, version: Version, *, time: int, progress: Progress) -> tuple[Build, ...]:
    """One per profile that learners may choose, stamped once."""
    own = made.project.config.profile
    profiles = (own,) if own is Profile.ORIGINAL else tuple(dict.fromkeys((own, Profile.MOBILE, Profile.DESKTOP)))
    build = finish_decks(made, Options(now=time, release=str(version), jobs=made.jobs), progress)
    return (build, *(with_profile(build, profile, progress) for profile in profiles[1:]))


# --- why not ----------------------------------------------------------------------------------------------------------


def _unfit(made: Build, diagnostics: tuple[Diagnostic, ...]) -> list[str]:
    """What no release may have, whatever its version."""
    reasons = []
    if has_errors(diagnostics):
        reasons.append("the project has errors; mend what is reported above")
    if not any(stamped.deck.notes for stamped in made.decks):
        reasons.append("there is no card to release")
    if pending := [item.key for item in made.lock.pending]:
        reasons.append(
            f"{len(pending)} questions wait for a decision ({name_some(pending)}); settle each with “deckgen lock "
            "link” or “deckgen lock split”, then build"
        )
    builds = not has_errors(made.diagnostics)  # else no build writes the lock
    if builds and format_lock(made.lock) != (made.project.lock_text or ""):
        changes = f" ({made.matched.changes.summary()})" if made.matched.changes.items else ""
        reasons.append(f"{LOCK_NAME} is not what a build writes{changes}; run “deckgen build” and read its diff")
    return reasons


def _dirty(project: Project, record: str, *, rebuilt: bool) -> list[str]:
    """Whatever the packages are made of must be in the commit that gets the tag."""
    changed = changed_files(project.root)
    if changed is None:
        reason = "the project is in no git checkout, so that nobody could build this release again from its tag"
        return [] if rebuilt else [reason]
    others = [path for path in changed if path not in (LOCK_NAME, CHANGELOG_NAME, record)]
    return [f"files are not committed: {name_some(others)}; commit, ignore or remove them"] if others else []


def _out_of_order(version: Version, released: tuple[Version, ...], known: Record | None) -> str:
    """Why a version that was released cannot be built again here; empty where it can."""
    if version in released and known is None:
        return f"{record_path(str(version))} is missing; restore it: git checkout v{version} -- releases"
    if known and released and version < released[-1]:
        return f"{version} goes back: the last release is {released[-1]}; to build {version} again, check out its tag"
    return ""


def _other_content(known: Record, current: Record) -> str:
    diff = compare(known, current)
    counts = {kind: len(diff.of(kind)) for kind in Difference if diff.of(kind)}
    changes = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "times, ids or descriptions"
    keys = name_some([change.key for change in diff.notes])
    named = f" ({keys})" if keys else ""
    return f"it is recorded with other content: {changes}{named}; new content needs a new version"


# --- versions ---------------------------------------------------------------------------------------------------------


def parse_version(text: str) -> Version:
    """``1.2.3`` or ``v1.2.3``. ValueError, with the reason as its text, for anything else."""
    found = re.fullmatch(r"v?(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})", text, re.ASCII)
    if not found:
        raise ValueError(f"“{text}” is no version; write three numbers, like 1.2.0")
    return Version(int(found[1]), int(found[2]), int(found[3]))


def propose_version(last: Version | None, diff: ReleaseDiff) -> tuple[Version | None, str]:
    """The next version, None where there is nothing to release, and why. The first is 1.0.0."""
    if last is None:
        return Version(1, 0, 0), f"the first release; any version from {LEAST} on will do"
    if diff.breaches:
        told = "; ".join(f"{edition}: {what}" for edition, what in diff.breaches)
        return Version(last.major + 1, 0, 0), f"learners must act: {told}"
    added, retired = len(diff.of(Difference.ADDED)), len(diff.of(Difference.RETIRED))
    parts = [counted(added, "new card")] if added else []
    parts += [counted(retired, "retired card")] if retired else []
    parts += [f"new editions {', '.join(diff.new_editions)}"] if diff.new_editions else []
    parts += [f"{old} is now {new}" for old, new in diff.grown.items()]
    if parts:
        return Version(last.major, last.minor + 1, 0), " and ".join(parts)
    if diff.is_empty:
        return None, "nothing that a learner gets has changed"
    cards = counted(len(diff.notes), "changed card")
    reason = f"{cards} and no new one" if diff.notes else "another look or description, no other card"
    return Version(last.major, last.minor, last.patch + 1), reason


def _contradiction(asked: Version, last: Version | None, diff: ReleaseDiff) -> str:
    """Why ``asked`` cannot follow ``last`` with these changes; empty where it can.

    A deck that calls itself 0.x may become 1.0.0 at any time.
    """
    if last is None:
        return "" if asked >= LEAST else f"a first release is {LEAST} or later, not {asked}"
    if asked <= last:
        return f"{asked} goes back: the last release is {last}"
    proposal, reason = propose_version(last, diff)
    if proposal is None:
        return f"{reason} since {last}, so there is nothing to release"
    if asked == proposal or (last.major == 0 and asked == Version(1, 0, 0)):
        return ""
    return f"after {last} comes {proposal}, not {asked}: {reason}"
