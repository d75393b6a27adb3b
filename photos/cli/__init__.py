"""Commands for people, as `flask --help` lists them.

The web process imports this package too, so a command loads what only it needs.
"""

from __future__ import annotations

from flask import Flask

from photos.cli.accounts import accounts_group
from photos.cli.parts import check, check_bucket, migrate
from photos.cli.photos import demo, simulate_event, upload
from photos.cli.secrets import list_secrets, rotate_db_password
from photos.cli.upkeep import fsck, reindex, relabel, sweep

COMMANDS = (
    *(check, migrate, check_bucket),
    *(list_secrets, rotate_db_password),
    accounts_group,
    *(upload, demo, simulate_event),
    *(sweep, fsck, relabel, reindex),
)


def register(app: Flask) -> None:
    """Add every command to the application."""
    for command in COMMANDS:
        app.cli.add_command(command)
