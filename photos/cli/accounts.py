"""Commands for people who sign in: `flask accounts create`, `token`, `reset`."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup, with_appcontext

from photos.cli.plain import PlainCommand
from photos.services import accounts, links, tokens
from photos.web.deps import backends

accounts_group = AppGroup("accounts", help="People who can sign in on this machine.")


@accounts_group.command("create", cls=PlainCommand)
@click.argument("email")
@click.option("--admin", is_flag=True, help="May invite and manage people.")
@click.option(
    "--name", default="", help="How pages greet this person; the first part of the address by default."
)
@with_appcontext
def create_account(email: str, admin: bool, name: str) -> None:
    """Create a person. The password is asked twice, or read from standard input."""
    accounts.create_account(email, _read_password(), name=name, is_admin=admin, database=backends().database)
    click.echo(f"{email} can sign in now.")


@accounts_group.command("token", cls=PlainCommand)
@click.argument("email")
@click.option("--name", default="command line", help="What the account page calls it.")
@click.option("--read-only", is_flag=True, help="It may look, and change nothing.")
@with_appcontext
def create_token(email: str, name: str, read_only: bool) -> None:
    """Print a new personal token for EMAIL, alone on its line. It is shown only once."""
    scopes = frozenset({"read"} if read_only else {"read", "write"})
    click.echo(tokens.create_token_for(email, name=name, scopes=scopes, database=backends().database))


@accounts_group.command("reset", cls=PlainCommand)
@click.argument("email")
@with_appcontext
def reset_password(email: str) -> None:
    """Print a link, good for one hour and once, where EMAIL can choose a new password."""
    here = backends()
    click.echo(links.create_reset_link(email, database=here.database, base_url=here.settings.base_url))


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more"))
    return sys.stdin.readline().rstrip("\r\n")
