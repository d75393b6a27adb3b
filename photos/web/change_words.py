"""What a change to many photos is called, in words for people."""

from __future__ import annotations

from photos.models import Change, ChangeState
from photos.web.words import count_words

DOING = {
    "favourite": "Marking as favourites",
    "unfavourite": "Taking the favourite mark away",
    "rate": "Rating",
    "add_tags": "Adding tags",
    "remove_tags": "Taking tags away",
    "archive": "Moving to the archive",
    "unarchive": "Moving back to the timeline",
    "trash": "Moving to the trash",
    "restore": "Restoring",
    "describe": "Describing",
    "set_taken": "Correcting dates",
    "set_place": "Correcting places",
    "reprocess": "Processing again",
    "purge": "Deleting for good",
    "undo": "Undoing",
}
DONE = {
    "favourite": "marked as favourite",
    "unfavourite": "no longer favourite",
    "rate": "rated",
    "add_tags": "tagged",
    "remove_tags": "without these tags",
    "archive": "in the archive",
    "unarchive": "out of the archive",
    "trash": "in the trash",
    "restore": "back from the trash",
    "describe": "described",
    "set_taken": "with a corrected date",
    "set_place": "with a corrected place",
    "reprocess": "to be processed again",
    "purge": "deleted for good",
    "undo": "as before",
}


def change_words(change: Change) -> str:
    """`5 photos in the trash`, `Moving to the trash: 120 of 5,000`, and how many stayed as they were."""
    if change.state in (ChangeState.WAITING, ChangeState.WORKING):
        over = change.done + change.failed
        return f"{DOING[change.action]}: {over:,} of {change.total:,}"
    words = f"{count_words(change.done, 'photo', 'photos')} {DONE[change.action]}"
    if change.failed:
        words += f", {change.failed:,} stayed as {'it was' if change.failed == 1 else 'they were'}"
    return words
