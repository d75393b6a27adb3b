"""The list of jobs against the parts of the program."""

from __future__ import annotations

from inspect import signature
from typing import cast

import pytest

from photos import tasks
from photos.errors import Invalid
from photos.models import Job
from photos.wiring import Backends

NO_PARTS = cast(Backends, None)


@pytest.mark.parametrize("name", tasks.TASKS)
def test_every_job_asks_for_parts_that_there_are_and_for_ids(name: str) -> None:
    for word, parameter in signature(tasks.TASKS[name]).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            assert word in Backends.__annotations__ or hasattr(Backends, word), word
        else:
            assert word.endswith("_id") or name == "take_drop", (
                "a job carries ids only, or what has no row yet"
            )


@pytest.mark.parametrize(("name", "payload"), [("bake_bread", {"photo_id": "x"}), ("label_photo", {})])
def test_a_job_that_nobody_knows_or_that_lacks_its_id_is_refused(name: str, payload: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        tasks.run(Job("1", name, payload, 1), NO_PARTS)
    assert refused.value.code == "unknown_job"
