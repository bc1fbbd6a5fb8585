"""Tables and adapters as safetensors; other files are refused."""

import json
import pickle
import struct

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from embedlab.layers import Embedding
from embedlab.models import export_adapter, export_table, import_adapter, import_table
from embedlab.storage import FileRefused


def layer(**options):
    embedding = Embedding(7, 4, seed=2, **options)
    embedding.build()
    return embedding


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_table(dtype, tmp_path):
    embedding = layer(dtype=dtype)
    export_table(embedding, tmp_path / "t.safetensors")
    read = import_table(tmp_path / "t.safetensors")
    assert read.dtype == dtype
    assert np.array_equal(read, embedding.embeddings.value)
    assert np.array_equal(Embedding.from_pretrained(read)([3, 1]), embedding([3, 1]))


@pytest.mark.parametrize("mode", [None, "int8", "int4"])
def test_the_table_that_counts(mode, tmp_path):
    embedding = layer()
    if mode:
        embedding.quantize(mode)
    embedding.enable_lora(2)
    embedding.adapters["default"].b.assign(np.ones((2, 4)))
    export_table(embedding, tmp_path / "t.safetensors")
    assert np.array_equal(import_table(tmp_path / "t.safetensors")[[2]], embedding([2]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_adapter(dtype, tmp_path):
    embedding, other = layer(dtype=dtype), layer(dtype=dtype)
    lora = embedding.add_adapter("legal", 3, 0.1, rslora=True, b_initializer="ones")
    export_adapter(embedding, tmp_path / "a.safetensors", "legal")
    read = import_adapter(other, tmp_path / "a.safetensors")
    assert (read.name, read.rank, read.alpha, read.rslora) == ("legal", 3, 0.1, True)
    assert np.array_equal(read.a.value, lora.a.value)
    assert np.array_equal(other([1, 2]), embedding([1, 2]))
    with pytest.raises(ValueError, match="name of its own"):
        import_adapter(other, tmp_path / "a.safetensors")
    assert import_adapter(other, tmp_path / "a.safetensors", "second").name == "second"


@pytest.mark.parametrize("name", ["", "int4/2", "../a", "x" * 300, "\0", "a\nb", "legal"])
def test_a_name_in_a_file_is_no_better_than_one_in_a_call(name, tmp_path):
    embedding = layer()
    embedding.add_adapter("legal", 2, 1.0)
    path, before = tmp_path / "a.safetensors", embedding([0, 1])
    a, b = np.zeros((embedding.input_dim, 2), "f4"), np.zeros((2, embedding.output_dim), "f4")
    save_file({"lora_a": a, "lora_b": b}, path, {"name": name, "alpha": "1.0", "rslora": "false"})
    with pytest.raises(ValueError, match=r"printable name of its own, without a slash\. Received"):
        import_adapter(embedding, path)
    assert list(embedding.adapters) == ["legal"]
    assert np.array_equal(embedding([0, 1]), before)


def test_one_of_several(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file(
        {"wte": np.ones((3, 2), "f4"), "bias": np.ones(3, "f4"), "n": np.ones((2, 2), "i4")}, path
    )
    assert import_table(path, "wte").shape == (3, 2)
    for name in (None, "nothing", "bias", "n"):
        with pytest.raises(FileRefused, match="Received"):
            import_table(path, name)


def test_no_such_adapter_and_no_such_file(tmp_path):
    with pytest.raises(ValueError, match="Received 'default'"):
        export_adapter(layer(), tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError):
        import_table(tmp_path / "a.safetensors")


def test_overwrite_false(tmp_path):
    export_table(layer(), tmp_path / "t.safetensors")
    with pytest.raises(FileExistsError):
        export_table(layer(), tmp_path / "t.safetensors", overwrite=False)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.99])
def test_truncated(share, tmp_path):
    path, embedding = tmp_path / "a.safetensors", layer(lora_rank=2)
    export_adapter(embedding, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    for call in (
        lambda: import_table(path, "lora_a"),
        lambda: import_adapter(embedding, path, "x"),
    ):
        with pytest.raises(FileRefused, match="must be a safetensors file"):
            call()
    assert list(embedding.adapters) == ["default"]


def test_a_pickle_and_a_header_that_lies(tmp_path):
    path = tmp_path / "t.safetensors"
    header = json.dumps(
        {"t": {"dtype": "F32", "shape": [10**9, 10**6], "data_offsets": [0, 4 * 10**15]}}
    ).encode()
    for data in (
        pickle.dumps([1]),
        struct.pack("<Q", 10**15),
        struct.pack("<Q", len(header)) + header,
    ):
        path.write_bytes(data)
        with pytest.raises(FileRefused, match="must be a safetensors file"):
            import_table(path)


@pytest.mark.parametrize(
    ("tensors", "metadata"),
    [
        ({"lora_a": np.ones((7, 2), "f4")}, {}),
        ({"lora_a": np.ones((7, 2), "f4"), "lora_b": np.ones((3, 4), "f4")}, {}),
        ({"lora_a": np.ones((6, 2), "f4"), "lora_b": np.ones((2, 4), "f4")}, {}),
        ({"lora_a": np.ones((7, 0), "f4"), "lora_b": np.ones((0, 4), "f4")}, {}),
        ({"lora_a": np.ones((7, 2), "i4"), "lora_b": np.ones((2, 4), "i4")}, {}),
        ({}, {"alpha": "nan"}),
        ({}, {"alpha": "__import__('os')"}),
        ({}, {"alpha": None}),
    ],
)
def test_adapters_that_are_none(tensors, metadata, tmp_path):
    path, embedding = tmp_path / "a.safetensors", layer()
    good = {"lora_a": np.ones((7, 2), "f4"), "lora_b": np.ones((2, 4), "f4")}
    entries = {"name": "x", "alpha": "1.0", "rslora": "false", **metadata}
    save_file(tensors or good, path, {k: v for k, v in entries.items() if v is not None})
    with pytest.raises(FileRefused, match="Received"):
        import_adapter(embedding, path)
    assert not embedding.adapters


def test_it_is_plain_safetensors(tmp_path):
    export_adapter(layer(lora_rank=2), tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", framework="numpy") as file:
        assert sorted(file.keys()) == ["lora_a", "lora_b"]
        assert file.metadata()["alpha"] == "2.0"
