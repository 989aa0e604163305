"""`praxis serve`: the web application under gunicorn, with the embedded worker in the same process."""

from dataclasses import replace
from typing import Any

import click
from gunicorn.app.base import BaseApplication

from webapp.application import create_app
from webapp.cli.errors import kindly
from webapp.cli.migrate import prepare_database
from webapp.settings import Settings


class Server(BaseApplication):
    """One process with many threads: the worker's clock, the sign-in throttle and SQLite want one owner."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.app: Any = None
        super().__init__()

    def load_config(self) -> None:
        choices = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": self.settings.threads,
            "timeout": 120,
            "graceful_timeout": 15,
            "keepalive": 5,
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": lambda _worker: self._start_worker(),
            "worker_exit": lambda _server, _worker: self._stop_worker(),
        }
        for name, value in choices.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        self.app = create_app(self.settings)
        return self.app

    def _start_worker(self) -> None:
        if self.settings.worker and self.app is not None:
            self.app.extensions["praxis"].worker.start()

    def _stop_worker(self) -> None:
        if self.settings.worker and self.app is not None:
            self.app.extensions["praxis"].worker.stop()


@click.command()
@click.option("--demo", is_flag=True, help="Create the demo enterprise first, where it is missing.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@kindly
def serve(demo: bool, host: str | None, port: int | None) -> None:
    """Upgrade the database, then answer until Ctrl+C."""
    chosen = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = replace(Settings.from_environment(), **chosen)
    prepare_database(settings)
    if demo:
        from webapp.cli.demo import ensure_demo

        settings = replace(settings, demo=True)
        ensure_demo(settings)
    else:
        _open_library(settings)
    click.echo(f"\nPraxis answers at {settings.address} (stop with Ctrl+C)")
    Server(settings).run()


def _open_library(settings: Settings) -> None:
    """The library has what this installation ships, also without the demo."""
    from webapp.library_start import open_library
    from webapp.wiring import wire

    wiring = wire(settings)
    try:
        open_library(wiring, note=lambda text: click.echo(f"  {text}"))
    finally:
        wiring.store.close()
