"""Adapters of embeddings in PEFT's folders: read, written, and refused."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from embedlab.data.peft import (
    load_adapters,
    load_trainable_tokens,
    read_adapters,
    save_adapters,
    save_trainable_tokens,
)
from embedlab.explorers.lora import LoRAExplorer
from embedlab.layers import Embedding
from embedlab.storage import FileRefused

V, D = 9, 5
RNG = np.random.default_rng(3)
TABLE = RNG.normal(size=(V, D)).astype(np.float32)
IDS = np.arange(V)


def saved(folder, rank=2, module="model.embed", base=False, tensors=None, **config):
    """Write an adapter as PEFT does; return A (R, V) and B (D, R)."""
    folder.mkdir(exist_ok=True)
    a, b = (RNG.normal(size=shape).astype(np.float32) for shape in ((rank, V), (D, rank)))
    prefix = f"base_model.model.{module}."
    arrays = {f"{prefix}lora_embedding_A": a, f"{prefix}lora_embedding_B": b}
    arrays["base_model.model.out.lora_A.weight"] = np.ones((rank, 3), np.float32)
    if base:
        arrays[f"{prefix}base_layer.weight"] = TABLE
    save_file({**arrays, **(tensors or {})}, folder / "adapter_model.safetensors")
    known = {"peft_type": "LORA", "r": rank, "lora_alpha": 8, "use_rslora": False}
    (folder / "adapter_config.json").write_text(json.dumps({**known, **config}))
    return a, b


def layer():
    return Embedding(V, D, weights=TABLE)


def expected(a, b, scale):
    """Return the rows by PEFT's formula: those of the base and ``scale * (A.T[ids] @ B.T)``."""
    return TABLE + scale * (a.T[IDS] @ b.T)


def test_several_adapters_are_read_with_their_scales(tmp_path):
    a, b = saved(tmp_path)
    c, d = saved(tmp_path / "legal", rank=3, lora_alpha=5, use_rslora=True)
    embedding = layer()
    names = [adapter.name for adapter in load_adapters(embedding, tmp_path)]
    assert names == ["default", "legal"]
    embedding.set_active("default")
    np.testing.assert_allclose(embedding(IDS), expected(a, b, 8 / 2), rtol=1e-5, atol=1e-5)
    embedding.set_active("legal")
    np.testing.assert_allclose(embedding(IDS), expected(c, d, 5 / 3**0.5), rtol=1e-5, atol=1e-5)


def test_patterns_of_rank_and_alpha(tmp_path):
    for pattern, alpha in (("embed", 3), ("^model.embed", 3), (r"model\.embed", 3), ("bed", 8)):
        saved(tmp_path, r=7, rank_pattern={"embed": 2}, alpha_pattern={pattern: alpha})
        (adapter,) = read_adapters(tmp_path)
        assert (adapter.rank, adapter.alpha, adapter.scale) == (2, alpha, alpha / 2)
    saved(tmp_path, alpha_pattern={"(a+)+$": 3})
    with pytest.raises(FileRefused, match="alpha_pattern with the regular expression"):
        read_adapters(tmp_path)


def test_bfloat16_factors(tmp_path):
    a, b = saved(tmp_path)
    header, data = {}, b""
    for name, array in (("A", a), ("B", b)):
        codes = (array.view(np.uint32) >> 16).astype("<u2").tobytes()
        offsets = [len(data), len(data) + len(codes)]
        entry = {"dtype": "BF16", "shape": array.shape, "data_offsets": offsets}
        header[f"base_model.model.embed.lora_embedding_{name}"] = entry
        data += codes
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + data
    (tmp_path / "adapter_model.safetensors").write_bytes(content)
    (adapter,) = read_adapters(tmp_path)
    np.testing.assert_allclose(adapter.a, a.T, rtol=2**-7)
    assert adapter.a.dtype == np.float32 and adapter.module == "embed"


def test_adapters_come_back(tmp_path):
    one, other = layer(), layer()
    for name, rank, alpha, rslora in (("default", 2, 3.0, False), ("legal", 4, 5.5, True)):
        one.add_adapter(name, rank, alpha, rslora, b_initializer="normal")
    save_adapters(one, tmp_path / "new", module="model.embed_tokens")
    files = sorted(str(p.relative_to(tmp_path / "new")) for p in (tmp_path / "new").rglob("*.*"))
    names = ["adapter_config.json", "adapter_model.safetensors"]
    assert files == [*names, *(f"legal/{name}" for name in names)]
    shapes = {n: x.shape for n, x in load_file(tmp_path / "new" / names[1]).items()}
    prefix = "base_model.model.model.embed_tokens.lora_embedding_"
    assert shapes == {f"{prefix}A": (2, V), f"{prefix}B": (D, 2)}
    config = json.loads((tmp_path / "new/legal" / names[0]).read_text())
    assert config["r"] == 4 and config["lora_alpha"] == 5.5 and config["use_rslora"] is True
    load_adapters(other, tmp_path / "new")
    assert np.array_equal(one(IDS), other(IDS))
    with pytest.raises(ValueError, match="'default' again"):
        load_adapters(other, tmp_path / "new")
    assert list(other.adapters) == ["default", "legal"]
    with pytest.raises(ValueError, match="names must be some of"):
        save_adapters(one, tmp_path, names=["x"])
    one.add_adapter("..", 1)
    with pytest.raises(ValueError, match="must be one for a folder"):
        save_adapters(one, tmp_path / "new")


