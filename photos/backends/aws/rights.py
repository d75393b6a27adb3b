"""What the role of this machine may do, tried call by call: what `flask check aws` tells.

What is tried is what the policy of the tier allows (`infra/policies/<tier>.json`), so that a right that was
forgotten in the account is named, with the resource and what it is needed for. Nothing that is tried leaves
anything behind: the calls are for things that do not exist, and a right is there when AWS says just that.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from photos.backends import aws

POLICIES = Path(__file__).parents[3] / "infra" / "policies"
SKEW_SECONDS = 60
"""Worth a word from here on; AWS refuses signatures that are 15 minutes off."""
NOTHING = "check-rights"
"""Part of a key that no object has, and what nothing else is called."""
DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "Forbidden"})
UNKNOWN = frozenset(
    {
        *(
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ),
        *("ExpiredToken", "ExpiredTokenException", "RequestTimeTooSkewed", "AuthFailure"),
    }
)
"""What AWS says to whoever it does not know, or whose clock is wrong."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at, in words for the operator."""

    text: str
    is_wrong: bool = False


class Right(msgspec.Struct, frozen=True):
    """One action on one resource. `purpose` is the name of its statement, as words."""

    action: str
    resource: str
    purpose: str


@dataclass(frozen=True, kw_only=True)
class Account:
    """What the settings name in the account, and clients for it. Endpoints are empty for Amazon."""

    region: str
    bucket: str
    s3_endpoint_url: str
    s3_addressing: str
    s3_encryption: str
    s3_kms_key: str
    jobs_queue: str
    jobs_dead_queue: str
    sqs_endpoint_url: str
    secrets_endpoint_url: str

    @cached_property
    def s3(self) -> Any:
        """The bucket's service."""
        addressing = {"addressing_style": self.s3_addressing}
        return self._client("s3", endpoint_url=self.s3_endpoint_url, s3=addressing)

    @cached_property
    def sqs(self) -> Any:
        """The queues' service."""
        return self._client("sqs", endpoint_url=self.sqs_endpoint_url)

    def store(self, service: str) -> Any:
        """A service that keeps secrets."""
        return self._client(service, endpoint_url=self.secrets_endpoint_url)

    @cached_property
    def sts(self) -> Any:
        """The service that says who asks."""
        return self._client("sts")

    def _client(self, service: str, **options: Any) -> Any:
        return aws.LateClient(service, region=self.region, attempts=1, **options).client

    def queue_url(self, name: str) -> str:
        """The address of a queue."""
        return name if "://" in name else str(self.sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def fill(self, resource: str) -> str:
        """The resource with this account's names in it."""
        words = {
            "Bucket": self.bucket,
            "JobsQueue": self.jobs_queue.rpartition("/")[2],
            "JobsDeadQueue": self.jobs_dead_queue.rpartition("/")[2],
            "AWS::Region": self.region,
        }
        return re.sub(r"\$\{([\w:]+)\}", lambda found: words.get(found[1], "*"), resource)


def read_policy(tier: str) -> Iterator[Right]:
    """What the policy of `tier` allows, one right each."""
    document = json.loads((POLICIES / f"{tier}.json").read_text(encoding="utf-8"))
    for statement in document["Statement"]:
        purpose = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", statement["Sid"]).lower()
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield Right(action, resource, purpose)


def examine(tier: str, account: Account) -> Iterator[Finding]:
    """Who asks, where, by which clock, each right of the tier, and the key that encrypts photos."""
    yield Finding(f"region: {account.region}")
    yield from _identity(account)
    yield from _clock(account)
    for right in read_policy(tier):
        yield try_right(right, account)
    if account.s3_encryption == "aws:kms":
        yield try_key(account)


def _identity(account: Account) -> Iterator[Finding]:
    try:
        yield Finding(f"identity: {account.sts.get_caller_identity()['Arn']}")
    except ClientError as error:
        yield Finding(f"identity: {_said(error)}. The machine has no role, or its keys are wrong.", True)
    except BotoCoreError as error:
        yield Finding(f"identity: cannot be told ({error}).")


def _clock(account: Account) -> Iterator[Finding]:
    try:
        answer = account.s3.head_bucket(Bucket=account.bucket)
    except ClientError as error:
        answer = error.response
    except BotoCoreError as error:
        yield Finding(f"s3: {error}. Look at AWS_REGION, S3_ENDPOINT_URL and the way to the network.", True)
        return
    told = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if told:
        seconds = time.time() - parsedate_to_datetime(told).timestamp()
        text = f"clock: {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} that of S3"
        if abs(seconds) < SKEW_SECONDS:
            yield Finding("clock: right")
        else:
            yield Finding(f"{text}. Signatures fail from 15 minutes on: let chrony set it.", True)


def try_right(right: Right, account: Account) -> Finding:
    """Whether the role has this right, by the one call that needs it."""
    resource = account.fill(right.resource)
    try:
        PROBES[right.action](account, right.resource)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in UNKNOWN:
            return Finding(f"{right.action}: {_said(error)}. Look at the credentials and the clock.", True)
        if error.operation_name == "GetQueueUrl" and right.action != "sqs:GetQueueUrl":
            return Finding(f"{right.action} on {resource}: cannot be tried without sqs:GetQueueUrl")
        if code in DENIED:
            return Finding(
                f"{right.action} on {resource} is not allowed. It is needed to {right.purpose}: "
                "add it to the policy of this machine's role.",
                True,
            )
    except BotoCoreError as error:
        return Finding(f"{right.action}: cannot be tried ({error}).", True)
    return Finding(f"{right.action} on {resource}: allowed")


def try_key(account: Account) -> Finding:
    """Whether photos can be kept under the key: S3 asks KMS when an upload begins, and again for its part."""
    where = {"Bucket": account.bucket, "Key": f"originals/{NOTHING}"}
    key = {"SSEKMSKeyId": account.s3_kms_key} if account.s3_kms_key else {}
    name = f"S3_KMS_KEY ({account.s3_kms_key or 'the account’s own'})"
    try:
        begun = account.s3.create_multipart_upload(**where, ServerSideEncryption="aws:kms", **key)
        upload = {**where, "UploadId": begun["UploadId"]}
        try:
            account.s3.upload_part(**upload, PartNumber=1, Body=b"-")
        finally:
            account.s3.abort_multipart_upload(**upload)
    except ClientError as error:
        code, said = error.response.get("Error", {}).get("Code", ""), _said(error)
        if code in DENIED and "kms:" in said:
            return Finding(
                f"{name} may not be used: {said}. Allow kms:GenerateDataKey and kms:Decrypt on it "
                "in the policy of this machine's role, and this role in the key's own.",
                True,
            )
        return Finding(f"{name} cannot be used: {said} ({code}).", True)
    except BotoCoreError as error:
        return Finding(f"{name}: cannot be tried ({error}).", True)
    return Finding(f"{name}: encrypts and decrypts")


def _said(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message") or error)


def _listed(words: str | list[str]) -> list[str]:
    return [words] if isinstance(words, str) else words


def _key(resource: str) -> str:
    return resource.partition("/")[2].replace("*", NOTHING)


def _queue(account: Account, resource: str) -> str:
    return account.queue_url(account.jobs_dead_queue if "Dead" in resource else account.jobs_queue)


PROBES: dict[str, Callable[[Account, str], object]] = {
    "s3:ListBucket": lambda at, _: at.s3.list_objects_v2(Bucket=at.bucket, Prefix=NOTHING, MaxKeys=1),
    "s3:ListBucketMultipartUploads": lambda at, _: at.s3.list_multipart_uploads(
        Bucket=at.bucket, Prefix=NOTHING, MaxUploads=1
    ),
    "s3:GetObject": lambda at, where: at.s3.get_object(Bucket=at.bucket, Key=_key(where)),
    "s3:PutObject": lambda at, where: at.s3.upload_part(
        Bucket=at.bucket, Key=_key(where), UploadId=NOTHING, PartNumber=1, Body=b""
    ),
    "s3:DeleteObject": lambda at, where: at.s3.delete_object(Bucket=at.bucket, Key=_key(where)),
    "s3:AbortMultipartUpload": lambda at, where: at.s3.abort_multipart_upload(
        Bucket=at.bucket, Key=_key(where), UploadId=NOTHING
    ),
    "s3:ListMultipartUploadParts": lambda at, where: at.s3.list_parts(
        Bucket=at.bucket, Key=_key(where), UploadId=NOTHING
    ),
    "secretsmanager:GetSecretValue": lambda at, _: at.store("secretsmanager").get_secret_value(
        SecretId=f"bigimage/{NOTHING}"
    ),
    "ssm:GetParameters": lambda at, _: at.store("ssm").get_parameters(Names=[f"/bigimage/{NOTHING}"]),
    "sqs:GetQueueUrl": lambda at, where: at.sqs.get_queue_url(QueueName=at.fill(where).rpartition(":")[2]),
    "sqs:GetQueueAttributes": lambda at, where: at.sqs.get_queue_attributes(QueueUrl=_queue(at, where)),
    # a delay that no queue takes
    "sqs:SendMessage": lambda at, where: at.sqs.send_message(
        QueueUrl=_queue(at, where), MessageBody=NOTHING, DelaySeconds=10**6
    ),
    "sqs:ReceiveMessage": lambda at, where: at.sqs.receive_message(
        QueueUrl=_queue(at, where), VisibilityTimeout=0, WaitTimeSeconds=0
    ),
    "sqs:DeleteMessage": lambda at, where: at.sqs.delete_message(
        QueueUrl=_queue(at, where), ReceiptHandle=NOTHING
    ),
    "sqs:ChangeMessageVisibility": lambda at, where: at.sqs.change_message_visibility(
        QueueUrl=_queue(at, where), ReceiptHandle=NOTHING, VisibilityTimeout=0
    ),
}
"""Action -> a call that needs it and changes nothing."""
