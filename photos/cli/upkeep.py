"""Commands that keep derived things in step with the rows: `flask sweep`, `fsck`, `relabel`, `reindex`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click
import msgspec
from flask.cli import with_appcontext

from photos.cli.plain import PlainCommand
from photos.web.deps import backends


@click.command(cls=PlainCommand)
@click.option("--all", "every", is_flag=True, help="Every photo, not only those that lack something.")
@with_appcontext
def relabel(every: bool) -> None:
    """Have photos looked at again that lack what “More like this” compares. The runner does it."""
    from photos.services import likeness

    here = backends()
    total = likeness.ask_again(database=here.database, recognition=here.recognition, every=every)
    click.echo(f"{total:,} photos wait for the recogniser.")


@click.command(cls=PlainCommand)
@with_appcontext
def sweep() -> None:
    """Send overdue work again and throw away what nobody needs."""
    from photos.services import upkeep

    here = backends()
    swept = upkeep.sweep(
        settings=here.settings,
        database=here.database,
        storage=here.storage,
        recognition=here.recognition,
        search=here.search,
        jobs=here.jobs,
    )
    for name, count in msgspec.structs.asdict(swept).items():
        click.echo(f"{name}: {count}")


@click.command(cls=PlainCommand)
@click.option("--repair", is_flag=True, help="Mend what can be made again.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object.")
@with_appcontext
def fsck(repair: bool, as_json: bool) -> None:
    """Compare rows, objects and index; print differences as counts. Exits with 1 unless all are 0.

    With --repair it mends first: what is counted then is left.
    """
    from photos.services import fsck

    here = backends()

    def report(line: str) -> None:
        click.echo(line, err=True)

    if repair:
        mended = fsck.repair(
            database=here.database,
            storage=here.storage,
            search=here.search,
            jobs=here.jobs,
            report=report,
        )
        report(", ".join(f"{name}: {count:,}" for name, count in asdict(mended).items()))
    differences = fsck.find_differences(
        database=here.database, storage=here.storage, search=here.search, report=report
    )
    if as_json:
        click.echo(json.dumps(asdict(differences)))
    else:
        for name, count in asdict(differences).items():
            click.echo(f"{name}: {count}")
    if differences.total():
        sys.exit(1)


@click.command(cls=PlainCommand)
@with_appcontext
def reindex() -> None:
    """Empty the search index and fill it from the database."""
    from photos.services import indexing

    here = backends()
    total = indexing.reindex(
        database=here.database, search=here.search, report=lambda line: click.echo(line, err=True)
    )
    click.echo(f"{total:,} photos in the index")
