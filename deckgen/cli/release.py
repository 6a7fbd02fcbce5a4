"""``deckgen release``: the folder of a version, ready to upload, or the version that comes next."""

from pathlib import Path

import click

from deckgen.cli.build import missing_lines
from deckgen.cli.options import build_time, jobs_option, project_option
from deckgen.cli.report import fail_on_errors, print_counts, print_diagnostics, print_table, progress_bar
from deckgen.cli.terminal import echo
from deckgen.model import Language, replace
from deckgen.project.layout import record_path
from deckgen.project.reading import read_project
from deckgen.releases.changelog import summarise
from deckgen.releases.plan import Release, Version, parse_version, plan_release, propose_version
from deckgen.releases.write import write_release
from deckgen.text.sizes import human_size


def _version(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Version | None:
    try:
        return parse_version(value) if value is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("version", callback=_version, required=False)
@click.option("--propose", is_flag=True, help="Print the version that comes next and why; write nothing.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Where vX.Y.Z goes; build/release by default."
)
@jobs_option
@project_option
def release(version: Version | None, propose: bool, out: Path | None, jobs: int, root: Path) -> None:
    """Write the release VERSION: packages of every edition, sums, manifest, notes and a download page.

    The lock gets the release's time and releases/VERSION.jsonl its content; commit both, then tag. Asked again, or at
    the tag, it writes the same bytes. Without VERSION it proposes one.
    """
    project, findings = read_project(root)
    # A run that was cut short may have left this version's record before the lock knew of it.
    project = replace(project, released=tuple(known for known in project.released if known != str(version)))
    wanted = None if propose else version
    now = build_time(root)
    with progress_bar() as progress:
        planned = plan_release(project, findings, wanted, now=now, jobs=jobs, progress=progress)
    print_diagnostics(planned.diagnostics)
    for line in missing_lines(planned.builds[0]):
        echo(line)
    if wanted is None:
        _print_proposal(planned)
        fail_on_errors(planned.diagnostics)
        return
    with progress_bar() as progress:
        written = write_release(planned, out=out, progress=progress)
    rows = [(item.file, str(item.notes), human_size(sums.bytes)) for item, sums in written.packages.items()]
    print_table("Packages", ("file", "notes", "size"), rows)
    echo(f"{wanted}: {summarise(planned.diff, Language('en'))}")
    if not written.changed:
        echo(f"{written.folder} was there already, with the same bytes; nothing changed")
        return
    echo(f"written to {written.folder}")
    if written.recorded:
        echo(
            f"next: git add deckgen.lock {record_path(str(wanted))} && git commit -m 'Release {wanted}' && "
            f"git tag v{wanted}"
        )


def _print_proposal(planned: Release) -> None:
    print_counts(planned.diagnostics)
    if not planned.record.notes:
        echo("nothing to release: there is no card")
        return
    proposal, reason = propose_version(planned.before, planned.diff)
    if planned.before:
        echo(f"since {planned.before}: {summarise(planned.diff, Language('en'))}")
    echo(f"{proposal} ({reason})" if proposal else f"nothing to release: {reason}")
