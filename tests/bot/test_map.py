"""Which tests show what the bot is to get right: a row of behaviour or a line of security, and its tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BEHAVIOUR = {
    "one branch, a function of the group": ["security:the_branch_is_a_function_of_the_group"],
    "update instead of a second one": [
        *("behaviour:updates_instead_of_a_second_one", "behaviour:what_exists_already_is_updated"),
        "behaviour:what_is_opened_at_the_same_moment_is_not_opened_twice",
    ],
    "closed stays closed": [
        *("behaviour:closed_by_a_maintainer_stays_closed", "behaviour:a_maintainer_may_ask_again"),
        "behaviour:declined_rules_are_left_out_and_new_ones_asked_for",
    ],
    "own close told from theirs": ["behaviour:what_we_closed_ourselves_is_no_refusal"],
    "their commits are never overwritten": [
        *(
            "behaviour:commits_of_others_are_never_overwritten",
            "behaviour:an_amended_commit_is_someone_elses",
        ),
        "behaviour:a_branch_left_behind_that_someone_amended_is_left",
        "behaviour:a_ticked_box_asks_for_a_new_branch",
    ],
    "base moved": [
        *("behaviour:rebase", "behaviour:a_push_at_the_same_moment_wins"),
        "behaviour:base_moved_without_conflict_is_no_reason",
    ],
    "nothing left to fix": ["behaviour:what_we_closed_ourselves_is_no_refusal"],
    "limits": ["behaviour:one_open_at_a_time", "behaviour:limits_of_the_hour", "decide:the_one_thing_to_do"],
    "plan, then publish": [
        *("behaviour:a_dry_run_writes_nothing", "behaviour:a_plan_for_another_commit_is_not_carried_out"),
    ],
    "settings": [
        *("behaviour:settings_come_from_the_base_alone", "behaviour:settings_may_only_narrow"),
        *("onboarding:closing_it_keeps_the_bot_out_whoever_asks", "behaviour:reasons_to_skip"),
        "renamed:who_is_left_alone_stays_so_by_whatever_name",
    ],
    "labels, people, drafts, auto-merge": [
        *("dress:what_is_cut_or_refused_loses_nothing", "behaviour:labels_reviewers_and_drafts"),
        *("dress:what_rests_on_an_assumption_is_never_merged_by_itself", "codeowners:who_is_asked"),
    ],
    "typed reasons": ["behaviour:reasons_to_skip", "faults:every_row_has_a_typed_outcome_in_the_status"],
    "text": ["message:a_body_never_gets_too_long", "message:hostile_names_in_a_whole_body"],
}
SECURITY = {
    "no checkout": [
        "security:no_file_of_a_repository_is_ever_written_to_the_disk",
        "security:links_submodules_and_odd_names_are_passed_over_with_a_reason",
    ],
    "git's environment, names, sizes": [
        *("security:git_sees_nothing_of_this_machine", "security:protocols_that_are_not_spoken"),
        *("security:paths_that_are_refused", "security:files_that_are_too_large_are_not_taken"),
        *("large:trees_that_never_end", "codeowners:ignore_rules_that_take_for_ever"),
    ],
    "the token": [
        "security:the_token_is_in_no_argument_plan_or_body",
        "security:the_token_is_not_in_errors",
        "renamed:no_redirect_takes_the_token_to_another_machine",
    ],
    "only Dockerfiles are written": [
        *(
            "security:a_commit_that_writes_another_file_is_refused",
            "security:a_plan_that_would_do_more_is_refused",
        ),
    ],
    "nothing is run": ["security:nothing_but_git_is_run"],
    "webhooks": [
        *("serve:signatures_are_compared_in_constant_time", "hooks:who_knows_the_secret_is_heard_once"),
        "serve:a_push_is_an_order_and_a_second_delivery_is_none",
    ],
    "smallest permissions": [
        *("app:each_repository_has_a_token_of_its_own", "app:a_token_is_renewed_before_it_ends"),
    ],
    "our branches alone": [
        *(
            "security:other_branches_are_not_written_to",
            "security:notes_in_the_text_of_a_repository_are_not_ours",
        ),
    ],
}
FAULTS = {
    "renamed, at any moment": ["renamed:at_every_request_in_turn", "renamed:at_some_requests"],
    "100,000 files": ["large:a_hundred_thousand_files"],
    "gone, empty, archived, links, submodules, names, settings, permissions, protection": [
        "faults:every_row_has_a_typed_outcome_in_the_status"
    ],
    "settings are told once": ["complain:one_issue_edited_closed_and_opened_again"],
    "a cut or a refusal at any request": ["faults:at_every_request_in_turn", "faults:at_some_requests"],
    "forge down": ["faults:a_forge_that_is_down"],
    "secondary limit": ["pace:the_forge_says_when", "forges:the_forge_says_when"],
    "clock skew": ["faults:clocks_that_differ_by_a_day", "pace:their_clock_counts_for_the_primary_limit"],
    "killed at any request": ["durable:killed_at_every_request_in_turn", "postgres:both_die_here_and_there"],
}


@pytest.mark.parametrize("rows", [BEHAVIOUR, SECURITY, FAULTS])
def test_every_row_has_tests(rows: dict[str, list[str]]) -> None:
    assert (len(BEHAVIOUR), len(SECURITY)) == (13, 8)
    for row, tests in rows.items():
        assert tests, row
        for module, name in (test.split(":") for test in tests):
            tree = ast.parse((HERE / f"test_{module}.py").read_text("utf-8"))
            known = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert f"test_{name}" in known, f"{row}: {module}:{name}"