def test_one_of_several_embeddings(tmp_path):
    position = {"base_model.model.pos.lora_embedding_A": np.ones((2, 4), np.float32)}
    a, _ = saved(tmp_path, tensors=position)
    for module in ("embed", "model.embed"):
        (adapter,) = read_adapters(tmp_path, module)
        assert np.array_equal(adapter.a, a.T)
    for module in (None, "tokens"):
        with pytest.raises(FileRefused, match=r"Received 2: \['model.embed', 'pos'\]"):
            read_adapters(tmp_path, module)
    with pytest.raises(FileRefused, match=r"pos.lora_embedding_B. Received none"):
        read_adapters(tmp_path, "pos")


PREFIX = "base_model.model.model.embed.lora_embedding_"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"peft_type": "IA3"}, "of the kind LORA. Received 'IA3'"),
        ({"use_dora": True}, "Received DoRA"),
        ({"r": 3}, "rank 3 for factors of rank 2"),
        ({"r": "two"}, "cannot be read"),
        ({"lora_alpha": None}, "cannot be read"),
        ({"lora_alpha": float("nan")}, "cannot be read"),
        ({"rank_pattern": [1]}, "cannot be read"),
        ({"tensors": {f"{PREFIX}B": np.ones((D, 3), np.float32)}}, "hold factors"),
        ({"tensors": {f"{PREFIX}A": np.ones((2, V), np.int32)}}, "Received I32"),
        ({"tensors": {f"{PREFIX}A": np.ones(2, np.float32)}}, "F32 of shape"),
        ({"module": "x", "tensors": {}, "base": False, "rank": 2, "r": 2}, None),
    ],
)
def test_a_bad_adapter_is_refused(tmp_path, options, match):
    saved(tmp_path, **options)
    embedding = layer()
    if match is None:
        assert load_adapters(embedding, tmp_path)
        return
    with pytest.raises(FileRefused, match=match) as caught:
        load_adapters(embedding, tmp_path)
    assert "\n" not in str(caught.value) and not embedding.adapters


