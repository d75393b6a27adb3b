"""The error tree. Each class says what its catcher should do next.

`NotFound`: it is gone, or it is not yours; both look the same. `Invalid`: refused, with a reason a
person can read. `Conflict`: true, but not now, because the state does not allow it. `Denied`: signed
in, without the right. `TooMany`: later, after a stated time. `BackendError`: a part is down or slow,
so try again later. `web/errors.py` is the only table from these to status codes and pages.
"""


class BigimageError(Exception):
    """Root of everything this package raises on purpose."""


class NotFound(BigimageError):
    """There is no such thing for this caller."""

    def __init__(self, kind: str, ident: object) -> None:
        super().__init__(f"{kind} {ident} was not found")
        self.kind = kind
        self.ident = ident


class Invalid(BigimageError):
    """Refused for good; the reason is a plain sentence for the person who sent it.

    `field` names the offending input where there is one; `code` is a stable word for programs.
    """

    def __init__(self, reason: str, *, code: str = "invalid", field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.field = field


class Conflict(BigimageError):
    """The request is well formed, but the thing is not in a state that allows it."""

    def __init__(self, reason: str, *, code: str = "conflict") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Denied(BigimageError):
    """The caller is known and may not do this."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooMany(BigimageError):
    """A limit was reached; `retry_after_seconds` says when to come back."""

    def __init__(self, reason: str, *, retry_after_seconds: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class ConfigError(BigimageError):
    """The environment is wrong; `problems` lists every problem at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class BackendError(BigimageError):
    """A part outside this process failed or cannot tell. Try again later.

    `reason` says why, where that helps whoever runs it.
    """

    def __init__(self, role: str, action: str, subject: object = "", *, reason: str = "") -> None:
        super().__init__(f"{role} could not {action} {subject}".rstrip() + (f": {reason}" if reason else ""))
        self.role = role
        self.action = action
        self.subject = subject


class StorageError(BackendError):
    """The object store failed."""

    def __init__(self, action: str, subject: object = "", *, reason: str = "") -> None:
        super().__init__("storage", action, subject, reason=reason)


class SearchError(BackendError):
    """The search index failed."""

    def __init__(self, action: str, subject: object = "") -> None:
        super().__init__("search", action, subject)


class RecognitionError(BackendError):
    """The recogniser failed; the photo itself may be fine."""

    def __init__(self, action: str, subject: object = "") -> None:
        super().__init__("recognition", action, subject)


class IdentityError(BackendError):
    """The identity provider failed."""

    def __init__(self, action: str, subject: object = "") -> None:
        super().__init__("identity", action, subject)


class JobsError(BackendError):
    """The job queue failed."""

    def __init__(self, action: str, subject: object = "", *, reason: str = "") -> None:
        super().__init__("jobs", action, subject, reason=reason)


class SecretsError(BackendError):
    """The store of secrets failed; `reason` says what to do, and never holds a secret."""

    def __init__(self, action: str, subject: object = "", reason: str = "") -> None:
        super().__init__("secrets", action, f"{subject}: {reason}" if reason else subject)


class DatabaseError(BackendError):
    """The database is unreachable, read-only or full."""

    def __init__(self, action: str, subject: object = "") -> None:
        super().__init__("database", action, subject)


class DatabaseFull(DatabaseError):
    """No space is left for the database; nothing was changed, and the same may succeed later."""


class RolledBack(DatabaseError):
    """Nothing of the transaction remains: another was in the way, the connection broke before the commit, or
    the server may only be read any more. The same again may succeed at once."""


class StorageFull(StorageError):
    """No space is left; nothing was stored and the same upload can go on later."""
