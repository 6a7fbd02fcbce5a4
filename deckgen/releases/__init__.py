"""Releases: ``plan`` says what one would ship and whether it may, ``write`` makes its folder."""

from deckgen.releases.plan import Plan, ReleaseSurvey, plan_release, survey_release
from deckgen.releases.versions import Version, parse_version
from deckgen.releases.write import WrittenRelease, write_release

__all__ = [
    "Plan",
    "ReleaseSurvey",
    "Version",
    "WrittenRelease",
    "parse_version",
    "plan_release",
    "survey_release",
    "write_release",
]
