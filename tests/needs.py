"""What a test needs of the machine: a server, a browser, a folder of odd files."""

import os

import pytest

IS_CI = os.environ.get("CI", "").lower() in {"1", "true"}


def require(condition: bool, reason: str) -> None:
    """Skip the test with `reason` unless `condition`; under CI=true fail it, since a skip proves nothing."""
    if condition:
        return
    if IS_CI:
        pytest.fail(f"CI has to provide this: {reason}", pytrace=False)
    pytest.skip(reason)
