"""moto's server, whose queues here let one request after the other change them.

moto itself has no lock there. Of two messages that are deleted at once it may keep one: hidden until its
time-out is over, with nobody who works on it. What is sent meanwhile may be forgotten.
"""

from __future__ import annotations

from typing import Any

from moto.server import main
from moto.sqs.models import Queue, SQSBackend

_delete, _receive = Queue.delete_message, SQSBackend.receive_message


def _delete_alone(self: Queue, receipt_handle: str) -> None:
    with self._messages_lock:
        _delete(self, receipt_handle)


def _receive_alone(self: SQSBackend, queue_name: str, *asked: Any, **also: Any) -> Any:
    # who waits for a message lets go of the lock meanwhile
    with self.get_queue(queue_name)._messages_lock:
        return _receive(self, queue_name, *asked, **also)


if __name__ == "__main__":
    Queue.delete_message = _delete_alone  # type: ignore[method-assign]
    SQSBackend.receive_message = _receive_alone  # type: ignore[method-assign]
    main()
