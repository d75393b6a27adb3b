"""What a bucket has to be told once: whose pages may send to it, and when parts of abandoned uploads go.

Rules are dictionaries as boto3 reads and writes them. Those of others are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from photos.backends.storage.s3_errors import code_of, storage_errors

Rule = dict[str, Any]
CORS_ID = "bigimage"
LIFECYCLE_ID = "bigimage-abandoned-uploads"
METHODS = ("GET", "HEAD", "PUT")
KEPT_PREFIXES = ("originals/", "renditions/", "shared/", "dropbox/")
"""Where nothing may end by itself."""
_NONE_SET = frozenset({"NoSuchCORSConfiguration", "NoSuchLifecycleConfiguration"})


def find_problems(client: Any, bucket: str, *, origins: Sequence[str], days: int) -> list[str]:
    """What the rules lack, in words. Raises StorageError."""
    return [
        *cors_problems(_read_cors(client, bucket), origins),
        *lifecycle_problems(_read_lifecycle(client, bucket), days),
    ]


def set_rules(client: Any, bucket: str, *, origins: Sequence[str], days: int) -> None:
    """Add ours to the rules, or bring them up to date. Raises StorageError."""
    cors = with_cors(_read_cors(client, bucket), origins)
    lifecycle = with_lifecycle(_read_lifecycle(client, bucket), days)
    with storage_errors("set the rules of", bucket):
        client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": cors})
        client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": lifecycle})


def _read_cors(client: Any, bucket: str) -> list[Rule]:
    return _read(client, client.get_bucket_cors, bucket, "CORSRules")


def _read_lifecycle(client: Any, bucket: str) -> list[Rule]:
    return _read(client, client.get_bucket_lifecycle_configuration, bucket, "Rules")


def _read(client: Any, call: Callable[..., Any], bucket: str, name: str) -> list[Rule]:
    with storage_errors("read the rules of", bucket):
        try:
            return list(call(Bucket=bucket).get(name, ()))
        except client.exceptions.ClientError as error:
            if code_of(error) in _NONE_SET:
                return []
            raise


def with_cors(rules: Sequence[Rule], origins: Sequence[str]) -> list[Rule]:
    """The rules with ours, which lets pages of these origins send parts and read what came of them."""
    ours = {
        "ID": CORS_ID,
        "AllowedOrigins": list(origins),
        "AllowedMethods": list(METHODS),
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3600,
    }
    return [*(rule for rule in rules if rule.get("ID") != CORS_ID), ours]


def with_lifecycle(rules: Sequence[Rule], days: int) -> list[Rule]:
    """The rules with ours, which forgets the parts of uploads that were begun `days` ago."""
    ours = {
        "ID": LIFECYCLE_ID,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
    }
    return [*(rule for rule in rules if rule.get("ID") != LIFECYCLE_ID), ours]


def cors_problems(rules: Sequence[Rule], origins: Sequence[str]) -> Iterator[str]:
    """What keeps browsers from sending photos, in words."""
    for origin in origins:
        missing = [method for method in METHODS if not any(_allows(rule, origin, method) for rule in rules)]
        if missing:
            yield f"pages of {origin} may not {', '.join(missing)}: their uploads do not arrive"


def lifecycle_problems(rules: Sequence[Rule], days: int) -> Iterator[str]:
    """What is kept for ever, or goes too early, in words."""
    enabled = [rule for rule in rules if rule.get("Status") == "Enabled"]
    ends = [
        rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        for rule in enabled
        if "AbortIncompleteMultipartUpload" in rule and not _prefix(rule)
    ]
    if not ends:
        yield "parts of abandoned uploads are kept, and paid for, for ever"
    elif min(ends) < days:
        yield f"uploads end after {min(ends)} days, too early for UPLOAD_DAYS"
    for rule in enabled:
        ending = rule.get("Expiration", {})
        if ending.keys() & {"Days", "Date"} and any(_meet(_prefix(rule), kept) for kept in KEPT_PREFIXES):
            yield f"the lifecycle rule {rule.get('ID', 'without a name')} deletes photos: remove or narrow it"


def _allows(rule: Rule, origin: str, method: str) -> bool:
    is_theirs = any(fnmatchcase(origin, allowed) for allowed in rule.get("AllowedOrigins", ()))
    return is_theirs and method in rule.get("AllowedMethods", ())


def _prefix(rule: Rule) -> str:
    """The keys a rule is about; a rule with tags is taken for one about all keys of its prefix."""
    place = rule.get("Filter", rule)
    return str(place.get("And", place).get("Prefix", ""))


def _meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
