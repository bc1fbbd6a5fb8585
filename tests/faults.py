"""Run the tests that hold each fault which users met, and print a table of them.

python tests/faults.py        all of them, some minutes
python tests/faults.py 2 9    some of them

A test in the browser half's own language needs Node, one in `tests/browser` Chromium.
"""

import argparse
import ast
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# What was seen, as a user would tell it, and what holds that it is mended.
FAULTS = {
    1: (
        "a small .keras file takes any amount of memory and time",
        [
            "tests/models/test_file_budget.py::test_what_a_config_asks_for_is_limited",
            "tests/models/test_file_budget.py::test_mutated_configs_are_read_or_refused",
            "tests/models/test_file_budget.py::test_a_start_that_the_file_replaces_is_not_drawn",
            "tests/models/test_hostile_files.py::test_a_zip_bomb",
            "tests/data/test_vectors.py::test_a_small_file_takes_little",
            "tests/data/test_vectors.py::test_tokens_and_adapters_take_little",
        ],
    ),
    2: (
        "a table on disk ends the process when the disk fills",
        [
            "tests/layers/test_placement.py::test_space_on_the_disk_is_reserved",
            "tests/layers/test_placement.py::test_a_full_disk_is_an_error_before_writing",
            "tests/layers/test_placement.py::test_no_space_for_the_moments_costs_no_training",
        ],
    ),
    3: (
        "embedlab lab keeps half lessons, stops at a cut record, writes through a link",
        [
            "tests/cli/test_lab.py::test_a_full_disk_leaves_no_half_lesson",
            "tests/cli/test_lab.py::test_a_copy_that_was_cut_off_is_mended",
            "tests/cli/test_lab.py::test_a_damaged_record_costs_no_work_and_is_mended",
            "tests/cli/test_lab.py::test_a_link_is_left_alone",
            "tests/cli/test_lab.py::test_what_is_no_file_is_neither_read_nor_replaced",
            "tests/lessons/test_question.py::test_what_is_no_file_is_not_waited_for",
        ],
    ),
    4: (
        "forty learners: kernels of closed and idle lessons stay",
        [
            "tests/binder/test_hub.py::test_a_server_brings_the_lessons_and_stops_idle_kernels",
            "tests/binder/test_hub.py::test_learners_read_the_settings_of_embedlab_lab",
            "tests/browser/test_lab.py::test_a_closed_lesson_frees_its_kernel",
        ],
    ),
    5: (
        "an edit whose answer is lost blocks a view for good",
        [
            "js/test/store.test.js::an edit whose answer is lost is sent again, whole, "
            "and ever less often",
            "tests/explorers/test_protocol.py::test_a_half_applied_edit_is_whole_when_sent_again",
            "tests/explorers/test_protocol.py::"
            "test_an_edit_sent_again_as_a_message_is_answered_once",
        ],
    ),
    6: (
        "memory limits of nested control groups are not seen",
        [
            "tests/layers/test_memory.py::test_the_tightest_of_nested_groups_counts",
            "tests/layers/test_memory.py::test_odd_control_groups_are_no_limit",
            "tests/layers/test_memory.py::test_a_limit_without_statistics_is_a_limit",
            "tests/layers/test_memory.py::test_container_limit_excludes_reclaimable_memory",
        ],
    ),
    7: (
        "a command ends in a traceback for what the system refuses",
        [
            f"tests/cli/test_faults.py::test_{name}"
            for name in (
                "output_is_a_folder",
                "output_is_a_device",
                "folder_of_the_output_is_a_file",
                "name_is_too_long",
                "disk_is_full",
                "folder_of_a_pack_or_of_the_lessons",
                "a_reader_that_has_enough",
            )
        ]
        + [
            "tests/cli/test_collect.py::test_what_cannot_be_is_one_line",
            "tests/cli/test_export.py::test_a_broken_notebook_is_one_line_and_no_page",
            "tests/lessons/classroom/test_read_card.py::test_what_no_session_writes_is_refused_in_one_line",
        ],
    ),
    8: (
        "a full disk or a damaged file in the cache of compiled kernels ends the call",
        [
            f"tests/core/test_cache_stamp.py::test_{name}"
            for name in (
                "a_full_disk_costs_time_and_not_the_call",
                "a_damaged_cache_is_compiled_anew",
                "no_damaged_machine_code_is_run",
                "a_pipe_in_the_cache_is_not_waited_for",
                "without_a_writable_folder_a_temporary_one_serves",
                "what_an_administrator_compiled_is_read",
            )
        ],
    ),
    9: (
        "cards, dashboards and pages are truncated before they are written",
        [
            f"tests/storage/test_atomic.py::test_{name}"
            for name in (
                "whatever_the_package_writes_is_written_whole",
                "what_was_left_under_another_host_name_goes_after_a_day",
                "a_long_name_of_many_bytes",
                "permissions_stay_and_links_are_followed",
                "a_new_file_has_the_permissions_of_any_new_file",
            )
        ],
    ),
    10: (
        "a fork after a parallel kernel waits for ever; two threads end the process",
        [
            "tests/core/test_processes.py::test_a_child_of_a_fork_computes_on_one_thread",
            "tests/core/test_processes.py::test_a_fork_while_a_thread_compiles",
            "tests/core/test_processes.py::test_threads_over_the_work_queue_take_no_turns_in_it",
        ],
    ),
    11: (
        "skip-gram reads stray memory when another thread changes the ids",
        ["tests/core/test_skipgram.py::test_ids_that_change_after_they_were_checked_are_not_read"],
    ),
    12: (
        "an interrupt leaves a view on old numbers; four inputs without a line of their own",
        [
            f"tests/explorers/test_protocol.py::test_{name}"
            for name in (
                "an_interrupt_undoes_the_edit_and_answers_it",
                "an_interrupt_while_a_refusal_is_sent",
                "an_interrupt_while_an_edit_is_undone",
                "an_undoing_that_is_interrupted_is_done_again",
            )
        ]
        + [
            "tests/explorers/test_state.py::test_what_is_unknown_is_refused",
            "tests/models/test_table_files.py::test_a_name_in_a_file_is_no_better_than_one_in_a_call",
            "tests/fuzz/test_readers.py::test_what_a_fuzzer_found",
            "tests/models/test_hostile_files.py::test_a_pipe_is_refused_and_not_waited_for",
        ],
    ),
    13: (
        "tests that want equal bits fail on the lowest NumPy",
        [
            "tests/layers/test_recurrent.py::test_a_masked_step_is_as_if_it_were_not_there",
            "tests/layers/test_recurrent.py::test_what_stands_in_the_padding_never_matters",
        ],
    ),
}
# What withstood an attack, and is to stay so.
ROBUST = {
    "a writer that is killed leaves a whole file": [
        "tests/storage/test_atomic.py::test_a_writer_killed_at_any_point_leaves_a_whole_file",
        "tests/storage/test_atomic.py::test_a_writer_killed_in_the_middle_of_a_write",
        "tests/storage/test_atomic.py::test_what_a_killed_writer_left_goes_with_the_next",
    ],
    "damaged files are refused in one line": [
        "tests/fuzz/test_readers.py::test_a_damaged_file_is_refused_in_one_line",
        "tests/models/test_hostile_files.py::test_any_flipped_byte_is_detected_or_harmless",
    ],
    "hostile text stays text": [
        "tests/browser/test_hostile.py::test_hostile_states_are_drawn_and_described",
        "tests/browser/test_export.py::test_hostile_words_stay_words",
        "tests/cli/test_export.py::test_no_script_of_a_notebook_runs_in_its_page",
        "tests/lessons/classroom/test_collect.py::"
        "test_markup_in_a_sentence_of_the_checker_stays_text",
    ],
    "a cut connection, a reloaded page, a kernel that is busy or killed": [
        f"tests/browser/test_lab.py::test_{name}"
        for name in (
            "two_hundred_edits_while_python_is_busy",
            "a_view_outlives_a_cut_connection",
            "a_reloaded_page_has_its_views",
            "after_a_kernel_was_killed_its_lesson_runs_again",
            "a_notebook_opened_again_shows_its_views",
        )
    ],
    "an interrupt in training or while a file is written": [
        "tests/models/test_fit.py::test_an_interrupt_leaves_whole_steps_and_training_goes_on",
        "tests/core/test_skipgram.py::test_an_interrupt_leaves_the_rows_of_whole_chunks",
        "tests/test_semantics.py::test_files_a_crash_while_writing_leaves_the_old_file",
    ],
    "eight threads of Python": [
        "tests/core/test_threads.py::test_eight_threads_of_python_give_the_same_bits_at_once"
    ],
}


