"""Files both ways with Keras 3.15.1: what one writes the other reads, and computes the same."""

import numpy as np
import pytest

from embedlab import layers as ours
from embedlab import quantizers
from embedlab.models import Model, Sequential, load_layer_weights, load_model
from embedlab.storage import FileRefused

IDS = np.random.default_rng(3).integers(0, 9, (4, 6))


def build(lab, stack):
    """The same model in either library, with the same weights."""
    model = (lab.Sequential if hasattr(lab, "Sequential") else Sequential)(stack(lab.layers))
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(size=w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


class Ours:
    layers = ours


def text(la):
    return [
        la.Input((6,)),
        la.Embedding(9, 4, mask_zero=True),
        la.GlobalAveragePooling1D(),
        la.Dense(3, activation="relu"),
        la.Dense(2),
    ]


def windows(la):
    return [
        la.Input((6,)),
        la.Embedding(9, 4),
        la.Conv1D(5, 3, padding="same", activation="tanh"),
        la.LayerNormalization(),
        la.Dropout(0.5),
        la.Flatten(),
        la.Dense(2),
    ]


def recurrent(la):
    return [
        la.Input((6,)),
        la.Embedding(9, 4, mask_zero=True),
        la.GRU(3, return_sequences=True),
        la.LSTM(3, return_sequences=True),
        la.SimpleRNN(2),
    ]


def shaped(la):
    return [
        la.Input((6,)),
        la.Embedding(9, 4),
        la.Reshape((3, 8)),
        la.Masking(),
        la.GlobalAveragePooling1D(),
    ]


def punished(la):
    return [
        la.Input((6,)),
        la.Embedding(9, 4, "he_normal", "l2", "unit_norm", name="words"),
        la.Dense(2, kernel_regularizer="l1", kernel_constraint="max_norm"),
    ]


def nested(la):
    kind = Sequential if la is ours else la.Sequential
    return [la.Input((6,)), kind([la.Input((6,)), la.Embedding(9, 4)], name="inner"), la.Dense(2)]


STACKS = [text, windows, recurrent, shaped, punished, nested]


@pytest.fixture
def theirs(keras):
    class Theirs:
        layers = keras.layers
        Sequential = keras.Sequential

    keras.layers.Sequential = keras.Sequential  # for `nested`
    yield Theirs
    del keras.layers.Sequential


def same(a, b):
    np.testing.assert_allclose(np.asarray(a(IDS)), np.asarray(b(IDS)), rtol=2e-5, atol=2e-6)
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("stack", STACKS)
def test_keras_reads_our_model(stack, theirs, keras, tmp_path):
    model = build(Ours, stack)
    model.save(tmp_path / "m.keras")
    same(model, keras.saving.load_model(tmp_path / "m.keras"))


@pytest.mark.parametrize("stack", STACKS)
def test_we_read_keras_s_model(stack, theirs, tmp_path):
    model = build(theirs, stack)
    model.save(tmp_path / "m.keras")
    same(model, load_model(tmp_path / "m.keras"))


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built:UserWarning")
@pytest.mark.parametrize("nested", [False, True])
def test_a_row_of_built_layers_both_ways(nested, theirs, keras, tmp_path):
    """Built one by one, without an input shape; pooling and dropout need no building."""
    rows = []
    for lab, kind in ((ours, Sequential), (keras.layers, keras.Sequential)):
        words, dense = lab.Embedding(9, 4, name="words"), lab.Dense(2, name="out")
        words.build(), dense.build((None, 4))
        words.set_weights([np.arange(36).reshape(9, 4) / 9])
        row = kind([words, lab.Dropout(0.5), lab.GlobalAveragePooling1D(), dense])
        rows.append(kind([row]) if nested and lab is ours else row)
    our_model, keras_model = rows
    our_model.save(tmp_path / "mine.keras")
    same(our_model, keras.saving.load_model(tmp_path / "mine.keras"))
    keras_model.save(tmp_path / "theirs.keras")
    same(keras_model, load_model(tmp_path / "theirs.keras"))


@pytest.mark.parametrize("stack", STACKS)
def test_weights_both_ways(stack, theirs, tmp_path):
    our_model, keras_model = build(Ours, stack), build(theirs, stack)
    zero = [np.zeros_like(w) for w in our_model.get_weights()]
    expected = our_model.get_weights()
    our_model.save_weights(tmp_path / "mine.weights.h5")
    keras_model.set_weights(zero)
    keras_model.load_weights(tmp_path / "mine.weights.h5")
    same(our_model, keras_model)
    keras_model.save_weights(tmp_path / "their.weights.h5")
    our_model.set_weights(zero)
    our_model.load_weights(tmp_path / "their.weights.h5")
    for one, other in zip(our_model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(one, other)


COMPILED = [
    ("adam", "mse", ["accuracy"]),
    ("sgd", "mse", None),
    ("rmsprop", "log_cosh", ["acc"]),
    ("adagrad", "sparse_categorical_crossentropy", ["accuracy"]),
]


@pytest.mark.parametrize(("optimizer", "loss", "judged"), COMPILED)
def test_keras_reads_how_we_trained(optimizer, loss, judged, theirs, keras, tmp_path):
    model = build(Ours, text)
    model.compile(optimizer, loss, judged)
    sparse = loss.startswith("sparse")
    model.fit(IDS, np.ones(4, int) if sparse else np.ones((4, 2)), epochs=3, verbose=0)
    model.save(tmp_path / "m.keras")
    with pytest.warns(UserWarning, match="the saved optimizer has 0 variables"):
        read = keras.saving.load_model(tmp_path / "m.keras")
    assert type(read.optimizer).__name__ == type(model.optimizer).__name__
    assert int(read.optimizer.iterations) == 0


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "adagrad", "sgd"])
def test_we_read_how_keras_trained(optimizer, theirs, keras, tmp_path):
    model = build(theirs, text)
    model.compile(optimizer, "mse", metrics=["accuracy"])
    model.save(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras")
    assert [metric.name for metric in read.metrics] == ["accuracy"]
    assert type(read.optimizer).__name__ == type(model.optimizer).__name__
    assert read.optimizer.learning_rate == pytest.approx(float(model.optimizer.learning_rate))
    read.fit(IDS, np.ones((4, 2)), verbose=0)
    assert read.optimizer.iterations == 1


def test_keras_passes_by_what_it_has_no_word_for(theirs, keras, tmp_path):
    model = Sequential(
        [
            ours.Embedding(9, 4, input_length=6, seed=3, padding_idx=0, oob="clip", max_norm=5.0),
            ours.GlobalAveragePooling1D(),
        ]
    )
    model.save(tmp_path / "m.keras")
    same(model, keras.saving.load_model(tmp_path / "m.keras"))
    assert load_model(tmp_path / "m.keras").layers[0].get_config() == model.layers[0].get_config()


# Adapters and codes -------------------------------------------------------------------------------

MODES = ["int8", "int4", "int4/4", "int4/-1"]


def quantized(lab, mode, quantizers):
    model = build(lab, lambda la: [la.Input((6,)), la.Embedding(9, 6), la.Dense(2)])
    block = int(mode.partition("/")[2]) if "/" in mode else None
    config = quantizers.Int4QuantizationConfig(block_size=block) if block else None
    model.layers[0].quantize(mode.partition("/")[0], config=config)
    return model


@pytest.mark.parametrize("mode", MODES)
def test_codes_both_ways(mode, theirs, keras, tmp_path):
    our_model = quantized(Ours, mode, quantizers)
    our_model.save(tmp_path / "mine.keras")
    read = keras.saving.load_model(tmp_path / "mine.keras")
    same(our_model, read)
    read.save(tmp_path / "again.keras")
    same(our_model, load_model(tmp_path / "again.keras"))
    keras_model = quantized(theirs, mode, keras.quantizers)
    keras_model.save(tmp_path / "their.keras")
    same(keras_model, load_model(tmp_path / "their.keras"))


def test_keras_cannot_read_its_own_int4_with_an_adapter(theirs, keras, tmp_path):
    keras_model = build(theirs, lambda la: [la.Input((6,)), la.Embedding(9, 6)])
    keras_model.layers[0].enable_lora(2)
    keras_model.layers[0].quantize("int4")
    keras_model.save(tmp_path / "their.keras")
    with pytest.raises(AttributeError, match="trainable"):
        keras.saving.load_model(tmp_path / "their.keras")
    read = load_model(tmp_path / "their.keras")
    np.testing.assert_allclose(read(IDS), np.asarray(keras_model(IDS)), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("mode", [None, "int8", "int4"])
def test_keras_computes_the_same_with_our_adapters(mode, theirs, keras, tmp_path):
    our_model = build(Ours, lambda la: [la.Input((6,)), la.Embedding(9, 6, seed=1), la.Dense(2)])
    layer = our_model.layers[0]
    if mode:
        layer.quantize(mode)
    layer.enable_lora(2, 5.0)
    layer.add_adapter("legal", 1, rslora=True)
    rng = np.random.default_rng(8)
    for lora in layer.adapters.values():
        lora.b.assign(rng.normal(size=lora.b.shape) / 10)
    our_model.save(tmp_path / "mine.keras")
    read = keras.saving.load_model(tmp_path / "mine.keras")
    store = {}
    layer.save_own_variables(store)  # codes are rounded again once the adapters are in them
    own_variables = {}
    read.layers[0].save_own_variables(own_variables)
    for key, array in store.items():
        # Keras rounds a quantized table once more when it saves one with an adapter
        np.testing.assert_allclose(np.asarray(own_variables[key]), array, rtol=1e-6 if mode else 0)
    if mode is None:
        np.testing.assert_allclose(np.asarray(read(IDS)), our_model(IDS), rtol=2e-5, atol=2e-6)
    read.save(tmp_path / "again.keras")
    ours_again = load_model(tmp_path / "again.keras")
    np.testing.assert_allclose(ours_again(IDS), np.asarray(read(IDS)), rtol=2e-5, atol=2e-6)


def test_after_keras_has_merged_its_adapter_ours_can_train(theirs, keras, tmp_path):
    keras_model = build(theirs, lambda la: [la.Input((6,)), la.Embedding(9, 6)])
    keras_model.layers[0].enable_lora(2, lora_alpha=8)
    keras_model.layers[0].lora_embeddings_b.assign(np.ones((2, 6)))
    keras_model.save(tmp_path / "their.keras")
    dead = keras.saving.load_model(tmp_path / "their.keras").layers[0]
    assert not np.asarray(dead.lora_embeddings_a).any()  # Keras: A and B are zero for ever
    assert not np.asarray(dead.lora_embeddings_b).any()
    our_model = load_model(tmp_path / "their.keras")
    np.testing.assert_allclose(our_model(IDS), np.asarray(keras_model(IDS)), rtol=2e-5, atol=2e-6)
    lora = our_model.layers[0].adapters["default"]
    assert (lora.rank, lora.alpha) == (2, 8)
    our_model.compile("sgd", "mse")
    our_model.fit(IDS, np.ones((4, 6, 6)), epochs=2, verbose=0)
    assert lora.b.value.any()


def test_a_dict_store_of_either_is_the_other_s(theirs, keras):
    for mode in [None, *MODES]:
        if mode is None:
            our_model, keras_model = (
                build(lab, lambda la: [la.Input((6,)), la.Embedding(9, 6)])
                for lab in (Ours, theirs)
            )
        else:
            our_model, keras_model = (
                quantized(Ours, mode, quantizers),
                quantized(theirs, mode, keras.quantizers),
            )
        one, other = {}, {}
        our_model.layers[0].save_own_variables(one)
        keras_model.layers[0].save_own_variables(other)
        assert list(one) == list(other)
        for key in one:
            assert one[key].dtype == np.asarray(other[key]).dtype
        keras_model.layers[0].load_own_variables(one)
        our_model.layers[0].load_own_variables({k: np.asarray(v) for k, v in other.items()})
        again = {}
        keras_model.layers[0].save_own_variables(again)
        for key in one:
            np.testing.assert_array_equal(np.asarray(again[key]), one[key])


# Models from placeholders -------------------------------------------------------------------------


def plain(la, model):
    ids = la.Input((6,), name="ids")
    rows = la.Embedding(9, 4, mask_zero=True, name="words")(ids)
    return model(ids, la.Dense(2)(la.GlobalAveragePooling1D()(la.Dense(4)(rows))))


def order_that_is_not_the_callers(la, model):
    ids = la.Input((6,))
    table, first, second = la.Embedding(9, 4), la.Dense(4), la.Dense(4, activation="tanh")
    return model(ids, first(second(table(ids))))


def a_layer_called_twice(la, model):
    ids, again, between = la.Input((6,)), la.Dense(4), la.Dense(4, activation="tanh")
    return model(ids, again(between(again(la.Embedding(9, 4)(ids)))))


def one_in_a_list(la, model):
    ids = la.Input((6,))
    return model([ids], la.Dense(2)(la.Embedding(9, 4)(ids)))


def masked(la, model):
    ids = la.Input((6,))
    rows = la.Masking()(la.Embedding(9, 4)(ids))
    return model(ids, la.GlobalAveragePooling1D()(la.LSTM(3, return_sequences=True)(rows)))


GRAPHS = [plain, masked, order_that_is_not_the_callers, a_layer_called_twice, one_in_a_list]


def filled(model):
    """Numbers of its own for each weight, by the name of its layer's place in the call."""
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(size=w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


def same_outputs(one, other):
    np.testing.assert_allclose(np.asarray(one(IDS)), np.asarray(other(IDS)), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("graph", GRAPHS)
def test_keras_reads_our_graph(graph, keras, tmp_path):
    our_model = filled(graph(ours, Model))
    our_model.save(tmp_path / "m.keras")
    same_outputs(our_model, keras.saving.load_model(tmp_path / "m.keras"))
    same_outputs(our_model, load_model(tmp_path / "m.keras"))


@pytest.mark.parametrize("graph", GRAPHS)
def test_we_read_keras_s_graph(graph, keras, tmp_path):
    keras_model = filled(graph(keras.layers, keras.Model))
    keras_model.save(tmp_path / "m.keras")
    same_outputs(keras_model, load_model(tmp_path / "m.keras"))


@pytest.mark.parametrize("graph", GRAPHS)
def test_graph_weights_both_ways(graph, keras, tmp_path):
    our_model, keras_model = filled(graph(ours, Model)), graph(keras.layers, keras.Model)
    our_model.save_weights(tmp_path / "m.weights.h5")
    keras_model.load_weights(tmp_path / "m.weights.h5")
    same_outputs(our_model, keras_model)
    again = graph(ours, Model)
    keras_model.save_weights(tmp_path / "t.weights.h5")
    again.load_weights(tmp_path / "t.weights.h5")
    same_outputs(our_model, again)


def branches(la, model):
    one, two = la.Input((6,), name="one"), la.Input((6,), name="two")
    table = la.Embedding(9, 4, name="words")
    both = la.Concatenate(name="both")([table(one), table(two)])
    return model([one, two], la.Dense(2, name="out")(both))


def several_ends(la, model):
    ids = la.Input((6,), name="one")
    rows = la.Embedding(9, 4, name="words")(ids)
    return model(ids, {"rows": rows, "out": la.Dense(2, name="out")(rows)})


@pytest.mark.parametrize(
    ("graph", "holds"),
    [
        (branches, r"2 inputs \(one, two\), 1 output \(out\), .*both \(Concatenate\)"),
        (several_ends, r"1 input \(one\), 2 outputs \((words, out|out, words)\)"),
    ],
)
def test_more_than_a_chain_is_refused_and_read_by_layer(graph, holds, keras, tmp_path):
    keras_model = filled(graph(keras.layers, keras.Model))
    keras_model.save(tmp_path / "m.keras")
    with pytest.raises(FileRefused, match=f"must hold one chain of layers.*{holds}") as excinfo:
        load_model(tmp_path / "m.keras")
    assert "\n" not in str(excinfo.value)
    keras_model.save_weights(tmp_path / "m.weights.h5")
    for file, name in (
        ("m.keras", "words"),
        ("m.weights.h5", "words"),
        ("m.keras", "layers/embedding"),
        ("m.weights.h5", "embedding"),
    ):
        words = ours.Embedding(9, 4)
        words.build()
        load_layer_weights(words, tmp_path / file, name)
        expected = keras_model.get_layer("words").get_weights()[0]
        np.testing.assert_array_equal(words.get_weights()[0], expected)
    out = ours.Dense(2, name="out")
    out.build((None, 8 if graph is branches else 4))
    load_layer_weights(out, tmp_path / "m.keras")
    for our_model, theirs in zip(
        out.get_weights(), keras_model.get_layer("out").get_weights(), strict=True
    ):
        np.testing.assert_array_equal(our_model, theirs)


@pytest.mark.parametrize("tied", [True, False])
def test_a_reversible_table_both_ways(tied, theirs, keras, tmp_path):
    def stack(la):
        return [la.Input((6,)), la.ReversibleEmbedding(9, 4, tie_weights=tied)]

    our_model, keras_model = build(Ours, stack), build(theirs, stack)
    our_model.save(tmp_path / "mine.keras")
    same(our_model, keras.saving.load_model(tmp_path / "mine.keras"))
    keras_model.save(tmp_path / "their.keras")
    read = load_model(tmp_path / "their.keras")
    same(keras_model, read)
    rows = np.ones((2, 4), "float32")
    np.testing.assert_allclose(
        read.layers[0](rows, reverse=True),
        np.asarray(keras_model.layers[0](rows, reverse=True)),
        rtol=1e-5,
    )


def test_a_table_used_in_both_directions(keras, tmp_path):
    def graph(la, model):
        ids, table = la.Input((6,)), la.ReversibleEmbedding(9, 4)
        return model(ids, table(la.Dense(4)(table(ids)), reverse=True))

    our_model, keras_model = filled(graph(ours, Model)), filled(graph(keras.layers, keras.Model))
    our_model.save(tmp_path / "mine.keras")
    same_outputs(our_model, keras.saving.load_model(tmp_path / "mine.keras"))
    keras_model.save(tmp_path / "their.keras")
    same_outputs(keras_model, load_model(tmp_path / "their.keras"))


@pytest.mark.parametrize("mode", ["int8", "int4"])
@pytest.mark.parametrize("tied", [True, False])
def test_reversible_codes_in_a_store(tied, mode, keras):
    table = np.random.default_rng(0).normal(size=(9, 4)).astype("float32")
    stores, made_by = [], []
    for la in (keras.layers, ours):
        layer = la.ReversibleEmbedding(9, 4, tie_weights=tied)
        layer.build((None,))
        layer.set_weights([table] if tied else [table, table.T * 2])
        layer.quantize(mode)
        stores.append({})
        made_by.append(layer)
        layer.save_own_variables(stores[-1])
    keras_model, our_model = stores
    assert list(keras_model) == list(our_model)
    for key in our_model:
        np.testing.assert_array_equal(np.asarray(keras_model[key]), our_model[key])
    made_by[1].load_own_variables({k: np.asarray(v) for k, v in keras_model.items()})
    made_by[0].load_own_variables(our_model)
