"""Which rights a call of the AWS SDK needs.

Sources: "Required permissions for Amazon S3 API operations" in the S3 user guide, and the actions of SQS,
Secrets Manager and Systems Manager in the Service Authorization Reference. S3 has one action for several
operations: a multipart upload is begun, filled and completed with the right to put an object.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from photos.backends.aws.rights import Right, read_policy

NEEDED: dict[str, tuple[str, ...]] = {
    "s3.HeadBucket": ("s3:ListBucket",),
    "s3.ListObjectsV2": ("s3:ListBucket",),
    "s3.ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "s3.GetObject": ("s3:GetObject",),
    # without the second one S3 answers 403 for an object that is not there
    "s3.HeadObject": ("s3:GetObject", "s3:ListBucket"),
    "s3.PutObject": ("s3:PutObject",),
    "s3.CreateMultipartUpload": ("s3:PutObject",),
    "s3.UploadPart": ("s3:PutObject",),
    "s3.CompleteMultipartUpload": ("s3:PutObject",),
    "s3.ListParts": ("s3:ListMultipartUploadParts",),
    "s3.AbortMultipartUpload": ("s3:AbortMultipartUpload",),
    "s3.DeleteObject": ("s3:DeleteObject",),
    "sqs.GetQueueUrl": ("sqs:GetQueueUrl",),
    "sqs.GetQueueAttributes": ("sqs:GetQueueAttributes",),
    "sqs.SendMessage": ("sqs:SendMessage",),
    "sqs.SendMessageBatch": ("sqs:SendMessage",),
    "sqs.ReceiveMessage": ("sqs:ReceiveMessage",),
    "sqs.DeleteMessage": ("sqs:DeleteMessage",),
    "sqs.DeleteMessageBatch": ("sqs:DeleteMessage",),
    "sqs.ChangeMessageVisibility": ("sqs:ChangeMessageVisibility",),
    "sqs.ChangeMessageVisibilityBatch": ("sqs:ChangeMessageVisibility",),
    "secretsmanager.GetSecretValue": ("secretsmanager:GetSecretValue",),
    "ssm.GetParameters": ("ssm:GetParameters",),
}
"""Service and operation of the SDK -> actions of IAM."""
OF_THE_BUCKET = frozenset({"s3:ListBucket", "s3:ListBucketMultipartUploads"})
"""Actions whose resource is the bucket, whatever the call names."""


def needed_by(calls: list[dict[str, Any]], tier: str) -> set[tuple[str, str]]:
    """Action and resource of all that the processes of a tier did. A KeyError is a call without a row."""
    needed = set()
    for call in calls:
        if call["tier"] != tier:
            continue
        for action in NEEDED[f"{call['service']}.{call['operation']}"]:
            needed |= {(action, resource) for resource in _resources(action, call)}
    return needed


def _resources(action: str, call: dict[str, Any]) -> list[str]:
    match call["service"]:
        case "s3" if action in OF_THE_BUCKET:
            return ["arn:aws:s3:::${Bucket}"]
        case "s3":
            return [f"arn:aws:s3:::${{Bucket}}/{call['Key']}"]
        case "sqs":
            name = call.get("QueueName") or call["QueueUrl"].rpartition("/")[2]
            placeholder = "${JobsDeadQueue}" if name.endswith("-dead") else "${JobsQueue}"
            return [f"arn:aws:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{placeholder}"]
        case "secretsmanager":
            return [f"arn:aws:secretsmanager:${{AWS::Region}}:${{AWS::AccountId}}:secret:{call['SecretId']}"]
        case _:
            names = call["Names"]
            return [f"arn:aws:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{name}" for name in names]


def differences(calls: list[dict[str, Any]], tier: str) -> tuple[list[tuple[str, str]], list[Right]]:
    """What a tier did without a right, and the rights of its policy that it did not use."""
    needed, policy = needed_by(calls, tier), list(read_policy(tier))
    missing = sorted(
        (action, resource)
        for action, resource in needed
        if not any(_allows(right, action, resource) for right in policy)
    )
    unused = [
        right for right in policy if not any(_allows(right, action, resource) for action, resource in needed)
    ]
    return missing, unused


def _allows(right: Right, action: str, resource: str) -> bool:
    # a placeholder of the policy is text here, and `[` of a key is no pattern
    return right.action == action and fnmatchcase(resource, right.resource.replace("[", "[[]"))
