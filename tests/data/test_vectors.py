"""Word vectors in files: each format, written byte by byte, and files that are broken or lie."""

import gzip
import io
import json
import os
import pickle
import struct
import zipfile
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from embedlab.data import vectors
from embedlab.data.peft import read_adapters
from embedlab.data.vectors import Skipped, Vectors, growing_table, text
from embedlab.data.vectors.words import read_words, readable_token
from embedlab.explorers.geometry import GeometryExplorer
from embedlab.layers import Embedding
from embedlab.storage import FileRefused
from embedlab.traces.readonly import is_mapped

WORDS = ("the", "cat", "naïve", "日本", "at name", "10")
TABLE = np.array([[n + 0.5, -n, 0.25 * n] for n in range(6)], np.float32)
LINES = [f"{w} {' '.join(map(str, row))}" for w, row in zip(WORDS, TABLE.tolist(), strict=True)]
GLOVE = "".join(f"{line}\n" for line in LINES).encode()
BINARY = b"6 3\n" + b"".join(
    w.replace(" ", "_").encode() + b" " + row.tobytes() for w, row in zip(WORDS, TABLE, strict=True)
)
SKIP = 'Pass on_error="skip"'


def opened(tmp_path, content, name="v.txt", **options):
    path = tmp_path / name
    path.write_bytes(content)
    return vectors.open(path, **options)


def refused(tmp_path, content, name="v.txt", **options):
    """Return the one line in which a file is refused."""
    with pytest.raises(FileRefused) as caught:
        opened(tmp_path, content, name, **options)
    line = str(caught.value)
    assert "\n" not in line and "Received" in line and line.endswith(".") and len(line) < 1200
    assert caught.value.path == str(tmp_path / name)
    return line


def check(read, words=WORDS, table=TABLE, mapped=False):
    assert read.words == tuple(words)
    assert np.array_equal(read.table, table) and read.table.dtype == table.dtype
    assert not read.table.flags.writeable and read.table.flags.c_contiguous
    assert is_mapped(read.table) == mapped and read.table.flags.aligned


# Text and binary ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        GLOVE,
        GLOVE[:-1],  # no newline at the end
        b"\xef\xbb\xbf" + GLOVE,
        GLOVE.replace(b"\n", b"\r\n"),
        GLOVE.replace(b"\n", b" \n") + b"\n\n",  # fastText's spaces, blank lines
        b"6 3\n" + GLOVE,
        b"6 3\r\n" + GLOVE.replace(b"\n", b"\r\n"),
        GLOVE.replace(b"at name", b"at!name").replace(b" ", b"\t").replace(b"at!name", b"at name"),
        gzip.compress(GLOVE),
    ],
    ids=["glove", "end", "bom", "crlf", "spaces", "header", "header-crlf", "tabs", "gz"],
)
def test_text(tmp_path, content):
    check(opened(tmp_path, content))


@pytest.mark.parametrize("between", [b"", b"\n"])
def test_word2vec_binary(tmp_path, between):
    words = [w.replace(" ", "_") for w in WORDS]
    content = b"6 3\n" + b"".join(
        w.encode() + b" " + row.tobytes() + between for w, row in zip(words, TABLE, strict=True)
    )
    check(opened(tmp_path, content, "v.bin"), words)
    check(opened(tmp_path, gzip.compress(content), "v.bin.gz"), words)
    check(opened(tmp_path, content, limit=2), words[:2], TABLE[:2])


def test_binary_larger_than_a_chunk(tmp_path):
    table = np.random.default_rng(0).normal(size=(700, 900)).astype(np.float32)
    words = [f"w{n}" for n in range(700)]
    rows = (w.encode() + b" " + r.tobytes() for w, r in zip(words, table, strict=True))
    check(opened(tmp_path, b"700 900\n" + b"".join(rows)), words, table)


def test_a_growing_table_is_that_of_all_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(growing_table, "GROWTH_BYTES", 1 << 10)
    table = np.random.default_rng(0).normal(size=(2000, 4)).astype(np.float32)
    content = b"".join(b"w%d %r %r %r %r\n" % (n, *row) for n, row in enumerate(table.tolist()))
    words = [f"w{n}" for n in range(2000)]
    check(opened(tmp_path, content), words, table)
    check(opened(tmp_path, content, limit=1500), words[:1500], table[:1500])


def test_limit_reads_no_further(tmp_path):
    broken = b"6 3\n" + GLOVE + b"broken\n"
    check(opened(tmp_path, broken, limit=2), WORDS[:2], TABLE[:2])


