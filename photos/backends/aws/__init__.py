"""Clients of AWS, and of what speaks its protocols: made here, so that region, credentials, time-outs,
retries and measurements are the same for all.

boto3 is imported with the first client, so that a process that needs none starts quickly. Retries happen in
botocore and nowhere else: a few, with growing and jittered waits (its `standard` mode), within the time-outs.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from photos import metrics

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
ATTEMPTS = 4


class LateClient:
    """A client of one service, opened with its first use and again after `close`. Threads may share it.

    Without `access_key` and `secret_key` boto3 finds credentials itself (on AWS: the role of the machine).
    `options` are those of `open_client`.
    """

    def __init__(
        self, service: str, *, region: str, access_key: str = "", secret_key: str = "", **options: Any
    ) -> None:
        self._service = service
        self._place = {"region": region, "access_key": access_key, "secret_key": secret_key}
        self._options = options
        self._opened: tuple[Any, Any] | None = None
        self._opening = threading.Lock()

    @property
    def client(self) -> Any:
        """The client of boto3."""
        return self._open()[1]

    @property
    def credentials(self) -> Any:
        """What calls are signed with, as botocore keeps it; None if there is nothing."""
        return self._open()[0].get_credentials()

    def close(self) -> None:
        """Give connections back."""
        with self._opening:
            if self._opened is not None:
                self._opened[1].close()
                self._opened = None

    def _open(self) -> tuple[Any, Any]:
        with self._opening:
            if self._opened is None:
                session = open_session(**self._place)
                self._opened = session, open_client(self._service, session=session, **self._options)
            return self._opened


def open_session(*, region: str, access_key: str = "", secret_key: str = "") -> Any:
    """Region and credentials of boto3, as for `LateClient`."""
    import boto3

    return boto3.session.Session(
        region_name=region,
        aws_access_key_id=access_key or None,
        aws_secret_access_key=secret_key or None,
    )


def open_client(
    service: str,
    *,
    session: Any,
    endpoint_url: str = "",
    connect_timeout_seconds: float = CONNECT_SECONDS,
    read_timeout_seconds: float = READ_SECONDS,
    attempts: int = ATTEMPTS,
    **options: Any,
) -> Any:
    """A client of `service`. `endpoint_url` is empty for Amazon; `options` are botocore's, for what only one
    service knows."""
    from botocore.config import Config

    config = Config(
        connect_timeout=connect_timeout_seconds,
        read_timeout=read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        # Other checksums travel as a trailer that older servers refuse; those of S3 are given by us.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        **options,
    )
    client = session.client(service, endpoint_url=endpoint_url or None, config=config)
    _measure(client)
    return client


def _measure(client: Any) -> None:
    """Tell the duration, the retries and the failures of every call, by service and operation."""
    service = client.meta.service_model.service_name

    def begin(context: dict[str, Any], **_: object) -> None:
        context["bigimage_began"] = time.perf_counter()

    def end(event_name: str, context: dict[str, Any], parsed: Any = None, **_: object) -> None:
        words = {"Service": service, "Operation": event_name.rpartition(".")[2]}
        # neither where the call was refused before it was made, nor an answer where none came
        elapsed = time.perf_counter() - context.get("bigimage_began", time.perf_counter())
        facts = parsed["ResponseMetadata"] if parsed else {"HTTPStatusCode": 599}
        metrics.record("CallTime", elapsed * 1000, "Milliseconds", **words)
        metrics.record("CallRetries", facts.get("RetryAttempts", 0), "Count", **words)
        metrics.record("CallFailures", int(facts["HTTPStatusCode"] >= 500), "Count", **words)

    client.meta.events.register("before-call", begin)
    client.meta.events.register("after-call", end)
    client.meta.events.register("after-call-error", end)
