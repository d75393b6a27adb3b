"""The page of failed jobs: what is told of them, and that one click sends them back."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from photos.backends.jobs import Jobs
from tests.web.conftest import People
from tests.web.shelves import ROUGH, check, wear_out, words


@pytest.fixture
def jobs(app: Flask) -> Jobs:
    found: Jobs = app.extensions["bigimage"].jobs
    return found


def test_administrators_see_what_failed_and_why_and_try_it_again(people: People, jobs: Jobs) -> None:
    assert "No job has failed" in people.admin.get("/account/jobs").text
    for photo_id in ("first", "second"):
        wear_out(jobs, photo_id)
    wear_out(jobs, "still tried", tries=9)
    page = people.admin.get("/account/jobs").text
    text = words(check(page))
    assert "still tried" not in text
    assert text.index("first") < text.index("second")
    for said in ("Develop a photo", ROUGH, "10 tries"):
        assert said in text
    (first, _) = re.findall(r'action="(/account/jobs/\d+/revive)"', page)
    assert people.admin.post(first).status_code == 303
    text = words(people.admin.get("/account/jobs").text)
    assert "It is tried again now." in text
    assert "first" not in text
    (job,) = jobs.receive(limit=10, lease_seconds=60)
    assert (job.payload, job.attempt) == ({"photo_id": "first"}, 1)
    assert people.admin.post(first).status_code == 404, "it is not among the dead any more"
    assert people.admin.post("/account/jobs/revive").status_code == 303
    text = words(people.admin.get("/account/jobs").text)
    assert "1 job is tried again now." in text
    assert "No job has failed" in text


def test_the_account_page_leads_administrators_there(people: People) -> None:
    assert 'href="/account/jobs"' in people.admin.get("/account").text
    assert 'href="/account/jobs"' not in people.owner.get("/account").text
