"""The attack table: which test answers which row, and which rows cannot concern us yet.

A row is answered by tests in this folder that bear its number (`test_row_036_...`), by tests elsewhere
that `COVERED` names, or by both; or it stands in `NOT_YET` with the reason. Nothing else passes.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = range(1, 83)

COVERED: dict[int, tuple[str, ...]] = {
    1: (
        "tests/web/test_security.py::test_a_forged_request_changes_nothing",
        "tests/web/test_security.py::test_our_own_origin_passes",
        "tests/web/test_routes.py::test_every_route_has_a_row_and_every_row_a_route",
    ),
    3: ("tests/web/test_security.py::test_the_api_takes_json_and_nothing_else",),
    4: ("tests/web/test_routes.py::test_method_overrides_do_nothing",),
    5: (
        "tests/web/test_sessions.py::test_the_cookie_is_renewed_at_sign_in_and_its_secret_is_not_stored",
        "tests/web/test_sessions.py::test_a_cookie_planted_before_sign_in_is_nobody_afterwards",
    ),
    6: (
        "tests/web/test_sessions.py::test_a_copied_cookie_is_dead_after_sign_out_in_every_process",
        "tests/web/test_sessions.py::test_a_slow_request_does_not_revive_a_session_that_was_ended",
        "tests/web/test_sessions.py::test_sessions_end_by_age_and_by_idleness",
        "tests/web/test_sessions.py::test_the_account_page_lists_browsers_and_ends_one_or_all",
        "tests/web/test_sessions.py::test_sessions_work_on_mariadb_over_two_applications",
    ),
    8: ("tests/web/test_sessions.py::test_signing_out_takes_a_post",),
    9: ("tests/web/test_security.py::test_hsts_and_secure_cookies_come_with_https",),
    10: ("tests/web/test_accounts.py::test_a_locked_person_is_out_at_the_next_request_and_can_be_let_in",),
    11: (
        "tests/web/test_sessions.py::test_a_cookie_signed_with_a_common_key_is_a_visitor",
        "tests/web/test_sessions.py::test_even_a_rightly_signed_visitor_is_never_somebody",
        "tests/unit/test_config.py::test_a_bad_value_is_refused_by_its_name",
    ),
    13: (
        "tests/web/test_accounts.py::test_a_callback_belongs_to_the_browser_that_began",
        "tests/web/test_accounts.py::test_a_callback_without_its_state_makes_no_session",
    ),
    14: (
        "tests/web/test_accounts.py::test_a_callback_works_once_and_the_first_session_stays",
        "tests/services/test_accounts.py::test_a_code_is_good_once_even_for_parallel_exchanges",
    ),
    15: (
        "tests/web/test_accounts.py::test_each_authorize_address_has_its_own_state_nonce_and_s256_challenge",
        "tests/web/test_accounts.py::test_the_password_page_refuses_a_broken_request",
    ),
    16: ("tests/contracts/test_identity.py::test_a_code_fits_one_browser_and_is_spent_by_a_wrong_try",),
    25: (
        "tests/db/test_people.py::test_a_person_is_their_issuer_and_subject_whatever_they_are_called",
        "tests/contracts/test_identity.py::test_a_subject_is_the_same_each_time_and_no_address",
    ),
    29: ("tests/web/test_accounts.py::test_a_foreign_next_lands_on_the_first_page",),
    30: (
        "tests/web/test_security.py::test_a_foreign_host_is_refused_everywhere_but_at_health",
        "tests/web/test_security.py::test_a_forwarded_host_shapes_no_address_without_a_proxy",
    ),
    31: (
        "tests/web/test_api.py::test_another_person_s_thing_equals_a_thing_that_is_not_there",
        "tests/web/test_routes.py::test_another_persons_token_and_session_look_like_none_at_all",
        "tests/web/test_photo.py::test_another_persons_photo_is_not_there",
    ),
    34: (
        "tests/web/test_search.py::test_only_ones_own_photos_are_found",
        "tests/contracts/search/test_finding.py::test_nobody_finds_photos_of_somebody_else",
        "tests/contracts/search/test_finding.py::test_nobody_reaches_another_owner_with_words_that_the_index_uses_itself",
    ),
    35: (
        "tests/services/test_uploads.py::test_another_person_s_file_tells_nothing",
        "tests/web/test_lookup.py::test_nobody_else_learns_what_somebody_has",
    ),
    42: (
        "tests/unit/imaging/test_renditions.py::test_renditions_hold_pixels_and_nothing_else",
        "tests/unit/test_corpus.py::test_no_position_is_left_in_a_rendition",
    ),
    43: (
        "tests/contracts/storage/test_addresses.py::test_an_altered_part_address_is_refused",
        "tests/contracts/storage/test_addresses.py::test_an_altered_address_is_refused",
        "tests/contracts/storage/test_addresses.py::test_expired_addresses_are_refused",
        "tests/contracts/storage/test_parts.py::test_a_part_of_another_size_is_refused",
    ),
    44: ("tests/contracts/storage/test_parts.py::test_part_addresses_are_dead_after_completion",),
    45: (
        "tests/services/test_uploads.py::test_what_is_no_picture_is_refused_in_words_and_not_asked_for_again",
        "tests/contracts/storage/test_addresses.py::test_a_signed_address_answers_as_it_was_signed",
        "tests/web/test_media.py::test_bytes_of_people_are_served_so_that_they_can_do_nothing",
    ),
    46: (
        "tests/services/test_uploads.py::test_an_upload_is_nobody_else_s",
        "tests/web/test_api.py::test_an_upload_goes_on_after_a_cut",
    ),
    47: (
        "tests/web/test_worker.py::test_nobody_but_the_daemon_of_this_machine_comes_in",
        "tests/web/test_worker.py::test_the_web_tier_has_no_door",
        "tests/web/test_worker.py::test_an_odd_message_is_refused_and_its_reason_kept",
        "tests/services/test_dropbox.py::test_an_event_twice_late_or_before_its_file_changes_nothing",
    ),
    48: (
        "tests/web/test_worker.py::test_nobody_but_the_daemon_of_this_machine_comes_in",
        "tests/web/test_worker.py::test_an_hour_that_is_not_in_cron_yaml_is_not_found",
    ),
    49: (
        "tests/unit/test_bucket_events.py::test_keys_are_decoded_once",
        "tests/web/test_worker.py::test_an_odd_message_is_refused_and_its_reason_kept",
        "tests/faults/test_worker_tier.py::test_f10_poison_ends_among_the_dead_and_keeps_nobody_waiting",
    ),
    57: (
        "tests/unit/test_storage_folder.py::test_a_file_name_becomes_one_safe_header",
        "tests/unit/test_storage_folder.py::test_a_long_file_name_keeps_its_ending",
    ),
    58: (
        "tests/web/test_media.py::test_even_a_signed_hostile_name_opens_nothing_outside",
        "tests/contracts/storage/test_objects.py::test_a_key_that_means_something_else_is_refused",
        "tests/unit/test_storage_folder.py::test_planted_links_are_never_followed",
        "tests/services/test_uploads.py::test_names_are_for_showing_only",
    ),
    59: (
        "tests/unit/imaging/test_pool.py::test_bombs_are_refused_at_once",
        "tests/unit/imaging/test_pool.py::test_too_many_frames_are_refused_in_every_format",
        "tests/unit/imaging/test_pool.py::test_a_picture_that_needs_too_much_memory_is_refused_and_the_next_is_fine",
        "tests/unit/test_corpus.py::test_memory_of_the_whole_tree_stays_below_a_gigabyte",
    ),
    60: (
        "tests/unit/test_corpus.py::test_every_file_has_an_outcome",
        "tests/unit/imaging/test_pool.py::test_flipped_bytes_develop_or_are_refused_and_the_next_photo_is_fine",
        "tests/unit/imaging/test_pool.py::test_a_picture_that_kills_every_child_is_refused_and_nothing_else",
        "tests/unit/imaging/test_pool.py::test_a_child_inherits_neither_secrets_nor_files",
        "tests/unit/imaging/test_pool.py::test_a_confined_process_reaches_neither_files_nor_network",
    ),
    61: (
        "tests/unit/imaging/test_renditions.py::test_every_orientation_is_shown_upright",
        "tests/unit/imaging/test_renditions.py::test_of_an_animation_the_first_frame_is_shown",
        "tests/unit/imaging/test_colour.py::test_cmyk_is_not_inverted",
        "tests/unit/imaging/test_colour.py::test_sixteen_bits_are_not_black",
        "tests/unit/imaging/test_colour.py::test_lab_is_converted",
        "tests/unit/imaging/test_pool.py::test_a_jpeg_whose_second_half_is_zeros_is_refused",
    ),
    62: ("tests/unit/imaging/test_pool.py::test_a_picture_with_something_behind_it_is_still_a_picture",),
    63: (
        "tests/unit/imaging/test_sniff.py::test_a_refusal_says_what_the_file_is",
        "tests/unit/imaging/test_sniff.py::test_any_bytes_are_a_known_type_or_refused",
    ),
    64: (
        "tests/web/test_security.py::test_large_and_odd_bodies_are_refused",
        "tests/web/test_media.py::test_a_part_that_breaks_off_leaves_nothing",
    ),
    67: ("tests/db/test_sql.py::test_every_table_is_written_in_words_that_both_servers_take",),
    69: (
        "tests/db/test_people.py::test_names_that_look_alike_are_two_people",
        "tests/db/test_faults.py::test_ids_are_compared_byte_by_byte",
        "tests/db/test_faults.py::test_text_comes_back_as_it_went_in",
    ),
    70: (
        "tests/services/test_uploads.py::test_parallel_offers_never_exceed_the_quota",
        "tests/services/test_uploads.py::test_a_minute_brings_so_many_new_files_and_known_ones_do_not_count",
        "tests/services/test_uploads.py::test_parallel_offers_never_exceed_the_share_of_a_minute",
        "tests/services/test_accounts.py::test_the_limit_holds_for_parallel_tries",
    ),
    71: (
        "tests/web/test_accounts.py::test_a_forged_forwarded_address_does_not_dodge_the_limit",
        "tests/web/test_accounts.py::test_too_many_tries_wait_also_with_the_right_password_and_in_another_process",
    ),
    72: ("tests/unit/test_logs.py::test_one_event_is_one_line",),
    73: (
        "tests/unit/test_logs.py::test_secrets_are_masked",
        "tests/unit/test_logs.py::test_secrets_in_tracebacks_are_masked_and_the_request_id_is_there",
        "tests/unit/test_config.py::test_secrets_are_not_in_the_representation",
    ),
    74: (
        "tests/web/test_routes.py::test_unknown_paths_are_not_found_and_tell_nothing",
        "tests/web/test_routes.py::test_methods_that_a_page_does_not_take_are_refused",
        "tests/web/test_errors.py::test_an_unexpected_error_shows_a_number_and_nothing_else",
    ),
    75: (
        "tests/web/test_security.py::test_every_response_of_every_route_carries_the_headers",
        "tests/web/test_security.py::test_pages_have_a_nonce_of_their_own_and_may_not_be_framed_or_cached",
        "tests/web/test_security.py::test_templates_have_no_inline_style_or_handler",
    ),
    76: ("tests/web/test_media.py::test_another_site_may_neither_show_nor_send",),
    77: (
        "tests/services/test_downloads.py::test_originals_come_as_they_are_with_what_is_known_of_them",
        "tests/services/test_downloads.py::test_names_are_safe_on_every_system",
    ),
    81: (
        "tests/web/test_accounts.py::test_a_wrong_password_and_an_unknown_account_look_the_same",
        "tests/services/test_accounts.py::test_an_unknown_account_takes_as_long_as_a_wrong_password",
    ),
    82: (
        "tests/services/test_processing.py::test_a_photo_that_is_deleted_while_it_is_developed_stays_deleted",
        "tests/db/test_pipeline.py::test_labels_for_a_purged_photo_are_dropped",
    ),
}

_NO_TOKENS = "the only provider is our own; it hands over a one-time code and never a signed token"
_NO_SHARES = "nothing can be shared: a photo has one owner, and only they see it"
_NO_SNS = "notes come through the queue alone, so that nobody can post one or have an address fetched"
_NOTHING_FETCHED = "nothing is fetched from an address that somebody chose"

NOT_YET: dict[int, str] = {
    7: "there is neither a refresh token nor a cookie that remembers",
    17: _NO_TOKENS,
    18: _NO_TOKENS,
    19: _NO_TOKENS,
    20: _NO_TOKENS,
    21: _NO_TOKENS,
    22: _NO_TOKENS,
    23: _NO_TOKENS,
    24: _NO_TOKENS,
    26: _NO_TOKENS,
    27: _NO_TOKENS,
    28: "there is one provider at a time, so no two callbacks to mix up",
    37: _NO_SHARES,
    38: _NO_SHARES,
    39: _NO_SHARES,
    40: _NO_SHARES,
    41: _NO_SHARES,
    50: _NO_SNS,
    51: _NOTHING_FETCHED,
    55: "there are no posts from elsewhere",
    79: "there is no second place where originals are kept",
}


@cache
def names_in(path: Path) -> frozenset[str]:
    """Names of the test functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def answered_here() -> set[int]:
    """Rows that a test of this folder bears in its name."""
    names = {name for path in Path(__file__).parent.glob("test_*.py") for name in names_in(path)}
    numbers = (re.match(r"test_row_((?:\d{3}_)+)", name) for name in names)
    return {int(number) for found in numbers if found for number in found[1].strip("_").split("_")}


