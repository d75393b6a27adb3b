"""What the pool hears from a child that a picture has taken over."""

from __future__ import annotations

import socket
import time

import msgspec
import pytest

from photos.imaging import wire


def heard(content: bytes) -> wire.Answer:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(content)
        theirs.close()
        return wire.receive(ours, time.monotonic() + 5)


def test_an_answer_arrives_as_it_was_sent() -> None:
    answer = wire.Refused("It is broken.", "damaged", "detail")
    assert heard(wire.frame(answer)) == answer


@pytest.mark.parametrize(
    "body",
    [
        b"\xc1",
        b"",
        b"\x82\xa4type\xa5rea\xc0dy\xa5walls\x91\xa7seccomp",
        b"\x91" * 100_000,
        b"\x81\xa4type" + b"\x91" * 100_000,
    ],
    ids=["no code", "nothing", "no UTF-8", "arrays in arrays", "a type of arrays"],
)
def test_nonsense_is_an_error_that_the_pool_expects(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        heard(len(body).to_bytes(4, "big") + body)


@pytest.mark.parametrize("content", [b"", b"\0\0", b"\0\0\0\x05abc"])
def test_an_answer_that_ends_early_is_the_end(content: bytes) -> None:
    with pytest.raises(EOFError):
        heard(content)
