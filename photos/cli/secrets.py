"""Commands for secrets: `flask secrets`, `rotate-db-password`."""

from __future__ import annotations

import sys
from datetime import UTC

import click
from flask.cli import with_appcontext

from photos.cli.plain import PlainCommand
from photos.config import read_settings, secrets_in_use
from photos.models import SecretVersion
from photos.secret_names import find_secret_name
from photos.web.deps import backends
from photos.wiring import open_database, owners_database


@click.command("secrets", cls=PlainCommand)
@with_appcontext
def list_secrets() -> None:
    """List the secrets that settings name: which version is there, and since when.

    The texts themselves are never shown. Exits with 1 unless all are there.
    """
    # the application has the texts in the place of the names
    named = secrets_in_use(read_settings())
    versions = backends().secrets.list_versions(named.values())
    for variable, name in named.items():
        if found := versions.get(name):
            click.echo(f"{variable}: {name}{_version_words(found)}")
    missing = {variable: name for variable, name in named.items() if name not in versions}
    for variable, name in missing.items():
        secret = find_secret_name(name)
        click.echo(f"{variable}: {name} is not there. Make it: {secret.making if secret else ''}", err=True)
    if not named:
        click.echo("No setting names a secret.")
    if missing:
        sys.exit(1)


def _version_words(found: SecretVersion) -> str:
    since = f", since {found.changed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if found.changed_at else ""
    return (f", version {found.version}" if found.version else "") + since


@click.command("rotate-db-password", cls=PlainCommand)
@click.option("--user", default="bigimage", show_default=True, help="The first user, for an empty secret.")
@with_appcontext
def rotate_db_password(user: str) -> None:
    """Write a new user and password of the database into the secret that DATABASE_SECRET names.

    Two users take turns: whoever signed in as the other one works on. Run it twice to end a password that
    leaked.
    """
    from photos.services.rotation import rotate_password

    here = backends()
    settings = here.settings
    if not find_secret_name(settings.database_secret) or not settings.database_owner_secret:
        raise click.ClickException(
            "Set DATABASE_SECRET to the name of a secret, "
            "and DATABASE_OWNER_SECRET to somebody who may make users."
        )
    with owners_database(here) as owner:
        name = rotate_password(
            settings.database_secret,
            first_name=user,
            over_tls=settings.database_ca is not None,
            owner=owner,
            secrets=here.secrets,
            open_as=lambda secret: open_database(settings, here.secrets, secret),
        )
    click.echo(f"{settings.database_secret} holds the user {name} with a new password, and it works.")
