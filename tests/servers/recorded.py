"""Runs a module as `python -m` does, and writes down every call that it makes of AWS, a line of JSON each.

Also what it only signs for somebody else: a browser then makes the call with the rights of the signer. The
lines go to the file named by CALLS_FILE.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from typing import Any

from photos.backends import aws
from photos.backends.storage import addresses, presign

NAMES = ("Bucket", "Key", "QueueUrl", "QueueName", "SecretId", "Names")
SAMPLE_KEY = "k"
"""What storage signs once, to learn how addresses of its bucket begin; nobody is given it."""


def listen() -> None:
    """Wrap the two places where calls begin."""
    make, presign_read = aws.open_client, presign.presign_get

    def open_client(service: str, **options: Any) -> Any:
        client = make(service, **options)
        client.meta.events.register("provide-client-params", _on_call)
        return client

    def presign_get(base_url: str, object_key: str, *arguments: Any, **options: Any) -> str:
        _write("s3", "GetObject", {"Bucket": os.environ["S3_BUCKET"], "Key": object_key})
        return presign_read(base_url, object_key, *arguments, **options)

    aws.open_client = open_client
    setattr(addresses, presign_read.__name__, presign_get)


def _on_call(params: dict[str, Any], model: Any, **_: object) -> None:
    if params.get("Key") != SAMPLE_KEY:
        _write(model.service_model.service_name, model.name, params)


def _write(service: str, operation: str, parameters: dict[str, Any]) -> None:
    named = {name: parameters[name] for name in NAMES if name in parameters}
    line = json.dumps({"tier": os.environ["TIER"], "service": service, "operation": operation, **named})
    handle = os.open(os.environ["CALLS_FILE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(handle, f"{line}\n".encode())  # one write, so that lines of several processes do not mix
    os.close(handle)


if __name__ == "__main__":
    listen()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
