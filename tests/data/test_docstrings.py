import sys

import pytest

from embedlab.data.docstrings import MissingTextError, read_docstrings

SOURCE = '''"""Module words."""
import this_is_never_imported
raise SystemExit("and never run")

class Thing:
    """Class words."""
    odd = "\\d"
    if True:
        def inside(self):
            r"""Method \\d words."""
    try:
        pass
    except ValueError:
        def handled(): "Handler words."
    else:
        async def later(): "Async words."
match 1:
    case 1:
        def matched(): "Case words."
def plain():
    x = "no docstring"
'''


def write(folder, **files):
    for name, text in files.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_docstrings_come_in_reading_order_and_nothing_is_run(tmp_path):
    write(tmp_path, code=SOURCE)
    first = [sentence[0] for sentence in read_docstrings(tmp_path).sentences]
    assert first == ["module", "class", "method", "handler", "async", "case"]
    assert "this_is_never_imported" not in sys.modules


def test_files_are_sorted_and_tests_left_out(tmp_path):
    docstring = '"""{}."""'.format
    write(
        tmp_path,
        b=docstring("second"),
        a__z=docstring("first"),
        c__tests__x=docstring("no"),
        test__y=docstring("no"),
        lib__idle_test__z=docstring("no"),
        d__test=docstring("third: only folders named test are left out"),
    )
    corpus = read_docstrings(tmp_path, name="mine")
    assert [sentence[0] for sentence in corpus.sentences] == ["first", "second", "third"]
    assert corpus.name == "mine"
    assert read_docstrings(tmp_path).name == tmp_path.name


def test_files_that_are_no_python_are_passed_over(tmp_path):
    write(tmp_path, bad="def (", good='"""Words."""', null="\0")
    tmp_path.joinpath("latin.py").write_bytes(b"'\xe9'")
    tmp_path.joinpath("declared.py").write_bytes(b"# coding: latin-1\n'''\xc9cole.'''\n")
    assert read_docstrings(tmp_path).tokens == ("école", "words")


def test_a_progress_bar_on_request(tmp_path, capsys):
    write(tmp_path, a='"""Words."""')
    read_docstrings(tmp_path)
    assert capsys.readouterr().err == ""
    assert read_docstrings(tmp_path, progress=True).tokens == ("words",)
    assert "1/1" in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, "x = 1"])
def test_a_folder_without_docstrings_is_refused(tmp_path, text):
    if text is not None:
        write(tmp_path, a=text)
    with pytest.raises(MissingTextError, match="Install Python's sources") as excinfo:
        read_docstrings(tmp_path)
    assert excinfo.value.looked_in == str(tmp_path.resolve())
    assert isinstance(excinfo.value, FileNotFoundError)
