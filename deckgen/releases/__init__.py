"""Releases: ``plan`` says what one would ship and whether it may, ``write`` makes its folder."""

from deckgen.releases.plan import Release, plan_release
from deckgen.releases.versions import Version, parse_version, propose_version
from deckgen.releases.write import WrittenRelease, write_release

__all__ = ["Release", "Version", "WrittenRelease", "parse_version", "plan_release", "propose_version", "write_release"]
