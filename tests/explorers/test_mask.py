"""MaskExplorer: what its parameters mean, and that the numbers are the core's."""

import json

import numpy as np
import pytest
from traitlets import TraitError

from embedlab.core.lookup import lookup
from embedlab.core.mask import masked_mean, padding_mask
from embedlab.data import Vocabulary
from embedlab.explorers.inputs.batch import pad_lines
from embedlab.explorers.inputs.model import LAYER_FACTORIES
from embedlab.explorers.mask import MaskExplorer, _random_table
from embedlab.explorers.state import StateError
from embedlab.explorers.wire import MAX_BYTES, decode
from embedlab.layers import (
    LSTM,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Reshape,
)
from embedlab.models import Sequential
from embedlab.traces.mask import trace_mask

MEAN = ["Dropout", "GlobalAveragePooling1D", "Dense"]


def words(**options):
    return Embedding(9, 2, mask_zero=True, name="words", seed=1, dtype="float64", **options)


def test_defaults_show_the_example():
    explorer = MaskExplorer()
    trace = explorer.trace
    assert [s.status for s in trace.stages] == ["made", "kept", "lost here", "none", "none"]
    assert trace.loss == trace.loss_unmasked != trace.loss_reference
    assert trace.sentence == "The mask is lost at conv. The loss is 37.9 % too low."
    assert np.abs(trace.row_0).max() > 0 and not trace.row_0_reference.any()
    assert np.abs(decode(explorer.message)[1]["row_0"]).min() > 0.2  # M5: padding's row is not zero


def test_the_loss_is_true_where_no_layer_loses_the_mask():
    explorer = MaskExplorer(layers=MEAN)
    trace = explorer.trace
    assert trace.lost_at is None
    np.testing.assert_allclose(trace.factor, 1.0)
    assert abs(trace.loss_unmasked / trace.loss_reference - 1) > 0.05
    assert not trace.row_0.any() and trace.row_0_unmasked.any()


def test_the_message_is_the_trace():
    explorer = MaskExplorer()
    trace = explorer.trace
    header, arrays = decode(explorer.message)
    assert [s["spec"] for s in header["stages"]] == ["Embedding", *explorer.layers]
    assert header["lost_at"] == 2 and header["pooled_at"] == 3 and header["target"] == 1.0
    assert header["stages"][2]["reason"].startswith("Conv1D mixes each position with its neighbors")
    np.testing.assert_array_equal(
        arrays["loss"], [trace.loss, trace.loss_unmasked, trace.loss_reference]
    )
    for n, stage in enumerate(trace.stages):
        np.testing.assert_array_equal(arrays[f"model{n}"], stage.values)
        np.testing.assert_array_equal(arrays[f"unmasked{n}"], stage.unmasked)
        assert (f"mask{n}" in arrays) == (stage.mask is not None)
        for b, unpadded in enumerate(stage.reference):
            np.testing.assert_array_equal(arrays[f"reference{n}"][b][: len(unpadded)], unpadded)
    np.testing.assert_array_equal(arrays["mask1"], arrays["ids"] != 0)
    np.testing.assert_array_equal(arrays["grad_model"], trace.row_0)
    np.testing.assert_array_equal(arrays["grad_reference"], np.zeros(3))
    assert header["summary"] == explorer.summary and header["alt"] == trace.alt


def test_dragging_a_sentence_s_end_turns_words_into_padding():
    explorer = MaskExplorer()
    header, arrays = decode(explorer.message)
    assert header["lengths"] == [8, 3, 5, 6] and header["available"] == [8, 8, 8, 8]
    assert header["tokens"][1] == ["a", "dog", "ran", "", "", "", "", ""]
    explorer.lengths = [8, 5, 5, 99 % 13]
    assert explorer.trace.ids[1].tolist()[:3] == arrays["ids"][1].tolist()[:3]
    assert (explorer.trace.ids[1] != 0).sum() == 5
    explorer.padding = "pre"
    assert (explorer.trace.ids[1][:3] == 0).all() and (explorer.trace.ids[1][3:] != 0).all()
    explorer.lengths = []
    assert not explorer.trace.padding.any()
    np.testing.assert_allclose(explorer.trace.factor, 1.0, rtol=0.5)  # nothing to dilute
    explorer.steps = 12
    assert explorer.trace.padding.sum() == 16


