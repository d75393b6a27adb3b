"""Role `storage` in an S3 bucket, at Amazon or at any provider that speaks S3, through boto3.

Its client is made with the first call, so that a process that never touches the bucket starts quickly.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from photos.backends import aws
from photos.backends.storage import Readable, s3_rules
from photos.backends.storage.addresses import ReadAddresses
from photos.backends.storage.keys import check_key
from photos.backends.storage.s3_errors import NO_CREDENTIALS, code_of, storage_errors, upload_errors
from photos.errors import NotFound, StorageError
from photos.models import StoredObject, StoredPart

_CHUNK_BYTES = 1 << 20
_PING = "originals/ping"
"""Where rights to write are tried: among the originals, since a role may write nowhere else."""


class S3Storage:
    """One bucket. `region` goes to every client and every signature, whatever the environment says.

    `endpoint_url` is empty for Amazon. `addressing_style` is `auto`, `path` or `virtual`. Without
    `access_key` and `secret_key` boto3 finds credentials itself (on AWS: the role of the machine).
    Addresses given out live for `url_seconds`, and for at least half of that when they are given out.
    `encryption` is empty for what the bucket does by itself, `AES256`, or `aws:kms` with `kms_key` (empty for
    the key that Amazon keeps for the account).
    """

    min_part_size = 5 << 20

    def __init__(
        self,
        bucket: str,
        *,
        region: str,
        endpoint_url: str = "",
        addressing_style: str = "auto",
        access_key: str = "",
        secret_key: str = "",
        encryption: str = "",
        kms_key: str = "",
        url_seconds: int = 3600,
        part_seconds: int = 3600,
        connect_timeout_seconds: float = 3,
        read_timeout_seconds: float = 20,
        attempts: int = 4,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._bucket = bucket
        self._encryption: dict[str, Any] = {"ServerSideEncryption": encryption} if encryption else {}
        if encryption == "aws:kms":
            # asks KMS once in a while, not for every object
            self._encryption |= {"BucketKeyEnabled": True, **({"SSEKMSKeyId": kms_key} if kms_key else {})}
        self._aws = aws.LateClient(
            "s3",
            region=region,
            access_key=access_key,
            secret_key=secret_key,
            endpoint_url=endpoint_url,
            connect_timeout_seconds=connect_timeout_seconds,
            read_timeout_seconds=read_timeout_seconds,
            attempts=attempts,
            signature_version="s3v4",
            s3={"addressing_style": _style(addressing_style, bucket, endpoint_url)},
        )
        self._addresses = ReadAddresses(
            region=region,
            seconds=url_seconds,
            credentials=self._credentials,
            base_url=lambda: self._base_url,
            now=now,
        )
        self._part_seconds = part_seconds

    @property
    def _client(self) -> Any:
        return self._aws.client

    def put(self, key: str, body: bytes | Readable, *, media_type: str) -> StoredObject:
        check_key(key)
        with _rewindable(body) as (file, size_bytes, digest), storage_errors("store", key):
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=file,
                ContentLength=size_bytes,
                # The bucket refuses what arrives damaged or cut.
                ContentMD5=base64.b64encode(digest).decode(),
                ContentType=media_type,
                **self._encryption,
            )
        if _is_md5(answer) and answer["ETag"].strip('"') != digest.hex():
            raise StorageError("store", key, reason="what it has is not what was sent")
        return StoredObject(key, size_bytes, answer["ETag"], media_type)

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        if end is not None and end <= start:
            self.stat(key)
            return
        wanted = (
            {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else {}
        )
        with storage_errors("read", key):
            try:
                body = self._client.get_object(Bucket=self._bucket, Key=check_key(key), **wanted)["Body"]
            except self._client.exceptions.ClientError as error:
                if code_of(error) == "InvalidRange":
                    return
                raise
        with body:
            while True:
                with storage_errors("read", key):
                    # Raises at the end if bytes are missing.
                    chunk = body.read(_CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        """A temporary copy."""
        with tempfile.TemporaryDirectory(prefix="bigimage-") as folder:
            path = Path(folder) / "object"
            with path.open("wb") as file, storage_errors("fetch", key):
                for chunk in self.get(key):
                    file.write(chunk)
            yield path

    def stat(self, key: str) -> StoredObject:
        check_key(key)
        try:
            with storage_errors("look up", key):
                answer = self._client.head_object(Bucket=self._bucket, Key=key)
        except NotFound:
            # HEAD answers a bare 404 for a missing bucket too, and that is an outage.
            self._check_bucket()
            raise
        return StoredObject(key, answer["ContentLength"], answer["ETag"], answer.get("ContentType", ""))

    def digest(self, key: str) -> str:
        """Always empty: the bucket does not know the SHA-256 of what was sent in parts."""
        self.stat(key)
        return ""

    def delete(self, key: str) -> None:
        check_key(key)
        with storage_errors("delete", key):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        with storage_errors("list", prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in pages:
                for entry in page.get("Contents", ()):
                    modified_at = entry["LastModified"]
                    yield StoredObject(entry["Key"], entry["Size"], entry["ETag"], modified_at=modified_at)

    def location(self, key: str) -> str:
        """As command line tools write it."""
        return f"s3://{self._bucket}/{key}"

    def url(self, key: str, *, media_type: str, download_name: str = "") -> str:
        return self._addresses.read_url(check_key(key), media_type=media_type, download_name=download_name)

    def _credentials(self) -> Any:
        """Today's, as the SDK has them: access_key, secret_key, token. Temporary ones are renewed by it."""
        with storage_errors("sign addresses of", self._bucket):
            found = self._aws.credentials
            frozen = found.get_frozen_credentials() if found else None
        if frozen is None:
            raise StorageError("sign addresses of", self._bucket, reason=NO_CREDENTIALS)
        return frozen

    @cached_property
    def _base_url(self) -> str:
        """That of the bucket, in the form and place that the SDK chooses."""
        return self._sign("get_object", 60, Key="k").partition("?")[0].removesuffix("k")

    def start_multipart(self, key: str, *, media_type: str) -> str:
        check_key(key)
        with storage_errors("begin", key):
            answer = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=media_type, **self._encryption
            )
        return str(answer["UploadId"])

    def part_url(self, key: str, multipart_id: str, number: int, *, size_bytes: int) -> str:
        return self._sign(
            "upload_part",
            self._part_seconds,
            Key=check_key(key),
            UploadId=multipart_id,
            PartNumber=number,
            ContentLength=size_bytes,
        )

    def _sign(self, operation: str, seconds: int, **parameters: object) -> str:
        with storage_errors("sign an address for", parameters["Key"]):
            return str(
                self._client.generate_presigned_url(
                    operation, Params={"Bucket": self._bucket, **parameters}, ExpiresIn=seconds
                )
            )

    def list_parts(self, key: str, multipart_id: str) -> Sequence[StoredPart]:
        check_key(key)
        with storage_errors("list the parts of", key), upload_errors(multipart_id):
            pages = self._client.get_paginator("list_parts").paginate(
                Bucket=self._bucket, Key=key, UploadId=multipart_id
            )
            return [
                StoredPart(part["PartNumber"], part["Size"], part["ETag"])
                for page in pages
                for part in page.get("Parts", ())
            ]

    def complete_multipart(self, key: str, multipart_id: str, parts: Sequence[StoredPart]) -> StoredObject:
        check_key(key)
        named = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        try:
            with storage_errors("complete", key), upload_errors(multipart_id):
                self._client.complete_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=multipart_id, MultipartUpload={"Parts": named}
                )
        except (NotFound, StorageError):
            # A second call, or an answer that was lost: the tag of the joined object tells.
            if not self._is_joined_from(key, parts):
                # Some servers answer 500 for an upload they do not know; this raises NotFound.
                self.list_parts(key, multipart_id)
                raise
        return self.stat(key)

    def _is_joined_from(self, key: str, parts: Sequence[StoredPart]) -> bool:
        """Whether the object is these parts: S3 tags it with the MD5 of their MD5s, and their count.

        Under a key of KMS tags are no MD5s; there count and size have to do, below a name nobody else has.
        """
        try:
            with storage_errors("look up", key):
                answer = self._client.head_object(Bucket=self._bucket, Key=key)
            tag, count = answer["ETag"].strip('"').split("-")
            together = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
        except (NotFound, ValueError):
            return False
        if not _is_md5(answer):
            sizes = sum(part.size_bytes for part in parts)
            return (int(count), answer["ContentLength"]) == (len(parts), sizes)
        return (tag, count) == (hashlib.md5(together, usedforsecurity=False).hexdigest(), str(len(parts)))

    def abort_multipart(self, key: str, multipart_id: str) -> None:
        check_key(key)
        try:
            with storage_errors("abort", key), upload_errors(multipart_id):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=multipart_id)
        except NotFound:
            return

    def list_multiparts(self) -> Iterator[tuple[str, str]]:
        with storage_errors("list uploads in", self._bucket):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket)
            for page in pages:
                for upload in page.get("Uploads", ()):
                    yield upload["Key"], upload["UploadId"]

    def sweep(self, *, older_than_seconds: float) -> int:
        """Always 0: a writer that dies leaves nothing here but an upload, and `list_multiparts` names it."""
        return 0

    def ping(self) -> None:
        """Reads (the bucket) and writes (an upload begun and given up), without making an object."""
        self._check_bucket()
        self.abort_multipart(_PING, self.start_multipart(_PING, media_type="text/plain"))

    def rule_problems(self, *, origins: Sequence[str], upload_days: int) -> Sequence[str]:
        """See `RuledStorage`."""
        return s3_rules.find_problems(self._client, self._bucket, origins=origins, days=upload_days)

    def set_rules(self, *, origins: Sequence[str], upload_days: int) -> None:
        """See `RuledStorage`."""
        s3_rules.set_rules(self._client, self._bucket, origins=origins, days=upload_days)

    def close(self) -> None:
        """End the connections. The next call opens new ones."""
        self._aws.close()

    def _check_bucket(self) -> None:
        try:
            with storage_errors("reach", self._bucket):
                self._client.head_bucket(Bucket=self._bucket)
        except NotFound as error:
            raise StorageError("find the bucket", self._bucket) from error


def _style(wanted: str, bucket: str, endpoint_url: str) -> str:
    """At Amazon `auto` would sign addresses of the one host of all regions, which answers browsers with a
    redirect, and a browser may not follow that when it sends. A name with dots fits no certificate there."""
    return "virtual" if wanted == "auto" and not endpoint_url and "." not in bucket else wanted


@contextmanager
def _rewindable(body: bytes | Readable) -> Iterator[tuple[bytes | BinaryIO, int, bytes]]:
    """The body as something that can be sent again by a retry, its size and its MD5."""
    if isinstance(body, bytes):
        yield body, len(body), hashlib.md5(body, usedforsecurity=False).digest()
        return
    with tempfile.TemporaryFile() as copy:
        digest = hashlib.md5(usedforsecurity=False)
        while chunk := body.read(_CHUNK_BYTES):
            digest.update(chunk)
            copy.write(chunk)
        size_bytes = copy.tell()
        copy.seek(0)
        yield copy, size_bytes, digest.digest()


def _is_md5(answer: Any) -> bool:
    """Whether the tag in an answer comes of MD5s: not under a key of KMS."""
    return not str(answer.get("ServerSideEncryption", "")).startswith("aws:kms")
