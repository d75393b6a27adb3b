"""moto's server: SQS, SNS, SSM, Secrets Manager and IAM as far as they can be had without an account.

It verifies no signature and no right unless told to (`check_rights`), and its S3 is laxer than any real one:
storage is tried on radosgw. How it is kept from mixing up its queues: `locked_moto.py`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import boto3
import requests

from tests.servers.app import ROOT
from tests.servers.ports import free_port
from tests.servers.processes import end

REGION = "eu-central-1"
ACCESS_KEY, SECRET_KEY = "testing", "testing-too"
START_SECONDS = 60
STOP_SECONDS = 10
RIGHTS_OFF = "inf"


@dataclass
class Moto:
    """One server on 127.0.0.1 with everything in memory."""

    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None
    _log: BinaryIO = field(default_factory=tempfile.TemporaryFile)

    @property
    def url(self) -> str:
        """The endpoint of every service."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [sys.executable, "-m", "tests.servers.locked_moto", "-H", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        give_up_at = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.stop()
                self._log.seek(0)
                raise RuntimeError(f"moto did not start: {self._log.read().decode()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server and everything in it; without effect when it does not run."""
        if self._process is None:
            return
        end(self._process, STOP_SECONDS)
        self._process = None

    def remove(self) -> None:
        """Stop the server for good."""
        self.stop()
        self._log.close()

    def reset(self) -> None:
        """Forget every queue, secret, topic and user; rights are not looked at any more."""
        self.check_nothing()
        self._tell("reset")

    def check_nothing(self) -> None:
        """From now on whoever asks may do everything, as at the start."""
        self._tell("reset-auth", RIGHTS_OFF)

    def check_rights(self) -> None:
        """From now on signatures and identity policies count, until `reset`; conditions never do."""
        self._tell("reset-auth", "0")

    def client(
        self, service: str, *, url: str = "", access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY
    ) -> Any:
        """A boto3 client of this server, or of a proxy before it at `url`."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=url or self.url,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
        )

    @staticmethod
    def environ() -> dict[str, str]:
        """What a process needs in its environment so that its SDK has credentials and looks for no others."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/moto-api/data.json", timeout=2).ok
        except requests.RequestException:
            return False

    def _tell(self, verb: str, body: str = "") -> None:
        requests.post(f"{self.url}/moto-api/{verb}", data=body, timeout=10).raise_for_status()