def test_without_padding_a_lost_mask_costs_nothing():
    trace = MaskExplorer(lengths=[], layers=["Reshape", "GlobalAveragePooling1D", "Dense"]).trace
    assert trace.lost_at == "reshape" and not trace.padding.any()
    np.testing.assert_allclose(trace.factor, 1.0)


def test_without_mask_zero_there_is_no_mask_anywhere():
    explorer = MaskExplorer(mask_zero=False)
    assert all(stage.status == "none" for stage in explorer.trace.stages)
    assert "No layer makes a mask." in explorer.trace.sentence


@pytest.mark.parametrize("name", LAYER_FACTORIES)
def test_every_layer_offered_can_stand_behind_the_embedding(name):
    explorer = MaskExplorer(layers=[name])
    assert explorer.error is None and len(explorer.trace.stages) == 2
    kind = explorer.trace.stages[1].kind
    assert name.partition("(")[0] == kind
    lost = {"Conv1D", "Reshape", "Flatten", "GlobalMaxPooling1D"}
    assert (explorer.trace.stages[1].status == "lost here") == (kind in lost)


def test_a_layer_s_numbers_stay_the_same_wherever_it_stands():
    explorer = MaskExplorer(layers=["Dropout", "LSTM(return_sequences=True)", "Dense"])
    before = explorer.trace.stages[2].values
    explorer.layers = ["LSTM(return_sequences=True)", "Dropout", "Dense"]
    np.testing.assert_array_equal(explorer.trace.stages[1].values, before)


def test_layers_that_do_not_fit_keep_the_last_trace():
    explorer = MaskExplorer()
    before = explorer.trace
    explorer.layers = ["GlobalAveragePooling1D", "LSTM"]
    assert explorer.trace is before
    assert explorer.error == (
        "LSTM needs a time axis. Received it after GlobalAveragePooling1D, which gives one "
        "vector for a sentence. Move it before GlobalAveragePooling1D."
    )
    explorer.layers = ["GRU(return_sequences=True)"] * 3
    assert "at most 2 recurrent layers" in explorer.error
    explorer.layers = ["Flatten", "Reshape", "GlobalAveragePooling1D"]  # Reshape gives time back
    assert explorer.error is None and explorer.trace.lost_at == "flatten"
    np.testing.assert_array_equal(explorer.trace.stages[2].values, explorer.trace.stages[0].values)
    with pytest.raises(TraitError, match=r"Received 'Dens'\. Choose from Dropout"):
        explorer.layers = ["Dens"]
    with pytest.raises(TraitError, match="at most 5 after the embedding"):
        explorer.layers = ["Dropout"] * 6


def test_flatten_before_dense_has_no_reference():
    explorer = MaskExplorer(layers=["Flatten", "Dense"])
    header, arrays = decode(explorer.message)
    assert header["no_reference"].startswith("Without padding the model cannot run")
    assert np.isnan(arrays["loss"][2]) and "grad_reference" not in arrays and "truth0" not in arrays


def test_a_model_of_one_s_own_is_followed_and_never_changed():
    model = Sequential(
        [words(), Dropout(0.1, name="drop"), Flatten(name="flat"), Dense(1, name="out")],
        strict_masks="ignore",
    )
    ids = np.array([[1, 2, 3, 0], [4, 0, 0, 0]])
    before = model(ids)
    weights = [w.copy() for w in model.get_weights()]
    explorer = MaskExplorer("#1 #2 #3\n#4", model=model, steps=4)
    assert explorer.layers == ["drop", "flat", "out"] and explorer.trace.lost_at == "flat"
    np.testing.assert_array_equal(explorer.trace.stages[-1].values, before)
    explorer.layers = ["drop", "GlobalAveragePooling1D"]
    assert explorer.trace.lost_at is None
    explorer.mask_zero = False
    assert model.layers[0].mask_zero is True
    for now, then in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, then)
    explorer.layers, explorer.steps = ["drop", "flat", "out"], 5
    assert "shape (2, 10)" in explorer.error  # out was built for 4 places: the sentence says so


