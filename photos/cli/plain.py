"""What every command has in common: errors that people can read, and a log that is silent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click

from photos import metrics
from photos.errors import BackendError, BigimageError, ConfigError


@contextmanager
def plain_errors() -> Iterator[None]:
    """What this program raises on purpose ends a command with a sentence and exit code 1."""
    try:
        yield
    except ConfigError as error:
        problems = "".join(f"\n  - {problem}" for problem in error.problems)
        raise click.ClickException(
            f"Please mend these settings (docs/settings.md explains each):{problems}"
        ) from error
    except BackendError as error:
        raise click.ClickException(
            f"{error}. `flask check` tells more; a new data folder needs `make migrate` first."
        ) from error
    except BigimageError as error:
        raise click.ClickException(str(error)) from error


class PlainCommand(click.Command):
    """A command under `plain_errors`. It speaks in words, so the log says only what goes wrong, and no
    measurements."""

    def invoke(self, ctx: click.Context) -> object:
        """Run it."""
        if logging.root.level == logging.INFO:
            logging.root.setLevel(logging.WARNING)
        metrics.configure("", is_on=False)
        with plain_errors():
            return super().invoke(ctx)
