"""The WSGI application for gunicorn and Elastic Beanstalk."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def start() -> Flask:
    """Build it without looking for garbage: modules and routes live as long as the process does.

    The collector would walk through all of them many times meanwhile, and again and again later.
    """
    gc.disable()
    from photos.app import create_app

    application = create_app()
    gc.freeze()
    gc.enable()
    return application


application = start()