def test_an_id_that_would_need_a_huge_table_is_refused():
    explorer = MaskExplorer(lengths=[])
    explorer.text = "the #16383"
    assert explorer.error is None and explorer.trace.ids[0, 1] == 16_383
    explorer.text = "the #999999999"
    assert explorer.error == (
        "ids must lie in 0..16383 (input_dim=16384). Received 999999999 at [0, 1], in layer "
        "'embedding'. Raise input_dim, or map unknown words to one id."
    )
    words = Vocabulary([f"w{n}" for n in range(70_000)])
    assert MaskExplorer("w69999", vocabulary=words).trace.ids[0, 0] > 65_535


def test_layers_that_were_never_built_stay_so():
    layers = [words(), Conv1D(2, 3, name="own"), LSTM(2, name="rnn")]
    explorer = MaskExplorer("#1 #2 #3 #4\n#5 #6 #1", model=layers, steps=4)
    assert explorer.trace.lost_at == "own" and not any(layer.built for layer in layers)


def test_an_embedding_of_one_s_own_is_read_anew_by_refresh():
    layer = words(weights=[np.ones((9, 2))])
    explorer = MaskExplorer(layer=layer, layers=["GlobalAveragePooling1D"])
    assert explorer.output_dim == 3 and explorer.trace.stages[0].values.shape[-1] == 2
    assert explorer.trace.ids.max() == 8  # ids that the table has, where no text was given
    layer.build()
    explorer.refresh()
    layer.embeddings.assign(np.full((9, 2), 0.5))
    explorer.refresh()
    assert explorer.trace.stages[0].values[0, 0].tolist() == [0.5, 0.5]
    explorer.text = "#9"
    assert explorer.error.startswith("ids must lie in 0..8 (input_dim=9). Received 9")
    with pytest.raises(StateError, match=r"from_state\(state, layer=\.\.\.\)"):
        MaskExplorer.from_state(explorer.state)


def test_what_cannot_be_followed_is_refused():
    with pytest.raises(
        ValueError, match=r"a Sequential or a list of layers\. Received builtins\.int"
    ):
        MaskExplorer(model=5)
    with pytest.raises(
        ValueError, match=r"Received numpy\.ndarray in it\. .* table as layer=\.\.\."
    ):
        MaskExplorer(model=[np.ones((4, 2)), Dense(1)])
    with pytest.raises(
        ValueError, match=r"layer must be an array .* Received embedlab\.layers\.dense\.Dense"
    ):
        MaskExplorer(layer=Dense(1))
    with pytest.raises(ValueError, match="its own name"):
        MaskExplorer(model=[words(), Dense(1, name="a"), Dense(1, name="a")])
    with pytest.raises(TypeError, match="Check the spelling"):
        MaskExplorer(stepps=3)


def test_own_words_and_a_list_without_an_embedding():
    vocabulary = Vocabulary.from_tokens(["red", "red", "blue"])
    explorer = MaskExplorer("red blue\nblue", vocabulary=vocabulary, steps=2)
    assert explorer.trace.ids.tolist() == [
        vocabulary.encode("red blue").tolist(),
        [*vocabulary.encode("blue").tolist(), 0],
    ]
    explorer = MaskExplorer(model=[Reshape((-1, 3), name="same"), GlobalAveragePooling1D()])
    assert explorer.trace.lost_at == "same" and explorer.trace.stages[0].kind == "Embedding"


def test_lines():
    assert pad_lines("", 4).ids.shape == (0, 4)
    assert pad_lines("\n\n", 4).ids.shape == (0, 4)
    batch = pad_lines("a\n\nb c d", 2, side="pre")
    assert batch.ids.tolist()[1] == [0, 0] and batch.lengths == (1, 0, 2)
    assert batch.tokens == (("", "a"), ("", ""), ("b", "c"))
    assert pad_lines("a\n" * 9, 2).total == 9 and pad_lines("a\n" * 9, 2).ids.shape == (6, 2)


