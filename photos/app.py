"""Start-up of the web process, from top to bottom."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from flask import Flask

from photos import cli, logs
from photos.backends.storage.media import MediaStore
from photos.config import Settings, read_settings
from photos.web import api, media
from photos.web.errors import init_errors
from photos.web.security import init_security
from photos.web.sessions import init_sessions
from photos.web.templating import init_templating
from photos.wiring import Backends, open_backends

ROOT = Path(__file__).parent.parent


def create_app(settings: Settings | None = None, backends: Backends | None = None) -> Flask:
    """Build the web application. Raises ConfigError with every problem of the settings."""
    settings = settings or (backends.settings if backends else read_settings())
    backends = backends or open_backends(settings)
    logs.configure(settings.log_level)
    app = Flask("photos", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.extensions["bigimage"] = backends
    init_security(app, settings)
    init_sessions(app, settings, backends.database, backends.secret_key)
    init_errors(app)
    init_templating(app)
    _register_pages(app)
    if isinstance(backends.storage, MediaStore):
        app.register_blueprint(media.blueprint(backends.storage))
    app.register_blueprint(api.blueprint)
    cli.register(app)
    return app


def _register_pages(app: Flask) -> None:
    for name in ("health", "accounts", "people", "timeline", "photo", "search", "uploads", "trash", "provider"):
        if find_spec(f"photos.web.{name}"):
            app.register_blueprint(import_module(f"photos.web.{name}").blueprint)