def rows() -> list[tuple[str, str, list[str]]]:
    """Return number, words and tests of each fault, and of what withstood."""
    return [(str(number), *row) for number, row in FAULTS.items()] + [
        ("robust", words, tests) for words, tests in ROBUST.items()
    ]


def exists(test: str) -> bool:
    """Return whether the file has a test of that name."""
    name, _, function = test.partition("::")
    path = ROOT / name
    if not path.exists():
        return False
    text = path.read_text("utf-8")
    if path.suffix == ".js":
        return f'test("{function}"' in text
    return any(getattr(node, "name", "") == function for node in ast.parse(text).body)


WHOLE = "tests/browser/test_lab.py"  # one lesson in one browser: its tests go on from one another


class Outcomes:
    """A plugin of pytest that counts the outcomes of each test, over all its parameters."""

    def __init__(self):
        self.counts: dict[str, Counter] = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            test = re.sub(r"\[.*", "", report.nodeid, flags=re.DOTALL)
            self.counts.setdefault(test, Counter())[report.outcome] += 1


def run(tests: list[str]) -> dict[str, Counter]:
    """Run the tests, each once, and return their outcomes."""
    outcomes = Outcomes()
    python = [test for test in tests if ".py::" in test]
    if python:
        names = dict.fromkeys(WHOLE if test.startswith(WHOLE) else test for test in python)
        os.environ["EMBEDLAB_THOROUGH"] = "1"
        pytest.main(["-q", "--rootdir", str(ROOT), *names], plugins=[outcomes])
    for test in set(tests) - set(python):
        path, _, name = test.partition("::")
        only = f"--test-name-pattern=^{re.escape(name)}$"
        process = subprocess.run(
            ["node", "--test", only, Path(path).relative_to("js")],
            cwd=ROOT / "js",
            capture_output=True,
            text=True,
        )
        passed = not process.returncode and "# pass 1" in process.stdout
        outcomes.counts[test] = Counter(["passed" if passed else "failed"])
    return outcomes.counts


def main() -> int:
    """Print a table: number, what was seen, its tests, their outcomes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("numbers", nargs="*", choices=[*map(str, FAULTS), "robust", []])
    options = parser.parse_args()
    chosen = [row for row in rows() if not options.numbers or row[0] in options.numbers]
    counts = run(list(dict.fromkeys(t for _, _, tests in chosen for t in tests if exists(t))))
    print("\n| fault | what was seen, or withstood | tests | outcome |\n|--:|---|---|---|")
    failed = False
    for number, words, tests in chosen:
        for n, test in enumerate(tests):
            outcome = counts.get(test)
            text = (
                ", ".join(f"{count} {name}" for name, count in outcome.items()) if outcome else ""
            )
            failed |= outcome is None or set(outcome) != {"passed"}
            start = (number, words) if n == 0 else ("", "")
            print("| " + " | ".join([*start, test, text or "missing"]) + " |")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