LARGEST = {
    "text": "\n".join(["the cat sat on the big red mat on a log in"] * 6),
    "lengths": [12, 11, 10, 9, 8, 7],
    "steps": 12,
    "output_dim": 6,
    "layers": ["LSTM(return_sequences=True)"] * 2 + ["Conv1D"] * 2 + ["Flatten"],
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "params",
    [
        {"text": ""},
        {"text": "#0", "steps": 1, "output_dim": 1, "layers": []},
        {"text": "<script>alert(1)</script> חתול 🐈 \x00 $x$"},
        {"text": "the cat sat on " * 2500},
        {"text": "😀 " * 9_000, "steps": 12},
        {"layers": []},
        {"lengths": [0, 0, 0, 0]},
        {"model": [Embedding(3, 2, weights=[[[np.nan] * 2] * 3], mask_zero=True)]},
        {
            "model": [Embedding(3, 2, weights=[[[np.inf] * 2] * 3], mask_zero=True)],
            "layers": ["GlobalAveragePooling1D", "Dense"],
        },
        {"model": [Embedding(1, 1, mask_zero=True), GlobalAveragePooling1D()]},
        {"model": [Embedding(4000, 300, mask_zero=True), GlobalAveragePooling1D()]},
        LARGEST,
    ],
    ids=[
        "empty",
        "smallest",
        "hostile",
        "ten thousand words",
        "emoji",
        "no layers",
        "padding alone",
        "nan",
        "infinite",
        "one row",
        "own large",
        "largest",
    ],
)
def test_extreme_inputs(params):
    with np.errstate(all="ignore"):
        explorer = MaskExplorer(**params)
    header, arrays = decode(explorer.message)
    assert explorer.error is None and explorer.trace.sentence.endswith(".")
    size = len(json.dumps(header, ensure_ascii=False, allow_nan=False).encode())
    assert size + len(explorer.message["buffer"]) <= MAX_BYTES
    assert len(header["tokens"]) == len(arrays["ids"]) == len(header["lengths"])
    assert len(explorer._repr_mimebundle_()[0]["image/png"]) <= 40_000 * 4 / 3


def test_numbers_equal_the_core_s_for_random_states():
    rng = np.random.default_rng(0)
    for _ in range(6):
        steps, seed = int(rng.integers(1, 13)), int(rng.integers(99))
        explorer = MaskExplorer(
            lengths=rng.integers(0, 9, 4).tolist(),
            steps=steps,
            seed=seed,
            layers=MEAN[:2],
            padding=str(rng.choice(["post", "pre"])),
        )
        header, arrays = decode(explorer.message)
        words = Embedding(
            256, 3, weights=[_random_table(seed)[:, :3]], mask_zero=True, dtype="float64"
        )
        np.testing.assert_array_equal(
            arrays["model0"], lookup(_random_table(seed)[:, :3], arrays["ids"])
        )
        pooled = masked_mean(arrays["model0"], padding_mask(arrays["ids"]))
        np.testing.assert_array_equal(arrays["model2"], pooled)
        np.testing.assert_array_equal(arrays["unmasked2"], arrays["model0"].mean(axis=1))
        again = trace_mask([words, GlobalAveragePooling1D(dtype="float64")], arrays["ids"], 1.0)
        expected = [again.loss, again.loss_unmasked, np.nan]
        if again.loss_reference is not None:
            expected[2] = again.loss_reference
        np.testing.assert_allclose(arrays["loss"], expected, rtol=1e-12)
        np.testing.assert_allclose(arrays["grad_unmasked"], again.row_0_unmasked, rtol=1e-12)
        assert header["sentence"] == again.sentence


def test_state_and_prints():
    explorer = MaskExplorer("a dog\nthe cat sat", layers=MEAN, steps=5, padding="pre")
    again = MaskExplorer.from_state(explorer.state)
    assert again.summary == explorer.summary and again.state == explorer.state
    assert eval(repr(explorer), {"MaskExplorer": MaskExplorer}).params == explorer.params
    assert "0x" not in explorer.summary + repr(explorer)
    make = lambda: MaskExplorer()._repr_mimebundle_()[0]
    assert make()["image/png"] == make()["image/png"] and "37.9 %" in make()["text/plain"]
    explorer.reset()
    assert explorer.steps == 5
