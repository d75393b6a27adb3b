"""The policies of both tiers against a server that enforces them, and what is told where a right is missing.

moto looks at identity policies by action, and by resource where it knows one. What it does not know stays
untried here: conditions, KMS, and the 403 that S3 gives for a missing object to who may not list the bucket.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from photos.backends.aws import rights
from photos.backends.aws.rights import POLICIES, Account, Finding, Right
from tests.servers import queues
from tests.servers.moto import REGION, Moto

BUCKET = "photos-of-ours"
TIERS = ("web", "worker")
NAMES = {
    "Bucket": BUCKET,
    "JobsQueue": queues.QUEUE,
    "JobsDeadQueue": queues.DEAD_QUEUE,
    "AWS::Region": REGION,
    "AWS::AccountId": "123456789012",
}


WITHOUT_RESOURCE = ("sqs:GetQueueUrl", "secretsmanager:GetSecretValue", "ssm:GetParameters")
"""Actions for which moto asks whether they are allowed on everything."""


def policy_of(tier: str, without: Right | None = None) -> dict[str, Any]:
    """The policy that ships, with names of an account; one statement a right, but for the one left out."""
    text = [
        {"Effect": "Allow", "Action": right.action, "Resource": seen(right)}
        for right in rights.read_policy(tier)
        if without is None or (right.action, seen(right)) != (without.action, seen(without))
    ]
    return {"Version": "2012-10-17", "Statement": text}


def seen(right: Right) -> str:
    """The resource as moto looks at it."""
    return "*" if right.action in WITHOUT_RESOURCE else filled(right.resource)


def filled(text: str) -> str:
    for name, value in NAMES.items():
        text = text.replace(f"${{{name}}}", value)
    assert "$" not in text
    return text


@pytest.fixture
def become(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Mapping[str, Any]], Account]]:
    """Makes this process a machine with a policy, in an account with a bucket and queues."""
    moto.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    queues.create(moto.client("sqs"))
    iam = moto.client("iam")
    iam.create_user(UserName="machine")
    keys = iam.create_access_key(UserName="machine")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto.url)

    def become(policy: Mapping[str, Any]) -> Account:
        moto.check_nothing()
        iam.put_user_policy(UserName="machine", PolicyName="role", PolicyDocument=json.dumps(policy))
        moto.check_rights()
        return Account(
            region=REGION,
            bucket=BUCKET,
            s3_endpoint_url=moto.url,
            s3_addressing="path",
            s3_encryption="",
            s3_kms_key="",
            jobs_queue=queues.QUEUE,
            jobs_dead_queue=queues.DEAD_QUEUE,
            sqs_endpoint_url=moto.url,
            secrets_endpoint_url=moto.url,
        )

    yield become


def wrong(findings: Iterator[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.is_wrong]


@pytest.mark.parametrize("tier", TIERS)
def test_the_policy_of_a_tier_is_enough_for_every_call_of_the_check(
    tier: str, become: Callable[[Mapping[str, Any]], Account]
) -> None:
    findings = list(rights.examine(tier, become(policy_of(tier))))
    assert wrong(iter(findings)) == []
    words = [finding.text for finding in findings]
    assert f"region: {REGION}" in words
    assert "clock: right" in words
    assert any(text.startswith("identity: arn:aws:iam::123456789012:user/machine") for text in words)


@pytest.mark.parametrize("tier", TIERS)
def test_each_right_that_is_missing_is_named_with_its_resource(
    tier: str, become: Callable[[Mapping[str, Any]], Account]
) -> None:
    account = become(policy_of(tier))
    for right in rights.read_policy(tier):
        become(policy_of(tier, without=right))
        finding = rights.try_right(right, account)
        assert finding.is_wrong, right
        named = filled(right.resource).replace(NAMES["AWS::AccountId"], "*")
        assert finding.text.startswith(f"{right.action} on {named} is not allowed"), finding
        assert right.purpose in finding.text


def refused(act: Callable[..., object], **parameters: Any) -> bool:
    try:
        act(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"] in rights.DENIED
    return False


@pytest.mark.parametrize("tier", TIERS)
def test_what_no_tier_needs_is_refused(
    tier: str, moto: Moto, become: Callable[[Mapping[str, Any]], Account]
) -> None:
    moto.client("s3").create_bucket(
        Bucket="somebody-elses", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    moto.client("sqs").create_queue(QueueName="somebody-elses")
    elsewhere = f"{moto.url}/123456789012/somebody-elses"
    account = become(policy_of(tier))
    s3, sqs = account.s3, account.sqs
    assert refused(s3.list_objects_v2, Bucket="somebody-elses")
    assert refused(s3.put_object, Bucket="somebody-elses", Key="originals/a", Body=b"")
    assert refused(s3.put_object, Bucket=BUCKET, Key="elsewhere/a", Body=b"")
    assert refused(s3.get_object, Bucket=BUCKET, Key="elsewhere/a")
    assert refused(s3.delete_bucket, Bucket=BUCKET)
    assert refused(s3.put_bucket_policy, Bucket=BUCKET, Policy="{}")
    assert refused(sqs.send_message, QueueUrl=elsewhere, MessageBody="a")
    assert refused(sqs.delete_queue, QueueUrl=account.queue_url(queues.QUEUE))
    if tier == "web":
        assert refused(s3.delete_object, Bucket=BUCKET, Key="renditions/a")
        assert refused(s3.put_object, Bucket=BUCKET, Key="renditions/a", Body=b"")
        assert refused(s3.get_object, Bucket=BUCKET, Key="dropbox/a")


def test_keys_that_nobody_knows_are_told_apart_from_a_missing_right(
    become: Callable[[Mapping[str, Any]], Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = become(policy_of("web"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    problems = wrong(rights.examine("web", account))
    assert problems[0].startswith("identity:")
    of_bucket = [problem for problem in problems if problem.startswith("s3:")]
    assert of_bucket
    assert all("Look at the credentials and the clock" in problem for problem in of_bucket), problems


def test_a_clock_that_is_wrong_is_told(
    become: Callable[[Mapping[str, Any]], Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = become(policy_of("web"))
    ahead = (datetime.now(UTC) + timedelta(minutes=7)).timestamp()
    monkeypatch.setattr(rights.time, "time", lambda: ahead)
    (told,) = [text for text in wrong(rights.examine("web", account)) if text.startswith("clock")]
    assert "s ahead of that of S3" in told


@pytest.mark.parametrize("tier", TIERS)
def test_every_right_of_a_policy_can_be_tried(tier: str) -> None:
    document = json.loads((POLICIES / f"{tier}.json").read_text())
    assert {statement["Effect"] for statement in document["Statement"]} == {"Allow"}
    for right in rights.read_policy(tier):
        assert right.action in rights.PROBES
        assert right.resource != "*"
        assert "*" not in right.action
