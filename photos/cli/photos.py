"""Commands that bring photos: `flask upload`, `demo`, `simulate-event`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click
from flask.cli import with_appcontext

from photos.cli.plain import PlainCommand
from photos.web.deps import backends


@click.command(cls=PlainCommand)
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--server",
    default=lambda: os.environ.get("BIGIMAGE_SERVER", "http://127.0.0.1:8000"),
    show_default="BIGIMAGE_SERVER or http://127.0.0.1:8000",
)
@click.option(
    "--token",
    default=lambda: os.environ.get("BIGIMAGE_TOKEN", ""),
    help="A personal token; or BIGIMAGE_TOKEN.",
)
@click.option(
    "--parallel", default=4, type=click.IntRange(1, 32), show_default=True, help="Files sent at once."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line and file.")
def upload(paths: tuple[Path, ...], server: str, token: str, parallel: int, as_json: bool) -> None:
    """Upload files and folders; known files are not sent. Exits with 1 if any failed or was refused."""
    from photos import client

    if not token.strip():
        raise click.ClickException(
            "A token is missing: make one with `flask accounts token EMAIL`, then pass --token."
        )
    uploader = client.Uploader(server, token.strip(), workers=parallel)
    files = list(client.find_files(paths))
    counts = dict.fromkeys(("sent", "known", "refused", "failed"), 0)
    try:
        uploader.check()
        with click.progressbar(
            uploader.upload(files), length=len(files), label="Uploading", file=sys.stderr, hidden=as_json
        ) as outcomes:
            for outcome in outcomes:
                counts[outcome.status] += 1
                if as_json:
                    click.echo(json.dumps(asdict(outcome)))
                elif outcome.reason:
                    shown = click.format_filename(outcome.path)
                    click.echo(f"\n{shown}: {outcome.status}: {outcome.reason}", err=True)
    except client.ServerError as error:
        raise click.ClickException(str(error)) from error
    if not as_json:
        click.echo(", ".join(f"{count:,} {status}" for status, count in counts.items()))
    if counts["failed"] or counts["refused"]:
        sys.exit(1)


@click.command(cls=PlainCommand)
@click.option("--photos", "count", default=1000, show_default=True, type=click.IntRange(1, 5_000_000))
@click.option("--owner", "email", required=True, help="Whose library it becomes: a local account.")
@click.option("--seed", default="1", show_default=True, help="Another one gives other photos.")
@with_appcontext
def demo(count: int, email: str, seed: str) -> None:
    """Fill a library with invented photos, to look around in and to measure. A million take minutes."""
    from photos.services import accounts
    from photos.services.demo import make_library

    here = backends()
    owner = accounts.get_person(email, database=here.database)
    with click.progressbar(length=count, label="Inventing photos", file=sys.stderr) as bar:
        make_library(
            count,
            owner=owner,
            seed=seed,
            database=here.database,
            storage=here.storage,
            recognition=here.recognition,
            search=here.search,
            darkroom=here.darkroom,
            report=bar.update,
        )
    click.echo(f"{count:,} photos are in the library of {email} now.")


@click.command("simulate-event", cls=PlainCommand)
@click.argument("file", type=click.File(encoding="utf-8"))
@with_appcontext
def simulate_event(file: TextIO) -> None:
    """Do what the message in FILE says, as the worker tier would; - reads standard input.

    FILE holds a bucket's event, or a job as {"name": "process_photo", "payload": {"photo_id": "..."}}, which
    is signed here.
    """
    from photos.web import worker

    worker.simulate(file.read(), backends())
    click.echo("Done.")
