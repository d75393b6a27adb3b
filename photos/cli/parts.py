"""Commands for the parts of an installation: `flask check`, `migrate`, `bucket`."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from photos.cli.plain import PlainCommand
from photos.errors import BackendError, DatabaseError
from photos.services import one_index
from photos.web.deps import backends
from photos.wiring import Backends, examine_rights, fleet, prepare

PARTS = ("database", "secrets", "storage", "search", "identity", "jobs", "recognition")
RIGHTS = "aws"
"""What this machine may do in its account; asked for by name, since it takes a call for each right."""


@click.command(cls=PlainCommand)
@with_appcontext
def migrate() -> None:
    """Bring the database up to date; safe to repeat, and from several machines at once."""
    click.echo("The database is up to date now." if prepare(backends()) else "The database was up to date.")


@click.command(cls=PlainCommand)
@click.argument("names", nargs=-1, metavar="[PART]...", type=click.Choice((*PARTS, RIGHTS)))
@with_appcontext
def check(names: tuple[str, ...]) -> None:
    """Ask every PART whether it works, or those that are named, and list every problem at once.

    Parts: database, secrets, storage, search, identity, jobs, recognition; and aws, which tries each right
    that this machine needs in its account, and shows who it is, where, and whether its clock is right.
    """
    here = backends()
    problems = []
    for name in names or PARTS:
        if name == RIGHTS:
            problems += _missing_rights(here)
        elif problem := _problem_of(name, here):
            problems.append(f"{name}: {problem}")
        else:
            click.echo(f"{name}: works")
    for note in _notes(here):
        click.echo(f"Note: {note}")
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)


def _problem_of(name: str, here: Backends) -> str:
    if name == "database":
        from photos.db.diagnose import diagnose

        return diagnose(here.database, fleet(here.settings))
    try:
        getattr(here, name).ping()
        if name == "search":
            return one_index.find_problem(database=here.database, search=here.search)
    except DatabaseError:
        return ""  # which is asked itself
    except BackendError as error:
        return str(error)
    return ""


def _missing_rights(here: Backends) -> list[str]:
    """Shows every right that is there, and gives back what is wrong."""
    findings = list(examine_rights(here.settings))
    for finding in findings:
        if not finding.is_wrong:
            click.echo(finding.text)
    return [finding.text for finding in findings if finding.is_wrong]


def _notes(here: Backends) -> list[str]:
    """What works, and should be known."""
    notes = []
    if here.settings.recognition == "off":
        notes.append(here.recognition.missing())
    if not here.database.is_sqlite and here.settings.database_ca is None:
        notes.append("nobody proves that the database is the right one: set DATABASE_CA.")
    return notes


@click.command("bucket", cls=PlainCommand)
@click.option("--set", "is_set", is_flag=True, help="Give the bucket the rules that it lacks.")
@with_appcontext
def check_bucket(is_set: bool) -> None:
    """Tell what the bucket's rules lack: for pages that send to it, and for abandoned uploads.

    With --set they are added; rules of others stay. Exits with 1 if anything is lacking then.
    """
    from photos.services import bucket
    from photos.web.origins import trusted_origins

    here = backends()
    origins = sorted(set(trusted_origins(here.settings).values()))
    if is_set:
        bucket.set_rules(origins, settings=here.settings, storage=here.storage)
    problems = bucket.find_problems(origins, settings=here.settings, storage=here.storage)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)
    click.echo("The bucket's rules are as they have to be.")
