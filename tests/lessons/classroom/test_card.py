"""The card of a learner: its content, what it never holds, and where it is written."""

import json

import pytest

from embedlab.explorers.lookup import LookupExplorer
from embedlab.lessons import answer, card, check
from embedlab.lessons.classroom import card as card_module


@pytest.fixture(autouse=True)
def in_a_new_session(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    card_module.clear()
    yield
    card_module.clear()


def test_card_holds_first_answers_and_no_personal_data():
    answer("01.predict", "a")
    answer("01.exit", "b")
    answer("01.exit", "c")
    check("01.lookup", lambda W, ids: ...)  # not begun: no try
    check("01.lookup", lambda W, ids: W[ids])
    check("01.fence", 3)
    explorer = LookupExplorer("a text of my own")
    explorer.answers = [{"question": "lookup.rows", "answer": [1, 5], "correct": True}]
    result = card(explorer)
    assert json.loads(result.json) == {
        "embedlab": 1,
        "answers": {
            "01.predict": ["a", False],
            "01.exit": ["b", False],
            "lookup.rows": ["[1,5]", True],
        },
        "checks": {"01.lookup": ["wrong", False], "01.fence": ["wrong", False]},
        "feedback": {
            "01.lookup": "It accepts id -1. NumPy silently counts negative ids from the end.",
            "01.fence": "the check needs the view or its state. Received int. Pass explorer, or "
            "explorer.state.",
        },
    }
    assert repr(result) == result.json


def test_card_keeps_first_diagnosis_and_counts_later_success():
    card_module.record_attempt("03.scatter_add", "M4", False)
    card_module.record_attempt("03.scatter_add", "M2", False)
    assert card().checks == {"03.scatter_add": ("M4", False)}
    card_module.record_attempt("03.scatter_add", None, True)
    card_module.record_attempt("03.scatter_add", "M4", False)  # playing on takes nothing away
    assert card().checks == {"03.scatter_add": ("M4", True)}
    card_module.record_attempt("01.lookup", None, True)
    assert card().checks["01.lookup"] == ("right", True)


def test_saving_writes_one_file_here_and_prints_one_line(tmp_path, capsys):
    answer("01.exit", "c")
    assert card().save() is None
    (written,) = tmp_path.iterdir()
    assert written.name.startswith("card-") and written.suffix == ".json"
    assert written.read_text("utf-8") == card().json + "\n"
    size = written.stat().st_size
    assert capsys.readouterr().out == (
        f"{written.name}: 1 answer in {size} bytes, and nothing about you.\n"
    )
    answer("01.predict", "a")
    check("01.fence", 3)
    card().save()
    assert [*tmp_path.iterdir()] == [written]  # the same session, the same card
    assert ": 2 answers and 1 check in " in capsys.readouterr().out
    assert "01.predict" in written.read_text("utf-8")
    card_module.clear()
    card().save()
    assert len([*tmp_path.iterdir()]) == 2


def test_card_is_written_beside_the_notebook(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    card().save("mine.json")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.json"]


def test_a_name_of_ones_own(tmp_path):
    card().save("mine.json")
    assert (tmp_path / "mine.json").read_text("utf-8") == card().json + "\n"


@pytest.mark.parametrize(
    "name",
    [
        "../card.json",
        "/tmp/card.json",
        "a\\b.json",
        "C:card.json",
        ".json",
        "..json",
        ".x.json",
        "lesson.ipynb",
        "card.json\n",
        "",
        3,
    ],
)
def test_card_does_not_overwrite_other_files(tmp_path, name):
    with pytest.raises(ValueError, match=r"plain file name that ends in \.json\. Received"):
        card().save(name)
    assert not [*tmp_path.iterdir()]


def test_it_fits_into_a_kilobyte_and_says_what_is_missing():
    for n in range(200):
        card_module.record_answer(f"{n:02d}.exit", "a", True)
    card_module.record_attempt("01.lookup", "M1", False)
    result = card()
    assert len(result.json.encode()) <= card_module.MOST_BYTES
    assert result.left_out == 200 - len(result.answers) > 0
    assert json.loads(result.json)["left_out"] == result.left_out
    assert "00.exit" in result.answers  # the earliest stay
    assert result.checks


def test_sentences_yield_to_answers():
    for n in range(12):
        card_module.record_answer(f"{n:02d}.exit", "a", True)
        card_module.record_attempt(f"{n:02d}.a", None, False, "Padding still counts. " * 9)
    result = card()
    assert len(result.json.encode()) <= card_module.MOST_BYTES
    assert len(result.answers) == len(result.checks) == 12
    assert 0 < len(result.feedback) < 12 and result.left_out == 12 - len(result.feedback)


def test_a_sentence_of_the_checker_holds_no_text_of_the_learner():
    def lookup(W, ids):
        raise FileNotFoundError("/home/ada.lovelace/thesis.txt")

    def rows(W, ids):
        return W[ids]

    check("01.lookup", lookup)
    assert "lovelace" in repr(check("01.lookup", lookup))
    check("01.lookup", rows)  # the first try counts
    text = card().json
    assert "Your function raised FileNotFoundError" in text and "home" not in text
    assert not any(part in text.lower() for part in ("ada", "lovelace", "thesis"))


def test_checks_alone_fit_too():
    for n in range(200):
        card_module.record_attempt(f"{n:02d}.exercise", None, True)
    result = card()
    assert len(result.json.encode()) <= card_module.MOST_BYTES
    assert result.left_out == 200 - len(result.checks) > 0
