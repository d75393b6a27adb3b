"""A real S3 server: Ceph's radosgw over one monitor and one object daemon that keeps all in memory."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from tests.servers.certificates import Authority
from tests.servers.ports import free_port

PROGRAMS = (
    "openssl",
    "ceph-authtool",
    "ceph-mon",
    "ceph-osd",
    "ceph",
    "monmaptool",
    "radosgw",
    "radosgw-admin",
)
REGION = "default"
KMS_KEY = "key-of-photos"
"""The one key that the gateway's own stand-in for KMS has."""
START_SECONDS = 60

# cephx: with `none` the gateway is refused. The two paxos lines make the start 1.4 s instead of 12.
# `mon data avail crit`: the monitor would end itself on a nearly full disk. Without tcp_nodelay every
# GET takes 45 ms.
CONFIGURATION = """\
[global]
fsid = {fsid}
mon initial members = a
mon host = [v2:127.0.0.1:{mon_port},v1:127.0.0.1:{old_mon_port}]
public addr = 127.0.0.1
keyring = {folder}/keyring
run dir = {folder}
log file = {folder}/log/$name.log
admin socket = {folder}/$name.asok
pid file = {folder}/$name.pid
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 0
mon data avail warn = 0
paxos propose interval = 0.05
paxos min wait = 0.01
[mon.a]
mon data = {folder}/mon
[osd.0]
keyring = {folder}/osd/keyring
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
[client.rgw]
rgw frontends = beast tcp_nodelay=1 endpoint=127.0.0.1:{port} ssl_endpoint=127.0.0.1:{https_port} \
ssl_certificate={certificate.chain} ssl_private_key={certificate.key}
rgw data = {folder}/rgw
rgw dns name = localhost
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = {kms_key}={kms_secret}
"""


def missing_programs() -> list[str]:
    """The programs this server needs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@dataclass
class Radosgw:
    """A gateway with one user, over http and, by a certificate of `authority`, over https.

    `access_key` and `secret_key` are made up for this run.
    """

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="bigimage-s3-")))
    port: int = field(default_factory=free_port)
    https_port: int = field(default_factory=free_port)
    access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    secret_key: str = field(default_factory=lambda: secrets.token_hex(20))
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """Whom to trust over https."""
        return self.folder / "authority" / "authority.pem"

    def start(self) -> None:
        """Start all three daemons, wait for the first answer and make the user."""
        self._configure()
        self._start_daemon("ceph-mon", "-i", "a")
        osd_uuid, osd_key = str(uuid.uuid4()), self._output("ceph-authtool", "--gen-print-key").strip()
        self._output(
            *("ceph", "osd", "new", osd_uuid, "-i", "-"), standard_input=json.dumps({"cephx_secret": osd_key})
        )
        self._keyring("osd/keyring", "osd.0", "--add-key", osd_key)
        self._output("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd_uuid)
        self._start_daemon("ceph-osd", "-i", "0")
        self._start_daemon("radosgw", "-n", "client.rgw")
        self._wait_for_answer()
        keys = [f"--access-key={self.access_key}", f"--secret={self.secret_key}"]
        self._output("radosgw-admin", "user", "create", "--uid=tester", "--display-name=tester", *keys)

    def client(self) -> Any:
        """boto3's client of this store. Close it."""
        return self._client("s3")

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )

    @cached_property
    def _own_client(self) -> Any:
        """To make one takes as long as many requests."""
        return self.client()

    def create_bucket(self) -> str:
        """A new bucket's name."""
        name = f"photos-{uuid.uuid4().hex}"
        self._own_client.create_bucket(Bucket=name)
        return name

    def push_events(self, bucket: str, prefix: str, url: str) -> None:
        """From now on, post a message to `url` for each object that comes below `prefix`."""
        with closing(self._client("sns")) as sns, closing(self.client()) as s3:
            topic = sns.create_topic(Name=f"drops-{bucket}", Attributes={"push-endpoint": url})["TopicArn"]
            rule = {
                "Id": "dropbox",
                "TopicArn": topic,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
            }
            s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration={"TopicConfigurations": [rule]}
            )

    def environ(self, bucket: str) -> dict[str, str]:
        """Settings of a Bigimage that keeps its photos there."""
        return {
            "STORAGE": "s3",
            "S3_BUCKET": bucket,
            "S3_ENDPOINT_URL": self.endpoint_url,
            "S3_ADDRESSING": "path",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def remove(self) -> None:
        """Stop the daemons, gateway first, and remove what they kept."""
        self._own_client.close()
        for process in reversed(self._processes):
            # Everything is in memory, so there is nothing to end in order, and asking takes seconds.
            process.kill()
            process.wait()
        self._processes.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configure(self) -> None:
        for name in ("mon", "osd", "log", "rgw"):
            (self.folder / name).mkdir()
        fsid, mon_port, old_mon_port = str(uuid.uuid4()), free_port(), free_port()
        text = CONFIGURATION.format(
            folder=self.folder,
            fsid=fsid,
            mon_port=mon_port,
            old_mon_port=old_mon_port,
            port=self.port,
            https_port=self.https_port,
            kms_key=KMS_KEY,
            kms_secret=base64.b64encode(secrets.token_bytes(32)).decode(),
            certificate=Authority(self.authority.parent).issue("127.0.0.1", "localhost"),
        )
        (self.folder / "ceph.conf").write_text(text)
        self._keyring("keyring", "mon.", "--gen-key", "--cap", "mon", "allow *")
        for name in ("client.admin", "client.rgw"):
            capabilities = ("--cap", "mon", "allow *", "--cap", "osd", "allow *")
            self._keyring("keyring", name, "--gen-key", *capabilities)
        address = f"[v2:127.0.0.1:{mon_port},v1:127.0.0.1:{old_mon_port}]"
        monmap = str(self.folder / "monmap")
        self._output("monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, monmap)
        self._output(
            *("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", str(self.folder / "keyring"))
        )

    def _keyring(self, file: str, name: str, *options: str) -> None:
        path = self.folder / file
        creating = [] if path.exists() else ["-C"]
        self._output("ceph-authtool", *creating, str(path), "-n", name, *options)

    def _start_daemon(self, *command: str) -> None:
        process = subprocess.Popen(
            [*command, "-f"],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)

    def _output(self, *command: str, standard_input: str = "") -> str:
        done = subprocess.run(
            command,
            env=self._environment(),
            input=standard_input,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "CEPH_CONF": str(self.folder / "ceph.conf")}

    def _wait_for_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(self.endpoint_url, timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError(f"radosgw did not answer within {START_SECONDS} s; see {self.folder / 'log'}")
