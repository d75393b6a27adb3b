"""What a job looks like on its way through a foreign queue, and how we know that it is one of ours.

Whoever can only send to the queue, or only reach the port of a worker, must not be able to invent work:
the text of the job carries an HMAC-SHA256 made with a key of ours. It has no date, because a dead letter may
be sent back after weeks; a job that comes twice does no harm.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from photos.errors import Invalid

SCHEMA = 1
LONGEST = 16 * 1024
"""Characters of a letter. A job carries ids only."""


OPENING = '{"job":'
"""How every letter begins, and no other message."""


def seal(name: str, payload: dict[str, str], *, key: bytes) -> str:
    """The letter of a job: JSON with the job as text and the signature of that text."""
    job = json.dumps(
        {"schema": SCHEMA, "name": name, "payload": payload}, sort_keys=True, separators=(",", ":")
    )
    return json.dumps({"job": job, "signature": _sign(job, key)}, separators=(",", ":"))


def unseal(text: str, *, key: bytes) -> tuple[str, dict[str, str]]:
    """Name and payload of a letter. Raises Invalid unless we have sealed exactly this."""
    try:
        letter = json.loads(text[: LONGEST + 1])
        job, signature = letter["job"], letter["signature"]
        is_ours = hmac.compare_digest(_sign(job, key).encode(), signature.encode())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Invalid("This is not a job.", code="not_a_job") from None
    if not is_ours:
        raise Invalid("This job was signed by somebody else.", code="forged_job")
    fields = json.loads(job)
    if fields["schema"] != SCHEMA:
        raise Invalid(f"This is a job of schema {fields['schema']}; {SCHEMA} is known here.", code="schema")
    return fields["name"], fields["payload"]


def is_letter(text: str) -> bool:
    """Whether a message claims to be a job of ours, as other messages never do; nothing of its signature."""
    return text.startswith(OPENING)


def _sign(job: str, key: bytes) -> str:
    return hmac.new(key, job.encode(), hashlib.sha256).hexdigest()
