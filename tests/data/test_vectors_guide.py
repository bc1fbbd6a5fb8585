"""The guide on vectors: each refusal that it lists ends as it says."""

import pickle
import re
import zipfile
from pathlib import Path

import pytest

from embedlab.data import vectors
from embedlab.storage import FileRefused

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "vectors.md"
TEXT = GUIDE.read_text("utf-8")
ROWS = "cat 1.0 0.5\ndog 0.5 0.5\n"
FILES = {
    "model.bin": b"\xba\x16\x4f\x2f" + bytes(60),
    "vectors.kv": pickle.dumps({"a": 1}),
    "glove.txt.bz2": b"BZh91AY" + bytes(40),
    "glove.txt.xz": b"\xfd7zXZ" + bytes(40),
    "model.safetensors.index.json": b'{"weight_map": {"wte": "a.safetensors"}}',
    "pytorch_model.bin.index.json": b'{"weight_map": {"wte": "a.bin"}}',
    "model.gguf": b"GGUF\x03" + bytes(60),
    "model.onnx": b"\x08\x07\x12\x07pytorch" + bytes(40),
    "table.parquet": b"PAR1" + bytes(40),
    "table.csv": ROWS.replace(" ", ",").encode(),
    "glove.zip": None,
    "saved_model": None,
}


def make(folder, name):
    path = folder / name
    if name == "saved_model":
        path.mkdir()
    elif name == "glove.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("glove.txt", ROWS)
    else:
        path.write_bytes(FILES[name])
    return path


@pytest.mark.parametrize("name", FILES)
def test_a_refused_file_ends_as_the_guide_says(tmp_path, name):
    with pytest.raises(FileRefused) as caught:
        vectors.open(make(tmp_path, name))
    end = re.search(r"\. ([^.]+(\.vec[^.]+|\.\.\.[^.]+|\.load[^.]+)?)\.$", str(caught.value))[1]
    assert f"| {end} " in TEXT, end
    assert "\n" not in str(caught.value)


def test_vectors_of_the_projector_lose_their_first_number(tmp_path):
    path = tmp_path / "vectors.tsv"
    path.write_text("0.5\t1.5\t2.5\n3.5\t4.5\t5.5\n")
    assert vectors.open(path).words == ("0.5", "3.5")
    assert "One file is misread without an error: `vectors.tsv`" in TEXT