def test_a_bar_counts_what_is_read(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("embedlab.data.vectors.open_file.BAR_BYTES", 10)
    monkeypatch.setattr("embedlab.data.vectors.open_file.BAR_DELAY", 0)
    check(opened(tmp_path, gzip.compress(GLOVE)))
    assert "v.txt" in capsys.readouterr().err
    check(opened(tmp_path, GLOVE, progress=False))
    assert not capsys.readouterr().err


BROKEN_LINES = {
    b"cat 1.0 2.0": ("2 numbers after b'cat'", "hold a word and 3 numbers"),
    b"cat 1.0 2.0 3.0 4.0x 5.0": ("5 numbers after b'cat'", "hold a word and 3 numbers"),
    b"cat 1.0 two 3.0": ("b'two', which is no number,", "hold a word and 3 numbers"),
    b"cat 1.0 1_0 3.0": ("b'1_0', which is no number,", "hold a word and 3 numbers"),
    b"cat 1.0 0x1p3 3.0": ("b'0x1p3', which is no number,", "hold a word and 3 numbers"),
    b"cat 1.0 1\xc2\xa0 3.0": ("b'1\\xc2\\xa0', which is no number,", "hold a word and 3 numbers"),
    b"cat 1.0 nan 3.0": ("nan as number 2 of 'cat'", "hold finite numbers"),
    b"cat 1.0 2.0 -inf": ("-inf as number 3 of 'cat'", "hold finite numbers"),
    b"cat 1.0 1e39 3.0": ("inf as number 2 of 'cat'", "hold finite numbers"),
    b"c\xffat 1.0 2.0 3.0": ("b'c\\xffat'", "hold words in UTF-8"),
    b" 1.0 2.0 3.0": ("2 numbers after b'1.0'", "hold a word and 3 numbers"),
    b"the 1.0 2.0 3.0": ("'the' again", "hold each word once"),
}


@pytest.mark.parametrize("broken", BROKEN_LINES, ids=lambda line: repr(line)[2:-1])
def test_a_broken_line_is_named_or_skipped(tmp_path, broken):
    content = GLOVE.replace(LINES[1].encode(), broken)
    reason, must = BROKEN_LINES[broken]
    line = refused(tmp_path, content)
    assert f"must {must}" in line and f"Received {reason} in line 2. {SKIP}" in line
    read = opened(tmp_path, content, on_error="skip")
    check(read, [*WORDS[:1], *WORDS[2:]], np.delete(TABLE, 1, 0))
    assert read.skipped == (Skipped(2, reason),)


def test_broken_rows_of_the_binary_format(tmp_path):
    row = TABLE[1].tobytes()
    for broken, reason in (
        (b"c\xfft " + row, "b'c\\xfft'"),
        (b"the " + row, "'the' again"),
        (b" " + row, "none"),
        (b"cat " + np.float32([0, np.nan, 0]).tobytes(), "nan as number 2 of 'cat'"),
    ):
        content = BINARY.replace(b"cat " + row, broken)
        assert f"Received {reason} in line 3." in refused(tmp_path, content)
        read = opened(tmp_path, content, on_error="skip")
        assert len(read) == 5 and read.skipped == (Skipped(3, reason),)


def test_another_number_of_words_than_announced(tmp_path):
    for content, reason in (
        (b"7 3\n" + GLOVE, "announces 7 words; there are 6"),
        (b"5 3\n" + GLOVE, "announces 5 words; there are more"),
        (BINARY.replace(b"6 3\n", b"9 3\n"), "announces 9 words; there are 6"),
        (BINARY.replace(b"6 3\n", b"4 3\n"), "announces 4 words; there are more"),
        (BINARY[:-1], "announces 6 words; there are 5"),
        (b"999999999999999999 3\n" + GLOVE, "announces 999,999,999,999,999,999 words"),
        (BINARY.replace(b"6 3\n", b"999999999999999999 3\n"), "there are 6"),
    ):
        assert "words that its first line announces. Received" in refused(tmp_path, content)
        read = opened(tmp_path, content, on_error="skip")
        assert read.skipped[0].line == 1 and reason in read.skipped[0].reason
        assert len(read) == (4 if b"4 3\n" in content else 5 if content == BINARY[:-1] else 6)


def test_a_word_may_contain_spaces(tmp_path):
    content = b". . . 1 2\n1 2 3 4\nnew york city 0 1\ncat 5 6\ndog 7 8\nbird 9 9\n"
    read = opened(tmp_path, content)
    assert read.words == (". . .", "1 2", "new york city", "cat", "dog", "bird")
    assert read.table[1].tolist() == [3, 4]


def test_too_many_broken_lines_are_another_format(tmp_path, monkeypatch):
    monkeypatch.setattr(growing_table, "SKIPPED_MAX", 20)
    content = b"w 1.0 2.0\n" * 30
    assert "more than 20 others" in refused(tmp_path, content, on_error="skip")


# Files that are no vectors, damaged or hostile ----------------------------------------------------


class Bomb:
    def __reduce__(self):
        return (os.system, ("touch /tmp/embedlab-bomb",))


def packed(**parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(dtype="F32", shape=(2, 2), offsets=(0, 16)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


NPY = npy(TABLE)
BAD = {
    "empty": (b"", "an empty file"),
    "blank": (b"\n \n\n", "an empty file"),
    "one word": (b"hello\n", "0 numbers after"),
    "text": (b"The cat sat.\nA dog ran off.\n", "no number"),
    "json": (b'{"a": 1}', "JSON"),
    "page": (b"<!DOCTYPE html><p>404", "a page"),
    "utf-16": ("cat 1 2\n".encode("utf-16"), "UTF-16"),
    "unknown": (bytes(range(1, 60)), "none of the formats"),
    "no rows": (b"0 3\n", "0 words of 3 numbers"),
    "no numbers": (b"3 0\na\n", "3 words of 0 numbers"),
    "wide": (b"3 99999999999\na 1 2\n", "99999999999 numbers"),
    "wide binary": (b"3 99999999999\n\0\0", "b'3 99999999999"),
    "long word": (b"2 2\n" + b"\1" * 9000, "and no end"),
    "cut gz": (gzip.compress(GLOVE * 9)[:-20], "end-of-stream"),
    "damaged gz": (gzip.compress(GLOVE)[:20] + b"\0\0\0\0" * 9, "cannot be read"),
    "bz2": (b"BZh91AY&SY", "packed with bz2"),
    "xz": (b"\xfd7zXZ\0", "packed with xz"),
    "fasttext": (b"\xba\x16\x4f\x2f\x0c\0\0\0", "a model of fastText"),
    "pickle": (pickle.dumps(Bomb()), "a pickle, which could execute anything"),
    "zip of text": (packed(**{"glove.txt": GLOVE}), "a zip archive of ['glove.txt']"),
    "cut zip": (packed(**{"a.npy": NPY})[:-9], "cannot be read"),
    "cut npy": (NPY[:-1], "cannot be read"),
    "npy header": (NPY[:9] + b"\xff" + NPY[10:40], "cannot be read"),
    "npy lies": (NPY.replace(b"(6, 3)", b"(9**9,3)"[:6]), "cannot be read"),
    "npy huge": (NPY.replace(b"(6, 3), }  ", b"(6, 3000)}"), "cannot be read"),
    "npy of objects": (npy(np.array([Bomb()]), allow_pickle=True), "Python objects"),
    "npy of integers": (npy(np.ones((2, 2), int)), "int64 of shape (2, 2)"),
    "npy of one axis": (npy(np.ones(2)), "float64 of shape (2,)"),
    "npy without rows": (npy(np.ones((0, 2))), "float64 of shape (0, 2)"),
    "npz lies": (packed(**{"a.npy": NPY.replace(b"(6, 3)", b"(6, 4)")}), "96 bytes in"),
    "npz bomb": (packed(**{"a.npy": npy(np.zeros((3000, 3000)))}), "72,000,128 bytes when"),
    "npz of objects": (packed(**{"a.npy": npy(np.array([Bomb()]))}), "Python objects"),
    "npz leads out": (packed(**{"../a.npy": NPY}), "'../a.npy'"),
    "npz without tables": (packed(**{"a.npy": npy(np.ones(3))}), "none among 1 arrays"),
}
if np.dtype(np.longdouble).itemsize > 8:  # not on every machine
    BAD["long doubles"] = (npy(np.ones((2, 2), np.longdouble)), "of shape (2, 2)")
BAD_SAFETENSORS = {
    "empty": (b"", "b''"),
    "cut": (safetensors({"a": tensor()}, bytes(15)), "'a' of shape (2, 2) at 0 to 16"),
    "huge header": (safetensors(b"{", length=1 << 60), "1,152,921,504,606,846,976"),
    "no json": (safetensors(b"{!!!!"), "cannot be read"),
    "deep": (safetensors(b'{"a":' * 100_000), "cannot be read"),
    "no tensors": (safetensors(b"{}"), "no array of floats"),
    "shape lies": (safetensors({"a": tensor(shape=(2, 3))}, bytes(16)), "in 16 bytes"),
    "negative": (safetensors({"a": tensor(offsets=(-16, 0))}, bytes(16)), "at -16 to 0"),
    "overflow": (safetensors({"a": tensor(shape=(2**62, 16))}, bytes(16)), "in 16 bytes"),
    "no list": (safetensors({"a": 3}), "cannot be read"),
    "integers": (safetensors({"a": tensor("I32")}, bytes(16)), "no array of floats"),
    "float8": (safetensors({"a": tensor("F8_E4M3", (4, 4))}, bytes(16)), "no array of floats"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_one_line(tmp_path, kind):
    content, reason = BAD[kind]
    for on_error in ("raise", "skip"):
        line = refused(tmp_path, content, on_error=on_error)
        skipped = on_error == "skip" and "hold at least one vector" in line
        assert reason in line or skipped


@pytest.mark.parametrize("kind", BAD_SAFETENSORS)
def test_a_bad_safetensors_file(tmp_path, kind):
    content, reason = BAD_SAFETENSORS[kind]
    assert reason in refused(tmp_path, content, "v.safetensors")


def test_what_is_no_file_and_a_link(tmp_path):
    with pytest.raises(FileRefused, match="Received a folder"):
        vectors.open(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileRefused, match="Received a pipe or a device"):
        vectors.open(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError):
        vectors.open(tmp_path / "nothing")
    (tmp_path / "v.txt").write_bytes(GLOVE)
    (tmp_path / "link").symlink_to(tmp_path / "v.txt")
    check(vectors.open(tmp_path / "link"))
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    with pytest.raises(FileRefused, match="cannot be read"):
        vectors.open(tmp_path / "itself")
    with pytest.raises(TypeError, match=r"path must name a file\. Received int"):
        vectors.open(3)


def test_an_address_and_no_name_are_refused():
    with pytest.raises(FileRefused, match=r"the address https://a.org/v.txt\. Download it"):
        vectors.open("https://a.org/v.txt")
    with pytest.raises(FileRefused, match="Received no name"):
        vectors.open("")


def test_words_of_rows_are_a_list(tmp_path):
    np.save(tmp_path / "v.npy", TABLE[:3])
    for words in (["a", None, 3], (w for w in ("a", "", "3")), np.array(["a", "", "3"])):
        assert vectors.open(tmp_path / "v.npy", words=words).words == ("a", "", "3")
    for words in ({"a": 0, "b": 1, "c": 2}, b"abc", 3):
        with pytest.raises(TypeError, match=r"a list of the words, .* Pass list\(words\)"):
            vectors.open(tmp_path / "v.npy", words=words)


def test_a_line_without_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MAX_LINE", 200)
    assert "and no end in line 2" in refused(tmp_path, b"cat 1.0 2.0\n" + b"9" * 1000)


def test_options_that_do_not_fit(tmp_path):
    for option, match in (
        ({"format": "csv"}, 'format must be "glove"'),
        ({"on_error": "ignore"}, 'on_error must be "raise" or "skip"'),
        ({"limit": 0}, "limit must be"),
        ({"tensor": "a"}, "a file with words of its own"),
        ({"format": "word2vec"}, "begin with the number of words"),
        ({"format": "word2vec-binary"}, "begin with the number of words"),
    ):
        with pytest.raises(ValueError, match=match):
            opened(tmp_path, GLOVE, **option)
    check(opened(tmp_path, b"5 3\n6 4\n", format="glove"), ("5", "6"), np.float32([[3], [4]]))


# Arrays -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
@pytest.mark.parametrize("order", "CF")
def test_npy(tmp_path, dtype, order):
    array = np.array(TABLE, dtype, order=order)
    mapped = order == "C" and dtype != ">f4"
    read = opened(tmp_path, npy(array), "v.npy", words=WORDS)
    check(read, table=TABLE.astype(dtype.strip(">")), mapped=mapped)
    assert opened(tmp_path, npy(array), limit=2).words == ("", "")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_with_words(tmp_path, save):
    save(tmp_path / "v.npz", table=TABLE, words=np.array(WORDS), ids=np.arange(3))
    check(vectors.open(tmp_path / "v.npz"))
    save(tmp_path / "v.npz", one=TABLE, two=TABLE + 1)
    with pytest.raises(FileRefused, match=r"Received 2: 'one' \(6, 3\), 'two' \(6, 3\). Pass ten"):
        vectors.open(tmp_path / "v.npz")
    read = vectors.open(tmp_path / "v.npz", tensor="two", words=list(WORDS))
    check(read, table=TABLE + 1)
    assert read.source == "v.npz: two"


def test_safetensors(tmp_path):
    data = np.arange(8, dtype=np.float32).reshape(4, 2)
    header = {
        "__metadata__": {"format": "pt"},
        "odd": tensor("U8", (3,), (0, 3)),
        "wte.weight": tensor("F32", (4, 2), (3, 35)),
        "wpe.weight": tensor("BF16", (4, 2), (35, 51)),
    }
    upper = (data.view(np.uint32) >> 16).astype("<u2")
    content = safetensors(header, b"odd" + data.tobytes() + upper.tobytes())
    for padding in range(4):  # numbers need not be aligned in the file
        padded = safetensors(json.dumps(header).encode() + b" " * padding, content[-51:])
        read = opened(tmp_path, padded, "v.safetensors")
        assert read.source == "v.safetensors: wte.weight" and read.words == ("",) * 4
        assert np.array_equal(read.table, data) and read.table.flags.aligned
    positions = opened(tmp_path, content, "v.safetensors", tensor="wpe.weight")
    assert positions.table.dtype == np.float32 and np.array_equal(positions.table, data)
    line = refused(tmp_path, content, "v.safetensors", tensor="odd")
    assert "floats under 'odd'. Received U8" in line
    line = refused(tmp_path, content, "v.safetensors", tensor="x")
    assert "'x'; there are 'wpe.weight' (4, 2), 'wte.weight' (4, 2)" in line


# Safetensors in several files ---------------------------------------------------------------------

WTE, HEAD = "model.embed_tokens.weight", "lm_head.weight"
SHARDS = {WTE: "model-00001-of-00002.safetensors", HEAD: "model-00002-of-00002.safetensors"}


def sharded(folder, weight_map=None, name="model.safetensors.index.json"):
    """Write a model of two files with its index, and return the path of the index."""
    folder.mkdir(exist_ok=True)
    for n, file in enumerate(SHARDS.values()):
        save_file({[WTE, HEAD][n]: TABLE + n, f"norm{n}": np.ones(3, "f4")}, folder / file)
    index = {"metadata": {"total_size": 144}, "weight_map": weight_map or SHARDS | {"norm0": "no"}}
    (folder / name).write_text(json.dumps(index))
    (folder / "vocab.txt").write_text("\n".join(f"w{n}" for n in range(6)))
    return folder / name


def test_a_model_in_several_files(tmp_path):
    index = sharded(tmp_path)
    for path in (index, tmp_path, tmp_path / SHARDS[WTE]):
        result = vectors.open(path)
        assert result.source.endswith(f": {WTE}") and result.words[5] == "w5"
        np.testing.assert_array_equal(result.table, TABLE)
    (tmp_path / SHARDS[WTE]).unlink()  # only the file with the tensor is read
    result = vectors.open(index, tensor=HEAD)
    np.testing.assert_array_equal(result.table, TABLE + 1)
    assert result.source == f"model.safetensors.index.json: {HEAD}"
    assert is_mapped(result.table)
    sharded(tmp_path)
    result = vectors.open(tmp_path / SHARDS[HEAD], tensor=WTE)  # the index says where it is
    np.testing.assert_array_equal(result.table, TABLE)


def test_tensors_of_several_files_are_listed(tmp_path):
    index = sharded(tmp_path, {"a.emb": "x.safetensors", "b": "x.safetensors"})
    with pytest.raises(FileRefused, match=r"known\. Received 2: 'a.emb', 'b'\. Pass tensor="):
        vectors.open(index)
    with pytest.raises(FileRefused, match=r"'wte'; there are 'a.emb', 'b'\. Choose one"):
        vectors.open(index, tensor="wte")
    for make in (lambda path: None, os.mkfifo):
        make(tmp_path / "x.safetensors")
        with pytest.raises(FileRefused, match=r"no file 'x.safetensors'\. Download that too"):
            vectors.open(index, tensor="b")


BAD_INDEX = {
    "no json": (b"{", "cannot be read"),
    "deep": (b"[" * 100_000, "cannot be read"),
    "list": (b"[1]", "Received list without one"),
    "no map": (b'{"a": 1}', "Received dict without one"),
    "empty map": (b'{"weight_map": {}}', "Received {}"),
    "map of numbers": (b'{"weight_map": {"wte": 3}}', "Received 3 for 'wte'"),
    "up": (b'{"weight_map": {"wte": "../a.safetensors"}}', "'../a.safetensors'. Do not trust"),
    "absolute": (b'{"weight_map": {"wte": "/a.safetensors"}}', "'/a.safetensors'. Do not trust"),
    "drive": (b'{"weight_map": {"wte": "C:a.safetensors"}}', "Do not trust"),
    "backslash": (b'{"weight_map": {"wte": "..\\\\a.safetensors"}}', "Do not trust"),
    "zero": (b'{"weight_map": {"wte": "a\\u0000.safetensors"}}', "Do not trust"),
    "itself": (b'{"weight_map": {"wte": "v.safetensors.index.json"}}', "Do not trust"),
    "link out": (b'{"weight_map": {"wte": "out.safetensors"}}', "'out.safetensors'. Do not trust"),
    "loop": (b'{"weight_map": {"wte": "loop.safetensors"}}', "loop.safetensors"),
    "no tensors": (b'{"weight_map": {"wte": "v.safetensors"}}', "v.safetensors must "),
    "other tensors": (b'{"weight_map": {"wte": "b.safetensors"}}', "'wte'; there are 'b'"),
}


@pytest.mark.parametrize("kind", BAD_INDEX)
def test_a_bad_index_is_refused_in_one_line(tmp_path, kind):
    content, reason = BAD_INDEX[kind]
    folder = tmp_path / "model"
    folder.mkdir()
    for path in (tmp_path / "a.safetensors", folder / "b.safetensors"):
        save_file({"b": TABLE}, path)
    (folder / "v.safetensors").write_bytes(b"no tensors")
    (folder / "out.safetensors").symlink_to(tmp_path / "a.safetensors")
    (folder / "loop.safetensors").symlink_to("loop.safetensors")
    index = folder / "v.safetensors.index.json"
    index.write_bytes(content)
    with pytest.raises(FileRefused) as caught:
        vectors.open(index)
    line = str(caught.value)
    assert reason in line and "\n" not in line and line.endswith(".")


def test_a_huge_index_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("embedlab.data.vectors.sharded.MAX_BYTES", 10)
    with pytest.raises(FileRefused, match="be at most 10 bytes"):
        vectors.open(sharded(tmp_path))


def test_links_of_a_cache_of_snapshots_are_followed(tmp_path):
    """As the cache of Hugging Face has them: each file is a link to ../../blobs."""
    blobs, snapshot = tmp_path / "models--a" / "blobs", tmp_path / "models--a" / "snapshots" / "1f"
    sharded(tmp_path / "m")
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for n, file in enumerate(sorted((tmp_path / "m").iterdir())):
        file.rename(blobs / str(n))
        (snapshot / file.name).symlink_to(f"../../blobs/{n}")
    np.testing.assert_array_equal(vectors.open(snapshot).table, TABLE)


def test_a_folder_with_one_safetensors_file(tmp_path):
    save_file({"wte.weight": TABLE}, tmp_path / "model.safetensors")
    check(vectors.open(tmp_path), ("",) * 6, TABLE, mapped=True)
    save_file({"wte.weight": TABLE}, tmp_path / "other.safetensors")
    with pytest.raises(FileRefused, match="a folder"):
        vectors.open(tmp_path)


@pytest.mark.peers
def test_files_of_torch(tmp_path):
    import torch

    path, table = tmp_path / "model.pt", torch.tensor(TABLE)
    state = {"emb.weight": table, "steps": torch.arange(3)}
    for content, options in (
        (state, {}),
        (table, {}),
        ({"state_dict": {"emb.weight": table.bfloat16()}}, {}),
        (state, {"_use_new_zipfile_serialization": False}),
        ({"tok_embeddings.weight": table, "output.weight": table + 1}, {}),
    ):
        torch.save(content, path, **options)
        check(vectors.open(path, words=WORDS))
    torch.save(torch.nn.Embedding(2, 2), path)
    with pytest.raises(FileRefused, match=r"tensors only. Received objects, .*state_dict\(\)"):
        vectors.open(path)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(FileRefused):
        vectors.open(path)


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
def test_files_of_keras(tmp_path, name):
    from embedlab.layers import Dense, GlobalAveragePooling1D
    from embedlab.models import Sequential

    path, layer = tmp_path / name, Embedding(6, 3, weights=TABLE, input_length=2, name="words")
    model = Sequential([layer, GlobalAveragePooling1D(), Dense(6)])
    (model.save if name == "m.keras" else model.save_weights)(path)
    read = vectors.open(path, words=WORDS)
    check(read)
    assert read.source == f"{name}: layers/embedding/vars/0"
    check(vectors.open(path, words=WORDS, tensor="words"))
    with pytest.raises(FileRefused, match=r"'x'; there are 'layers/embedding/vars/0' \(6, 3\)"):
        vectors.open(path, tensor="x")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FileRefused):
        vectors.open(path)


def test_files_of_older_keras(tmp_path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["model_weights/words/words/embeddings:0"] = TABLE
        file["model_weights/dense/dense/kernel:0"] = TABLE + 1
        file["optimizer_weights/adam/words/embeddings/m:0"] = TABLE
    check(vectors.open(path, words=WORDS))
    with h5py.File(path, "a") as file:
        file["model_weights/other/other/embeddings:0"] = TABLE
    with pytest.raises(FileRefused, match=r"Received 3: .*Pass tensor=\.\.\. with one of these"):
        vectors.open(path)


# Words --------------------------------------------------------------------------------------------


def tokenizer(tmp_path, content, rows=6, name="tokenizer.json"):
    (tmp_path / name).write_text(json.dumps(content))
    return opened(tmp_path, npy(np.ones((rows, 2))), "v.npy", words=tmp_path / name).words


def test_tokens_are_readable(tmp_path):
    pieces = {"[PAD]": 0, "cat": 1, "##s": 2}
    words = ("[PAD]", "cat", "##s", "", "", "")
    assert tokenizer(tmp_path, {"model": {"type": "WordPiece", "vocab": pieces}}) == words
    unigram = [["<unk>", 0.0], ["▁the", -1.5], ["▁", -2.0], ["<0x0A>", 0.0]]
    words = ("<unk>", "␣the", "␣", "<0x0A>", "", "")
    assert tokenizer(tmp_path, {"model": {"type": "Unigram", "vocab": unigram}}) == words
    letters = {"Ġcat": 0, "Ã©": 1, "Ċ": 2, "åħ¬": 3, "ð": 4}
    words = ("␣cat", "é", "␊", "公", "<0xF0>", "<|end Ġ|>")
    content = {
        "model": {"type": "BPE", "vocab": letters},
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteLevel"}]},
        "added_tokens": [{"id": 5, "content": "<|end Ġ|>"}],
    }
    assert tokenizer(tmp_path, content) == words
    assert tokenizer(tmp_path, letters, name="vocab.json")[:5] == words[:5]
    every = [chr(c) for c in range(0x180)]
    assert len({readable_token(c, byte_level=True) for c in every}) >= 256


def test_words_in_the_folder_of_a_table(tmp_path):
    (tmp_path / "vocab.txt").write_bytes("\ufeff".encode() + "\r\n".join(WORDS).encode())
    check(opened(tmp_path, NPY, "v.npy"), mapped=True)
    (tmp_path / "v.words.txt").write_text("\n".join("abcdef") + "\n")
    check(opened(tmp_path, NPY, "v.npy"), "abcdef", mapped=True)
    (tmp_path / "v.words.txt").write_text("of another table")
    with pytest.warns(UserWarning, match=r"Rows have no words: .*v.words.txt .* Received 1\."):
        assert opened(tmp_path, NPY, "v.npy").words == ("",) * 6


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("w.txt", b"a\nb\n", "for each of 6 rows. Received 2"),
        ("w.txt", b"a\n" * 9, "for each of 6 rows. Received 9"),
        ("w.txt", b"a\nb\xff\n", "words in UTF-8. Received b'\\xff\\n' in line 2"),
        ("w.json", b"[1]", "JSON of a tokenizer. Received list"),
        ("w.json", b"{", "cannot be read"),
        ("w.json", b'{"a": 6}', "ids from 0 to 5, the rows of the table. Received 6 for 'a'"),
        ("w.json", b'{"a": 1e99}', "Received 1e+99 for 'a'"),
        ("w.json", b'{"model": {"vocab": 3}}', "tokens of a tokenizer and their ids. Received int"),
        ("w.json", b'{"model": {}}', "tokens of a tokenizer and their ids. Received none"),
        ("w.json", b"{}", "tokens of a tokenizer and their ids. Received none"),
        ("w.json", b'{"a":' * 100_000, "cannot be read"),
    ],
)
def test_bad_words_are_refused(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileRefused) as caught:
        opened(tmp_path, NPY, "v.npy", words=tmp_path / name)
    assert reason in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.path == str(tmp_path / name)


# What a file may take -----------------------------------------------------------------------------

EMPTY = b"[" + b"{}," * 400_000 + b"{}]"  # a megabyte, and 28 as objects


def npz_of_words(count):
    buffer = io.BytesIO()
    words = np.full(count, "\u4e00\u4e01")
    np.savez_compressed(buffer, table=np.ones((count, 1), np.float16), words=words)
    return buffer.getvalue()


def keras_bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", bytes(80 << 20))
    return buffer.getvalue()


def with_header(text):
    return struct.pack("<Q", len(text)) + text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("v.keras", keras_bomb),
        ("v.npz", lambda: npz_of_words(900_000)),
        ("v.safetensors", lambda: with_header(b'{"a":' + EMPTY + b"}")),
        ("m.safetensors.index.json", lambda: b'{"weight_map": {"a": "b"}, "a":' + EMPTY + b"}"),
    ],
)
def test_a_small_file_takes_little(tmp_path, name, content):
    line = refused(tmp_path, content(), name)
    assert "must ask for at most 64 MB and 8 times its size. Received" in line


def test_tokens_and_adapters_take_little(tmp_path):
    (tmp_path / "tokenizer.json").write_bytes(b'{"model": {"vocab": {}}, "a":' + EMPTY + b"}")
    with pytest.raises(FileRefused, match=r"tokenizer.json must ask for .* 16 times its size\."):
        opened(tmp_path, NPY, "v.npy", words=tmp_path / "tokenizer.json")
    config = b'{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "a":' + EMPTY + b"}"
    (tmp_path / "adapter_config.json").write_bytes(config)
    with pytest.raises(FileRefused, match=r"config.json must ask for .* 8 times its size\."):
        read_adapters(tmp_path)


def test_the_merges_of_a_large_tokenizer_are_read(tmp_path):
    """As those of a tokenizer with 256 000 tokens, a tenth of them: pairs in lists."""
    vocab = {f"token{n}": n for n in range(25_600)}
    merges = [[f"to{n}", "ken"] for n in range(58_000)]
    text = json.dumps({"model": {"vocab": vocab, "merges": merges * 5}})
    (tmp_path / "tokenizer.json").write_text(text)
    words = read_words(tmp_path / "tokenizer.json", 25_600)
    assert words[25_599] == "token25599"


# What takes them ----------------------------------------------------------------------------------


def test_vectors_in_a_layer_and_in_explorers(tmp_path):
    read = opened(tmp_path, GLOVE)
    assert np.array_equal(Embedding(6, 3, weights=read)([1]), TABLE[[1]])
    assert np.array_equal(Embedding.from_pretrained(read)([5]), TABLE[[5]])
    one = GeometryExplorer("cat", table=read)
    other = GeometryExplorer.open(tmp_path / "v.txt", "cat", plane="random")
    assert one.trace.near.tolist() == other.trace.near.tolist()
    assert other.trace.words == WORDS and other.plane == "random"
    other.word = "日本"
    assert other.trace.picked == 3
    with pytest.raises(FileRefused):
        GeometryExplorer.open(tmp_path)
    assert GeometryExplorer.open(tmp_path / "v.txt", limit=2).trace.words == WORDS[:2]


def test_a_token_is_found_in_any_writing(tmp_path):
    vocab = {"Ġcat": 0, "dog": 1, "Ġdog": 2, "ant": 3, "x": 4, "y": 5}
    path = tmp_path / "vocab.json"
    path.write_text(json.dumps(vocab))
    explorer = GeometryExplorer("dog", table=opened(tmp_path, NPY, "v.npy"))
    for word, row in (("dog", 1), ("cat", 0), ("Ġcat", 0), ("▁dog", 2), ("␣dog", 2), ("ANT", 3)):
        explorer.word = word
        assert explorer.error is None and explorer.trace.picked == row


def test_vectors_of_gensim_pass_through():
    loaded = SimpleNamespace(index_to_key=list(WORDS), vectors=TABLE)
    check(vectors.open(loaded))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_word_has_its_row(tmp_path, dtype):
    buffer = io.BytesIO()
    np.save(buffer, TABLE.astype(dtype))
    words = ("king", "␣King", "kin", "", "king", "queen")
    read = opened(tmp_path, buffer.getvalue(), "v.npy", words=words)
    row = read["king"]
    assert row.dtype == np.float32 and row.shape == (3,) and row.tolist() == TABLE[0].tolist()
    row[0] = 9  # a copy
    assert read["king"][0] == 0.5 and read["␣King"].tolist() == TABLE[1].tolist()
    assert "queen" in read and "Queen" not in read and "" not in read and 0 not in read
    assert len(read) == 6 and list(read) == list(words) and np.asarray(read).shape == (6, 3)


def test_a_word_that_is_not_there_is_one_line():
    read = Vectors(("the", "␣King", "kin", "kings", "", "king", "kingdom"), np.eye(7), "small.txt")
    must = "word must be one of the 7 words of small.txt. Received "
    for word, end in {
        "KING": "'KING'. Try ␣King, king, kin, kings.",
        "kinetic": "'kinetic'. Try ␣King, kin, kings, king.",
        "x": "'x'. See .words for those that are there.",
        "": "''. See .words for those that are there.",
    }.items():
        with pytest.raises(KeyError) as caught:
            read[word]
        assert caught.value.args == (must + end,)
    for key in (0, None, ["king"], b"king"):
        with pytest.raises(
            TypeError, match=r"word must be one string\. Received .*\. Pass a string"
        ):
            read[key]
        assert key not in read


def test_vectors_are_checked():
    with pytest.raises(ValueError, match=r"a word for each of 6 rows\. Received 1 words"):
        Vectors(("a",), TABLE, "")
    assert np.asarray(Vectors(WORDS, TABLE, ""), np.float64).dtype == np.float64
