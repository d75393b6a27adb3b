"""Bigimage as it runs on AWS, on this machine: two web processes behind the nginx that ships, and a worker.

Only the servers behind it are stand-ins: MariaDB for RDS, radosgw for S3, whose events go to the queue, moto
for SQS, and `sqsd.py` for the daemon of Elastic Beanstalk. All processes share one data folder, since the
search index is a file there.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3

from tests.servers import queues
from tests.servers.app import COMMAND_SECONDS, KEPT, ROOT, descendants
from tests.servers.mariadb import MariaDB
from tests.servers.moto import REGION, Moto
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.servers.pushed import Pushed
from tests.servers.radosgw import Radosgw
from tests.servers.sqsd import Sqsd

START_SECONDS = 60
STOP_SECONDS = 30
SWEEP_SECONDS = 60
OWNER = "owner@example.org"
HELP = """\
Bigimage of two tiers: {url}
Sign in as {owner}, password {password}
Logs: {folder}/*.log

In another terminal, as on an instance of a tier (web.env, worker.env):
    . {folder}/web.env; .venv/bin/flask check aws
and, where the program `aws` is installed, a photo for the dropbox:
    aws --endpoint-url $S3_ENDPOINT_URL s3 cp PHOTO.JPG s3://$S3_BUCKET/dropbox/{owner}/
Ctrl-C ends it, and throws everything away."""
COMMAND = ("-m", "tests.servers.recorded", "gunicorn", "-c", "gunicorn.conf.py", "application:application")


@dataclass
class Process:
    """One gunicorn as the Procfile starts it, from the program in `root`. `start` and the ways to end it may
    alternate."""

    environ: Mapping[str, str]
    log_path: Path
    port: int = field(default_factory=free_port)
    root: Path = ROOT
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has written since its first start."""
        return self.log_path.read_text(encoding="utf-8") if self.log_path.exists() else ""

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *COMMAND],
                cwd=self.root,
                env={**self.environ, "PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise RuntimeError(f"{self.log_path.stem} did not start:\n{self.log}")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether it says that it is well."""
        with (
            suppress(URLError, OSError),
            urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer,
        ):
            return bool(answer.status == 200)
        return False

    def end(self) -> None:
        """SIGTERM for all its processes, as systemd does; it ends what it has begun."""
        assert self._process is not None
        for pid in (self._process.pid, *descendants(self._process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        assert self._process.wait(STOP_SECONDS) == 0, self.log
        self._process = None

    def kill(self) -> None:
        """SIGKILL for it and everything it has started; without effect when it does not run."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


@dataclass
class Cloud:
    """The whole of it, on a data folder and servers that run. Bucket, queues and secrets are made here."""

    data: Path
    database_url: str
    store: Radosgw
    moto: Moto
    port: int = field(default_factory=free_port)
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    settings: dict[str, str] = field(init=False)
    webs: list[Process] = field(init=False)
    worker: Process = field(init=False)
    daemon: Sqsd = field(init=False)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.settings = {
            "DATABASE_URL": "ssm:/bigimage/database-url",
            "SECRET_KEY": "secretsmanager:bigimage/secret-key",
            "SECRETS_ENDPOINT_URL": self.moto.url,
            "S3_BUCKET": f"photos-{secrets.token_hex(8)}",
            "S3_ENDPOINT_URL": self.store.endpoint_url,
            "S3_ADDRESSING": "path",
            "JOBS_QUEUE": queues.QUEUE,
            "JOBS_DEAD_QUEUE": queues.DEAD_QUEUE,
            "SQS_ENDPOINT_URL": self.moto.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.store.access_key,
            "AWS_SECRET_ACCESS_KEY": self.store.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_STS": self.moto.url,
        }
        self.webs = [self._process("web", f"web-{number}") for number in range(2)]
        self.worker = self._process("worker", "worker")

    def s3(self) -> Any:
        """A client of the bucket, as an operator has one."""
        return boto3.client(
            "s3",
            endpoint_url=self.store.endpoint_url,
            region_name=REGION,
            aws_access_key_id=self.store.access_key,
            aws_secret_access_key=self.store.secret_key,
        )

    def _make_account(self) -> None:
        """What the templates make on AWS."""
        queues.create(self.moto.client("sqs"))
        self.moto.client("ssm").put_parameter(
            Name="/bigimage/database-url", Value=self.database_url, Type="SecureString"
        )
        self.moto.client("secretsmanager").create_secret(
            Name="bigimage/secret-key", SecretString=self.secret_key
        )
        s3, bucket = self.s3(), self.settings["S3_BUCKET"]
        s3.create_bucket(Bucket=bucket)
        s3.close()
        told = self._stack.enter_context(Pushed(self._tell_queue))
        self.store.push_events(bucket, "dropbox/", told.url)
        for command in (["migrate"], ["bucket", "--set"]):
            done = self.flask(*command)
            assert done.returncode == 0, done.stderr

    def _tell_queue(self, event: bytes) -> None:
        """What SNS does with a bucket's event: it reaches the queue as it is."""
        with closing(self.moto.client("sqs")) as sqs:
            sqs.send_message(QueueUrl=queues.url(sqs), MessageBody=event.decode())

    @property
    def url(self) -> str:
        """The address of the pages, which is nginx's."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call of AWS that a process of a tier has made, or signed for somebody."""
        lines = (self.data.parent / "calls.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def log(self) -> str:
        """What all processes have logged."""
        return "".join(path.read_text() for path in sorted(self.data.parent.glob("*.log")))

    def environ(self, tier: str = "web") -> dict[str, str]:
        """The environment of a process of one tier."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        ours = {
            "PLATFORM": "aws",
            "TIER": tier,
            "BASE_URL": self.url,
            "PROXY_HOPS": "1",
            "BIGIMAGE_DATA": str(self.data),
            "WEB_PROCESSES": "1",
            "RECOGNITION": "off",
            "METRICS": "true",
            "CALLS_FILE": str(self.data.parent / "calls.jsonl"),
        }
        return {**kept, **ours, **self.settings}

    def flask(self, *arguments: str, stdin: str = "", tier: str = "web") -> subprocess.CompletedProcess[str]:
        """Run `flask ...` as on an instance of that tier, and wait for its end."""
        return subprocess.run(
            [sys.executable, "-m", "flask", *arguments],
            cwd=ROOT,
            env=self.environ(tier),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    def start(self) -> None:
        """Make the account, bring the database up to date and start everything."""
        self.data.mkdir(parents=True, exist_ok=True)
        self._make_account()
        for process in self.webs:
            process.start()
        self.worker.start()
        self._stack.enter_context(Nginx(tuple(web.port for web in self.webs), port=self.port))
        door = self._stack.enter_context(Nginx((self.worker.port,)))
        self.daemon = self._stack.enter_context(Sqsd(self.moto, door.url))

    def _process(self, tier: str, name: str) -> Process:
        return Process(self.environ(tier), self.data.parent / f"{name}.log")

    def kill(self) -> None:
        """End everything."""
        self._stack.close()
        for process in (*self.webs, self.worker):
            process.kill()


def write_environ(path: Path, environ: Mapping[str, str]) -> None:
    """A file for a shell to read: what a process of a tier is told."""
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in environ.items())
    path.write_text("".join(lines), encoding="utf-8")


def main() -> None:
    """All of it for a developer, until Ctrl-C; nothing is kept. `make cloud`."""
    password = secrets.token_urlsafe(12)
    print("MariaDB, a bucket, queues, two web processes and a worker are started ...", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bigimage-cloud-")))
        database, store, moto = MariaDB.create(), Radosgw(), Moto()
        for server in (database, store, moto):
            stack.callback(server.remove)
            server.start()
        cloud = Cloud(folder / "data", database.create_database(), store, moto)
        stack.callback(cloud.kill)
        cloud.start()
        made = cloud.flask("accounts", "create", OWNER, "--admin", stdin=f"{password}\n")
        assert made.returncode == 0, made.stderr
        for tier in ("web", "worker"):
            write_environ(folder / f"{tier}.env", cloud.environ(tier))
        print(HELP.format(url=cloud.url, owner=OWNER, password=password, folder=folder), flush=True)
        while True:
            cloud.daemon.send_hour("sweep", "/worker/cron/sweep")
            time.sleep(SWEEP_SECONDS)


if __name__ == "__main__":
    main()
