"""QuantizationExplorer: what its parameters mean, and that its numbers are the core's."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from traitlets import TraitError

from embedlab import Embedding
from embedlab.core.geometry import nearest
from embedlab.core.quantize import quantize, quantized_lookup
from embedlab.explorers.quantize import QuantizationExplorer
from embedlab.explorers.state import StateError
from embedlab.explorers.wire import MAX_BYTES, decode
from embedlab.quantizers import Int4QuantizationConfig
from embedlab.traces.quantize.trace import SCHEMES

KINDS = {"int8": (8, None), "int4": (4, None), "groups": (4, 4)}
TABLE = np.random.default_rng(5).normal(size=(9, 7)).astype(np.float32)


def arrays_of(explorer, name):
    _, arrays = decode(explorer.message)
    return {key.partition(".")[2]: a for key, a in arrays.items() if key.startswith(f"{name}.")}


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("source", [None, TABLE], ids=["drawn", "own"])
def test_the_message_is_what_the_core_makes_of_the_table(name, source):
    explorer = QuantizationExplorer(source)
    header, arrays = decode(explorer.message)
    table, received = arrays["table"], arrays_of(explorer, name)
    bits, block = KINDS[name]
    quantized = quantize(table, bits, block)
    back = quantized_lookup(quantized, np.arange(len(table)))
    np.testing.assert_array_equal(received["bytes"], quantized.codes.view(np.uint8))
    np.testing.assert_array_equal(received["restored"], back)
    np.testing.assert_array_equal(received["scale"].ravel(), quantized.scale.ravel())
    assert header["schemes"][name]["bytes"] == quantized.nbytes and header["bytes"] == table.nbytes
    np.testing.assert_allclose(received["error"], np.abs(back - table).max(axis=1), rtol=1e-6)
    for row in (0, len(table) - 1):
        order = nearest(back, back[row], len(table) - 1, exclude=[row])
        np.testing.assert_array_equal(received["order"][row], order.ids)
        np.testing.assert_allclose(received["similarity"][row], order.similarities[:5], atol=1e-6)
    assert header["near"] == 5 and received["histogram"].sum() == table.size


def test_defaults_show_the_example():
    explorer = QuantizationExplorer()
    trace = explorer.trace
    assert trace.words[explorer.row] == "queen" and explorer.scheme == "int4"
    errors = trace.schemes["int4"].largest_error
    assert trace.words[int(errors.argmax())] == "king" and errors.max() > 2.5 * np.median(errors)
    assert [trace.neighbors_kept(name) for name in ("int4", "int8", "groups")] == [4, 5, 5]
    assert 0 < len(trace.changed("int4")) < 7  # a prediction that is neither none nor all


def test_an_outlier_changes_its_row_alone_and_groups_hold_it():
    explorer = QuantizationExplorer()
    before = explorer.trace
    explorer.edits = [[9, 3, -6.9], [40, 0, 1.0]]  # the second waits until V grows
    after = explorer.trace
    for name in SCHEMES:
        changed = (after.schemes[name].codes != before.schemes[name].codes).any(axis=1)
        assert np.flatnonzero(changed).tolist() == [9]
    np.testing.assert_array_equal(
        after.schemes["int4"].codes[9], before.schemes["int4"].growth.codes[9]
    )
    moved = np.flatnonzero(after.schemes["groups"].codes[9] != before.schemes["groups"].codes[9])
    assert moved.max() < 4  # the other group of the row is as it was
    assert explorer.message["header"]["initial"] == {"edits": []}


def test_a_flipped_bit_changes_its_scheme_only():
    explorer = QuantizationExplorer()
    plain = {name: arrays_of(explorer, name) for name in SCHEMES}
    explorer.flips = [["int4", 9, 2, 3]]
    received = {name: arrays_of(explorer, name) for name in SCHEMES}
    assert received["int4"]["bytes"][9, 2] == plain["int4"]["bytes"][9, 2] ^ 8
    assert received["int4"]["codes"][9, 4] == plain["int4"]["codes"][9, 4] - 8
    assert received["int4"]["error"][9] > received["int4"]["half"][9]
    for name in ("int8", "groups"):
        np.testing.assert_array_equal(received[name]["codes"], plain[name]["codes"])


@pytest.mark.parametrize(
    "flips",
    [
        [["int2", 0, 0, 0]],
        [["int4", 0, 0, 8]],
        [["int4", -1, 0, 0]],
        [["int4", 0, 0]],
        "int4",
        [["int4", 0, 0.5, 0]],
        [None],
        7,
    ],
)
def test_flips_that_cannot_be_are_refused(flips):
    with pytest.raises(TraitError, match=r"\[scheme, row, byte, bit\]"):
        QuantizationExplorer(flips=flips)


def test_flips_cancel_and_are_limited():
    assert QuantizationExplorer(flips=[["int8", 0, 0, 1]] * 2).flips == []
    with pytest.raises(TraitError, match="at most 64 bits"):
        QuantizationExplorer(flips=[["int8", n // 8, 0, n % 8] for n in range(65)])


def test_growing_keeps_the_numbers_already_there():
    explorer = QuantizationExplorer(input_dim=4, output_dim=3)
    small = explorer.trace.table
    explorer.input_dim, explorer.output_dim = 60, 32
    np.testing.assert_array_equal(explorer.trace.table[:4, :3], small)
    assert explorer.trace.words[0] == "the" and explorer.trace.words[59] == ""
    explorer.seed = 8
    assert (explorer.trace.table[:4, :3] != small).any()
    np.testing.assert_array_equal(small, small.round(2))


def test_own_table_is_read_and_never_changed():
    table = TABLE.astype(np.float64)
    explorer = QuantizationExplorer(table, words=["a", "b"], edits=[[0, 0, 9.0]])
    assert table[0, 0] == TABLE[0, 0] and explorer.trace.table[0, 0] == 9
    assert explorer.row == 0 and explorer.trace.words[:3] == ("a", "b", "")
    assert explorer.message["header"]["dtype"] == "float64"
    assert explorer.limits()["output_dim"] == {"min": 7, "max": 7}
    with pytest.raises(TraitError, match="output_dim must be 7, the size of the given table"):
        explorer.output_dim = 8
    with pytest.raises(TraitError, match="row must be an integer from 0 to 8"):
        explorer.row = 9
    with pytest.raises(StateError, match=r"from_state\(state, table=\.\.\.\)"):
        QuantizationExplorer.from_state(explorer.state)
    again = QuantizationExplorer.from_state(explorer.state, table=table, words=["a", "b"])
    assert again.summary == explorer.summary


def test_a_layer_of_floats_is_read_anew_by_refresh():
    layer = Embedding(6, 4, weights=np.ones((6, 4)))
    explorer = QuantizationExplorer(layer)
    assert explorer.message["header"]["needs"] == ["layer"]
    layer.embeddings.assign(np.full((6, 4), 2.0))
    assert explorer.trace.table[0, 0] == 1
    explorer.refresh()
    assert explorer.trace.table[0, 0] == 2


@pytest.mark.parametrize(
    ("mode", "config", "scheme", "block"),
    [
        ("int8", None, "int8", 4),
        ("int4", Int4QuantizationConfig(block_size=None), "int4", 4),
        ("int4", Int4QuantizationConfig(block_size=3), "groups", 3),
        ("int4", None, "groups", 7),
    ],
)
def test_of_a_quantized_layer_the_stored_codes_are_shown(mode, config, scheme, block):
    layer = Embedding(9, 7, weights=TABLE)
    layer.quantize(mode, config=config)
    explorer = QuantizationExplorer(layer)
    assert (explorer.scheme, explorer.block) == (scheme, block)
    assert explorer.message["header"]["stored"] == scheme
    received = arrays_of(explorer, scheme)
    np.testing.assert_array_equal(received["bytes"], layer.quantized.codes.view(np.uint8))
    np.testing.assert_array_equal(explorer.trace.table, layer.embeddings)
    assert received["error"].max() == 0
    explorer.edits = [[0, 0, 50.0]]  # no longer what the layer stores
    assert (
        arrays_of(explorer, scheme)["bytes"][0] != layer.quantized.codes.view(np.uint8)[0]
    ).any()


def test_a_layer_with_active_adapters_is_its_floats():
    layer = Embedding(9, 7, weights=TABLE, lora_rank=2)
    layer.quantize("int8")
    explorer = QuantizationExplorer(layer)
    assert explorer.message["header"]["stored"] is None
    np.testing.assert_array_equal(explorer.trace.table, layer.embeddings)


def test_nan_counts_as_zero_with_a_warning():
    table = TABLE.copy()
    table[1, 2], table[3, 0] = np.nan, np.inf
    explorer = QuantizationExplorer(table)
    header, arrays = decode(explorer.message)
    assert header["warning"].startswith("table must be finite. Received nan at [1, 2].")
    assert arrays["table"][1, 2] == arrays["table"][3, 0] == 0 and explorer.error is None
    explorer.edits = [[1, 2, 0.5], [3, 0, 0.5]]  # mended by hand
    assert explorer.message["header"]["warning"] is None


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(ValueError, match=r"Received shape \(3, 0\)"):
        QuantizationExplorer(np.zeros((3, 0)))
    with pytest.raises(ValueError, match=r"Received types\.SimpleNamespace"):
        QuantizationExplorer(layer=SimpleNamespace(embeddings=None))
    with pytest.raises(ValueError, match="Received 2"):
        QuantizationExplorer(TABLE, layer=SimpleNamespace(embeddings=TABLE))
    with pytest.raises(TraitError, match="row must be an integer from 0 to 63"):
        QuantizationExplorer(row=64)
    with pytest.raises(TraitError, match="output_dim must be an integer from 1 to 32"):
        QuantizationExplorer(output_dim=33)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "params",
    [
        {"input_dim": 1, "output_dim": 1},
        {"input_dim": 64, "output_dim": 32, "block": 1},
        {"output_dim": 7, "scheme": "groups", "block": 3},
        {"source": np.random.default_rng(1).normal(size=(64, 64)), "block": 1},
        {"source": np.zeros((3, 4))},
        {"source": np.full((2, 2), 3e38, np.float32)},
        {"source": np.full((2, 2), 1e-30)},
        {"source": np.full((2, 2), 5e-324)},
        {"source": TABLE, "words": ["<script>", "حتول 🐈", "\x00", "x" * 500]},
    ],
    ids=[
        "smallest",
        "largest",
        "odd",
        "own largest",
        "zeros",
        "huge",
        "tiny",
        "subnormal",
        "hostile",
    ],
)
def test_extreme_inputs(params):
    explorer = QuantizationExplorer(**params)
    assert explorer.error is None
    size = len(json.dumps(explorer.message["header"], ensure_ascii=False, allow_nan=False).encode())
    assert size + len(explorer.message["buffer"]) <= MAX_BYTES
    assert len(explorer._repr_mimebundle_()[0]["image/png"]) <= 40_000 * 4 / 3
    _, arrays = decode(explorer.message)
    assert all(np.isfinite(a).all() for a in arrays.values())


def test_state_and_repr_bring_it_back():
    explorer = QuantizationExplorer(
        scheme="groups", row=3, block=2, edits=[[3, 0, 2.5]], flips=[["groups", 3, 1, 0]]
    )
    assert QuantizationExplorer.from_state(explorer.state).state == explorer.state
    assert eval(repr(explorer)).params == explorer.params
    assert QuantizationExplorer.from_link(explorer.share_link("x")).summary == explorer.summary
    explorer.reset()
    assert explorer.params["edits"] == [[3, 0, 2.5]]
    assert "0x" not in explorer.summary + repr(explorer)


def test_a_row_outside_becomes_the_last_row():
    explorer = QuantizationExplorer(input_dim=4)
    assert explorer.row == explorer.trace.row == explorer.message["header"]["params"]["row"] == 3


def test_another_row_of_the_same_table_is_not_computed_again(monkeypatch):
    import embedlab.explorers.quantize as module

    runs = []
    original = module.trace_quantize
    monkeypatch.setattr(
        module, "trace_quantize", lambda *a, **k: runs.append(1) or original(*a, **k)
    )
    table = TABLE.copy()
    explorer = QuantizationExplorer(table)
    explorer.row, explorer.scheme = 3, "int8"
    assert len(runs) == 1 and explorer.trace.row == 3
    assert "row     row 3:" in explorer.summary
    table[0, 0] = 5
    explorer.refresh()
    assert len(runs) == 2 and explorer.trace.table[0, 0] == 5
    explorer.flips = [["int8", 0, 0, 1]]
    explorer.block = 2
    assert len(runs) == 4


def test_scheme_and_row_need_no_new_numbers():
    explorer = QuantizationExplorer()
    before = explorer.message["buffer"]
    explorer.scheme, explorer.row = "int8", 2
    assert explorer.message["buffer"] == before
    assert set(QuantizationExplorer.OFFLINE_PARAMS) == {"scheme", "row"}