def test_every_row_is_answered_or_says_why_not() -> None:
    answered = answered_here() | COVERED.keys()
    assert set(ROWS) - answered - NOT_YET.keys() == set(), "these rows are forgotten"
    assert answered & NOT_YET.keys() == set(), "these rows are answered: take them out of NOT_YET"
    assert (answered | NOT_YET.keys()) - set(ROWS) == set(), "there are no such rows"


@pytest.mark.parametrize("name", sorted({name for names in COVERED.values() for name in names}))
def test_a_test_that_answers_a_row_exists(name: str) -> None:
    file, _, function = name.partition("::")
    assert function in names_in(ROOT / file)


def test_reasons_are_sentences() -> None:
    assert all(len(reason.split()) >= 4 for reason in NOT_YET.values())


def test_nothing_outside_the_adapters_can_fetch_an_address() -> None:
    """Row 51 waits for the first feature that fetches; this fails on the day it is written."""
    allowed = {"backends/storage/s3.py", "client.py", "serve.py"}
    fetching = re.compile(
        r"^\s*(?:import|from) (?:urllib\.request|http\.client|requests|httpx|aiohttp)\b", re.M
    )
    found = {
        str(path.relative_to(ROOT / "photos"))
        for path in (ROOT / "photos").rglob("*.py")
        if fetching.search(path.read_text(encoding="utf-8"))
    }
    assert found <= allowed, found - allowed
