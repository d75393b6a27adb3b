"""What administrators see of work that failed again and again, and how they send it back."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from photos.errors import NotFound
from photos.models import DeadJob
from photos.services import failures
from photos.web import deps
from photos.web.words import count_words, moment_words

blueprint = Blueprint("jobs", __name__, url_prefix="/account/jobs")

MOST = 100
MOST_REVIVED = 1000
"""By one click; SQS takes ten of them in a call."""
LONGEST = 300
"""Characters that are shown of a message that is no job."""
WORDS = {
    "process_photo": "Develop a photo",
    "label_photo": "Label a photo",
    "read_text": "Read the text in a photo",
    "change_photos": "Change several photos",
    "add_samples": "Add the sample photos",
    "take_drop": "Take a file from a dropbox",
}


@blueprint.get("")
def index() -> str:
    """The oldest ones first."""
    here = deps.backends()
    dead = failures.list_dead(jobs=here.jobs, database=here.database, limit=MOST + 1)
    return render_template(
        "jobs/index.html",
        section="account",
        jobs=[_row(job) for job in dead[:MOST]],
        has_more=len(dead) > MOST,
        most=MOST,
    )


@blueprint.post("/<job_id>/revive")
def revive(job_id: str) -> Response:
    """Send one back. Raises NotFound if it is not there any more."""
    if not deps.backends().jobs.revive([job_id]):
        raise NotFound("failed job", job_id)
    flash("It is tried again now.", "done")
    return redirect(url_for("jobs.index"), 303)


@blueprint.post("/revive")
def revive_all() -> Response:
    """Send all back, so many at a time."""
    jobs = deps.backends().jobs
    count = jobs.revive([job.id for job in jobs.list_dead(limit=MOST_REVIVED)])
    words = count_words(count, "job is", "jobs are")
    flash(f"{words} tried again now." if count else "Nothing was left to try again.", "done")
    return redirect(url_for("jobs.index"), 303)


def _row(job: DeadJob) -> dict[str, object]:
    return {
        "id": job.id,
        "words": WORDS.get(job.name, job.name) or "A message that is no job of ours",
        "subject": ", ".join(job.payload.values()) if job.name else job.body[:LONGEST],
        "reason": job.reason or "Nobody noted why. The logs of the worker may tell.",
        "attempts": count_words(job.attempts, "try", "tries"),
        "sent": moment_words(job.sent_at),
        "sent_iso": job.sent_at.isoformat(timespec="seconds"),
    }
