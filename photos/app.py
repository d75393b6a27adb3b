"""Start-up of the web process, from top to bottom."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from photos import cli, logs, metrics, traces
from photos.backends.storage.media import MediaStore
from photos.cli.plain import plain_errors
from photos.config import Settings, read_settings
from photos.web import (
    accounts,
    api,
    archive,
    changes,
    corrections,  # noqa: F401 - more of the blueprint photo
    downloads,
    duplicates,
    health,
    jobs,
    lookup,
    map,
    media,
    people,
    photo,
    provider,
    samples,
    search,
    signing_in,  # noqa: F401 - more of the blueprint accounts
    timeline,
    trash,
    uploads,
)
from photos.web.errors import init_errors
from photos.web.rules import LateRule
from photos.web.security import init_security
from photos.web.sessions import init_sessions
from photos.web.templating import init_templating
from photos.web.tiles import init_tiles
from photos.wiring import Backends, open_backends

ROOT = Path(__file__).parent.parent


def create_app(settings: Settings | None = None, backends: Backends | None = None) -> Flask:
    """Build the web application. Raises ConfigError with every problem of the settings."""
    settings = settings or (backends.settings if backends else read_settings())
    backends = backends or open_backends(settings)
    logs.configure(settings.log_level)
    metrics.configure(settings.tier, is_on=settings.metrics)
    if settings.tier == "worker":
        app = Flask("photos", static_folder=None)
    else:
        app = Flask("photos", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    # FLASK_DEBUG, left over in somebody's environment, would show sources and run what visitors type
    app.debug = False
    app.url_rule_class = LateRule
    app.extensions["bigimage"] = backends
    traces.start(app, backends.database.engine, url=settings.traces_url, tier=settings.tier)
    init_security(app, settings)
    init_errors(app)
    app.register_blueprint(health.blueprint)
    if settings.tier == "worker":
        # what jobs need is loaded where there are jobs
        from photos.web import worker

        app.register_blueprint(worker.blueprint)
    else:
        _add_pages(app, settings, backends)
    cli.register(app)
    return app


def _add_pages(app: Flask, settings: Settings, backends: Backends) -> None:
    """Everything that people and their programs ask for."""
    init_sessions(app, settings, backends.database, backends.secret_key)
    init_templating(app)
    init_tiles(app)
    for page in (
        accounts,
        people,
        jobs,
        timeline,
        samples,
        photo,
        search,
        map,
        lookup,
        uploads,
        trash,
        archive,
        changes,
        downloads,
        duplicates,
        api,
    ):
        app.register_blueprint(page.blueprint)
    if not backends.identity.origin:
        app.register_blueprint(provider.blueprint)
    if isinstance(backends.storage, MediaStore):
        app.register_blueprint(media.blueprint(backends.storage))


def create_command_app() -> Flask:
    """The application of the `flask` command: wrong settings end it with their list, not with a traceback."""
    with plain_errors():
        return create_app()