def test_a_folder_without_an_adapter(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(FileRefused, match=r"be a folder with adapter_config\.json"):
            read_adapters(path)
    saved(tmp_path)
    with pytest.raises(FileRefused, match="adapters of a table of shape"):
        load_adapters(Embedding(V, D + 1, weights=np.ones((V, D + 1))), tmp_path)
    (tmp_path / "adapter_model.safetensors").rename(tmp_path / "adapter_model.bin")
    with pytest.raises(FileRefused, match="safe_serialization"):
        read_adapters(tmp_path)
    save_file({"a": TABLE}, tmp_path / "adapter_model.safetensors")
    with pytest.raises(FileRefused, match=r"one embedding\. Received none"):
        read_adapters(tmp_path)


def test_the_explorer_opens_a_folder(tmp_path):
    a, b = saved(tmp_path, base=True)
    saved(tmp_path / "legal", rank=3, lora_alpha=6, use_rslora=True)
    explorer = LoRAExplorer.open(tmp_path)
    assert (explorer.rank, explorer.alpha, explorer.scaling) == (2, 8, "lora")
    np.testing.assert_allclose(explorer.trace.delta, 4 * a.T @ b.T, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(explorer.trace.table, TABLE, rtol=1e-6)
    words = [f"w{n}" for n in range(V)]
    legal = LoRAExplorer.open(tmp_path, adapter="legal", words=words, start="zero")
    assert (legal.rank, legal.alpha, legal.scaling, legal.start) == (3, 6, "rslora", "zero")
    assert legal.trace.words[0] == "w0" and legal.target == "own"
    with pytest.raises(ValueError, match="must have the shape of the adapter"):
        LoRAExplorer.open(tmp_path, TABLE[:3])
    with pytest.raises(ValueError, match="adapter must be one of"):
        LoRAExplorer.open(tmp_path, adapter="x")


def test_the_change_is_not_computed_where_it_is_huge(tmp_path, monkeypatch):
    monkeypatch.setattr("embedlab.explorers.inputs.peft.CHANGE_MAX", 10)
    saved(tmp_path)
    with pytest.raises(ValueError, match="a change may have 10 numbers"):
        LoRAExplorer.open(tmp_path)


# Trainable tokens ------------------------------------------------------------------------------


def save_tokens(folder, ids, rows, name="trainable_tokens_delta", **config):
    """Write trainable tokens as PEFT does."""
    folder.mkdir(exist_ok=True)
    save_file({f"base_model.model.embed.{name}": rows}, folder / "adapter_model.safetensors")
    config = {"peft_type": "TRAINABLE_TOKENS", "token_indices": ids, **config}
    (folder / "adapter_config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("with_lora", "listed"), [(False, None), (True, {"embed": [5, 2]}), (True, [5, 2])]
)
def test_trainable_tokens_are_read_in_all_forms(tmp_path, with_lora, listed):
    rows = RNG.normal(size=(2, D)).astype(np.float32)
    if with_lora:
        tokens = {"trainable_token_indices": listed, "token_indices": None}
        name = "token_adapter.trainable_tokens_delta"
        save_tokens(tmp_path, None, rows, name, peft_type="LORA", **tokens)
    else:
        save_tokens(tmp_path, [5, 2], rows)
    embedding = layer()
    assert load_trainable_tokens(embedding, tmp_path).module == "embed"
    assert np.array_equal(embedding([5, 2]), rows)
    assert np.array_equal(embedding([0, 8]), TABLE[[0, 8]])
    assert embedding.table.trainable_rows.tolist() == [2, 5]


def test_trainable_tokens_beside_lora_of_other_modules(tmp_path):
    rows = np.ones((1, D), np.float32)
    others = {"trainable_token_indices": {"other": [1]}}
    save_tokens(tmp_path, None, rows, peft_type="LORA", r=2, lora_alpha=2, **others)
    with pytest.raises(FileRefused, match=r"tokens of 'embed'\. Received none\."):
        load_trainable_tokens(layer(), tmp_path)
    with pytest.raises(FileRefused, match=r"Received trainable tokens\. Read them with load_train"):
        read_adapters(tmp_path)


def test_trainable_tokens_are_written_as_peft_reads_them(tmp_path):
    embedding = layer()
    embedding.table.trainable_rows = [7, 3]
    save_trainable_tokens(embedding, tmp_path / "new", "model.embed_tokens")
    tensors = load_file(tmp_path / "new" / "adapter_model.safetensors")
    name = "base_model.model.model.embed_tokens.trainable_tokens_delta"
    assert list(tensors) == [name] and np.array_equal(tensors[name], TABLE[[3, 7]])
    config = json.loads((tmp_path / "new" / "adapter_config.json").read_text())
    assert config["token_indices"] == [3, 7] and config["peft_type"] == "TRAINABLE_TOKENS"
    with pytest.raises(FileRefused, match=r"'TRAINABLE_TOKENS'.*load_trainable_tokens"):
        read_adapters(tmp_path / "new")
    with pytest.raises(ValueError, match=r"Set layer\.table\.trainable_rows = ids"):
        save_trainable_tokens(layer(), tmp_path / "other")


@pytest.mark.parametrize(
    ("ids", "shape", "line"),
    [
        ([5], (2, D), r"an id from 0 up for each row. Received 1 for 2 rows"),
        ([5, -1], (2, D), r"an id from 0 up for each row"),
        ([5, 10**30], (2, D), r"name the ids of trainable tokens"),
        ([5, "x"], (2, D), r"name the ids of trainable tokens"),
        (None, (2, D), r"name the ids of trainable tokens"),
        ([5, V], (2, D), r"shape \(9, 5\). Received rows of 5 numbers, ids to 9"),
        ([5, 2], (2, D + 1), r"rows of a table of shape \(9, 5\)"),
        ([5, 2], (2,), r"rows of floats"),
        ([], (0, D), r"an id from 0 up"),
    ],
)
def test_damaged_tokens_are_refused_in_one_line(tmp_path, ids, shape, line):
    save_tokens(tmp_path, ids, np.ones(shape, np.float32))
    embedding = layer()
    with pytest.raises(FileRefused, match=line) as raised:
        load_trainable_tokens(embedding, tmp_path)
    assert "\n" not in str(raised.value)
    assert np.array_equal(embedding.table.value, TABLE) and embedding.table.trainable_rows is None


def test_a_folder_without_tokens_says_how_to_train_some(tmp_path):
    saved(tmp_path)
    with pytest.raises(FileRefused, match=r"Train some: TrainableTokensConfig"):
        load_trainable_tokens(layer(), tmp_path)
