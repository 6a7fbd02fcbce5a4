"""What a release would ship and whether it may: compares the project with its last release, writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deckgen import identity
from deckgen.build import Build, Options, finish_decks, make_decks
from deckgen.corpus import Progress, silent
from deckgen.diagnostics import DeckgenError, Diagnostic, has_errors, name_some
from deckgen.identity.lock import format_lock
from deckgen.localisation import check_build
from deckgen.project.choices import Profile
from deckgen.project.files import read_optional
from deckgen.project.layout import CHANGELOG_NAME, LOCK_NAME
from deckgen.project.reading import Project, changed_files, record_path
from deckgen.releases.diff import Difference, ReleaseDiff, compare
from deckgen.releases.records import Record, format_record, parse_record
from deckgen.releases.snapshot import record_decks
from deckgen.releases.versions import Version, contradiction, parse_version, propose_version, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSurvey:
    """The project as it stands, beside its last release. ``made`` is what a build would give now."""

    made: Build
    released: tuple[Version, ...]
    """In the order of their release."""
    last: Record | None
    record: Record
    diff: ReleaseDiff
    """From the last release to now."""

    @property
    def proposal(self) -> Version | None:
        return propose_version(self.released[-1] if self.released else None, self.diff)

    @property
    def reason(self) -> str:
        return reason(self.diff) if self.last else "the first release; any version from 0.1.0 on will do"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A release that may be written. ``builds`` are one per profile, the project's own first.

    ``again`` says that the version is recorded already, with this very content. ``diff`` is from the release before.
    """

    version: Version
    record: Record
    record_text: str
    lock_text: str
    diff: ReleaseDiff
    builds: tuple[Build, ...]
    again: bool


def survey_release(
    project: Project, findings: tuple[Diagnostic, ...], *, now: int, jobs: int = 1, progress: Progress = silent
) -> ReleaseSurvey:
    """``now`` in seconds since the epoch. DeckgenError where the record of the last release is missing or damaged."""
    made = make_decks(project, findings, Options(now=now, jobs=jobs), progress)
    made = replace(made, diagnostics=check_build(made, strict=True))
    released = tuple(parse_version(version) for version in made.lock.releases)
    last = _read_record(project, released[-1]) if released else None
    record = _record(made, version="", time=0)
    return ReleaseSurvey(made=made, released=released, last=last, record=record, diff=compare(last, record))


def plan_release(
    survey: ReleaseSurvey, version: Version, *, now: int, jobs: int = 1, progress: Progress = silent
) -> Plan:
    """The release of ``version``. DeckgenError, with every reason, where there may be none.

    A version that is recorded already is planned again with the time of its record, so that it can be rebuilt from
    its tag; it is refused if the project's content is no longer that of the record.
    """
    made = survey.made
    project = made.project
    recorded = read_optional(project.root / record_path(str(version)), inside=project.root)
    reasons = [*_unfit(survey), *_dirty(project, version)]
    known = parse_record(recorded, record_path(str(version))) if recorded is not None else None
    if version in survey.released or known:
        reasons += _not_again(survey, version, known)
    elif why := contradiction(version, survey.released[-1] if survey.released else None, survey.diff):
        reasons.append(why)
    if reasons:
        raise _refusal(version, reasons)

    time = known.time if known else identity.next_time(made.lock, now)
    builds = _builds(made, version, time=time, jobs=jobs, progress=progress)
    record = _record(builds[0], version=str(version), time=time)
    before = _before(survey, version)
    text = format_record(record)
    if recorded is not None and text != recorded:
        raise _refusal(version, [_other_content(known, record)])
    return Plan(
        version=version,
        record=record,
        record_text=text,
        lock_text=format_lock(builds[0].lock),
        diff=compare(before, record),
        builds=builds,
        again=known is not None,
    )


def _record(made: Build, *, version: str, time: int) -> Record:
    return record_decks(
        made.decks,
        made.lock.editions,
        project_id=made.keyed.project_id,
        language=made.project.config.language,
        version=version or made.version,
        time=time,
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


def _before(survey: ReleaseSurvey, version: Version) -> Record | None:
    """The record of the release before ``version``."""
    if version not in survey.released:
        return survey.last
    index = survey.released.index(version)
    return _read_record(survey.made.project, survey.released[index - 1]) if index else None


def _builds(made: Build, version: Version, *, time: int, jobs: int, progress: Progress) -> tuple[Build, ...]:
    """One per profile that learners may choose, of what was read once."""
    own = made.project.config.profile
    profiles = (own,) if own is Profile.ORIGINAL else tuple(dict.fromkeys((own, Profile.MOBILE, Profile.DESKTOP)))
    builds = tuple(
        finish_decks(made.read, Options(now=time, release=str(version), profile=profile, jobs=jobs), progress)
        for profile in profiles
    )
    if len({format_lock(build.lock) for build in builds}) > 1:
        raise DeckgenError("the profiles differ in more than their images", hint="please report this")
    return builds


# --- why not ----------------------------------------------------------------------------------------------------------


def _refusal(version: Version, reasons: list[str]) -> DeckgenError:
    return DeckgenError(f"{version} is not released:" + "".join(f"\n  - {why}" for why in reasons))


def _unfit(survey: ReleaseSurvey) -> list[str]:
    """What no release may have, whatever its version."""
    made, reasons = survey.made, []
    if has_errors(made.diagnostics):
        reasons.append("the project has errors; mend what is reported above")
    if not any(stamped.deck.notes for stamped in made.decks):
        reasons.append("there is no card to release")
    if pending := [item.key for item in made.lock.pending]:
        reasons.append(
            f"{len(pending)} questions wait for a decision ({name_some(pending)}); settle each with “deckgen lock "
            "link” or “deckgen lock split”, then build"
        )
    if format_lock(made.lock) != (made.project.lock_text or ""):
        reasons.append(
            f"{LOCK_NAME} is not what a build writes ({made.changes.summary()}); run “deckgen build” and read its diff"
        )
    return reasons


def _dirty(project: Project, version: Version) -> list[str]:
    """Whatever the packages are made of must be in the commit that gets the tag."""
    changed = changed_files(project.root)
    if changed is None:
        if read_optional(project.root / record_path(str(version)), inside=project.root) is not None:
            return []
        return ["the project is in no git checkout, so that nobody could build this release again from its tag"]
    own = {LOCK_NAME, CHANGELOG_NAME, record_path(str(version))}
    others = [path for path in changed if path not in own]
    return [f"files are not committed: {name_some(others)}; commit, ignore or remove them"] if others else []


def _not_again(survey: ReleaseSurvey, version: Version, known: Record | None) -> list[str]:
    """Why a version that was released cannot be built again from what the project is now."""
    if known is None:
        return [f"{record_path(str(version))} is missing; restore it: git checkout v{version} -- releases"]
    last = survey.released[-1] if survey.released else None
    if last and version < last:
        return [f"{version} goes back: the last release is {last}; to build {version} again, check out its tag"]
    current = replace(survey.record, version=known.version, time=known.time)
    if version == last and format_record(current) != format_record(known):
        return [_other_content(known, current)]
    return []


def _other_content(known: Record | None, current: Record) -> str:
    diff = compare(known, current)
    counts = {kind: len(diff.of(kind)) for kind in Difference if diff.of(kind)}
    changes = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "times, ids or descriptions"
    keys = name_some([change.key for change in diff.notes])
    named = f" ({keys})" if keys else ""
    return f"it is recorded with other content: {changes}{named}; new content needs a new version"
