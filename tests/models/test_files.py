"""A model is restored from a file: its layers, numbers, training and names."""

import json
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedlab import layers, losses, optimizers, regularizers
from embedlab.layers import Dense, Embedding, GlobalAveragePooling1D, Input, Layer
from embedlab.models import Model, Sequential, load_model, save_model
from embedlab.storage import FileRefused

IDS = np.random.default_rng(1).integers(0, 9, (8, 5))
AIM = np.random.default_rng(2).normal(size=(8, 2)).astype("float32")


def model(**options):
    return Sequential(
        [Embedding(9, 4, input_length=5, seed=1, **options), GlobalAveragePooling1D(), Dense(2)]
    )


def back(chain, path, **options):
    chain.save(path)
    return load_model(path, **options)


def test_it_computes_the_same_and_is_called_the_same(tmp_path):
    chain = model(mask_zero=True)
    read = back(chain, tmp_path / "m.keras")
    assert np.array_equal(read.predict(IDS), chain.predict(IDS))
    assert read.get_config() == chain.get_config()


def test_without_compile_the_optimizer_stays_in_the_file(tmp_path):
    chain = model()
    chain.compile("adam", "mse")
    chain.fit(IDS, AIM, verbose=0)
    assert back(chain, tmp_path / "m.keras", compile=False).optimizer is None


def test_objects_of_ours_with_their_options(tmp_path):
    chain = model(embeddings_regularizer=regularizers.L1L2(0.25, 0.5), oob="clip", padding_idx=3)
    loss = losses.BinaryCrossentropy(from_logits=True)
    chain.compile(optimizers.SGD(0.5, momentum=0.25, sparse_update="lazy"), loss)
    read = back(chain, tmp_path / "m.keras")
    assert read.optimizer.get_config() == chain.optimizer.get_config()
    assert read.loss.get_config() == chain.loss.get_config()
    assert read.layers[0].get_config() == chain.layers[0].get_config()


def test_a_model_that_learned_its_shape_from_data(tmp_path):
    chain = Sequential([Embedding(9, 4), GlobalAveragePooling1D()])
    chain.predict(IDS)
    assert np.array_equal(back(chain, tmp_path / "m.keras").predict(IDS), chain.predict(IDS))


def test_a_row_of_built_layers_that_has_met_no_data(tmp_path):
    words, dense = Embedding(9, 4), Dense(2)
    words.build()
    dense.build((None, 4))
    chain = Sequential([words, dense])
    read = back(chain, tmp_path / "m.keras")
    assert np.array_equal(read.predict(IDS), chain.predict(IDS))
    other = Sequential([Embedding(9, 4, input_length=5), Dense(2)])
    Sequential([words, dense]).save_weights(tmp_path / "m.weights.h5")
    other.load_weights(tmp_path / "m.weights.h5")
    assert np.array_equal(other.predict(IDS), chain.predict(IDS))


BODIES = {
    "Dense": lambda: layers.Dense(3),
    "Conv1D": lambda: layers.Conv1D(3, 2, padding="same"),
    "SimpleRNN": lambda: layers.SimpleRNN(3, return_sequences=True),
    "GRU": lambda: layers.GRU(3, return_sequences=True),
    "LSTM": lambda: layers.LSTM(3, return_sequences=True),
    "LayerNormalization": layers.LayerNormalization,
    "Dropout": lambda: layers.Dropout(0.5),
    "Masking": layers.Masking,
}


@given(
    kinds=st.lists(st.sampled_from(sorted(BODIES)), max_size=4),
    nested=st.integers(0, 2),
    announced=st.booleans(),
)
@settings(max_examples=25)
def test_any_row_of_built_layers_goes_through_a_file(tmp_path_factory, kinds, nested, announced):
    """Built one by one, before there is a model; inside other models too."""
    parts, shape = [Embedding(9, 4)], (None, 5)
    parts += [BODIES[kind]() for kind in kinds]
    for part in parts:
        if not isinstance(part, (layers.Dropout, layers.Masking)):  # nobody builds those
            part.build(shape)
        shape = part.compute_output_shape(shape)
    rng = np.random.default_rng(1)
    for part in parts:
        part.set_weights([rng.normal(size=w.shape) for w in part.weights])
    chain = Sequential(parts)
    for _ in range(nested):
        chain = Sequential([chain])
    if announced:
        chain.build((None, 5))
    folder = tmp_path_factory.mktemp("row")
    chain.save(folder / "m.keras")
    chain.save_weights(folder / "m.weights.h5")
    read = load_model(folder / "m.keras")
    assert all(map(np.array_equal, read.get_weights(), chain.get_weights()))
    want = chain.predict(IDS)
    assert np.array_equal(read.predict(IDS), want)
    read.set_weights([np.zeros_like(w) for w in read.get_weights()])
    read.load_weights(folder / "m.weights.h5")
    assert np.array_equal(read.predict(IDS), want)


def test_how_it_is_compiled_comes_back(tmp_path):
    chain = model()
    chain.compile("adam", "sparse_categorical_crossentropy", metrics=["acc"])
    read = back(chain, tmp_path / "m.keras")
    assert type(read.loss).__name__ == "SparseCategoricalCrossentropy"
    assert [metric.name for metric in read.metrics] == ["acc"]


def test_models_in_models(tmp_path):
    inner = Sequential([Embedding(9, 4, input_length=5)], name="inner")
    chain = Sequential([inner, Dense(2)])
    chain.predict(IDS)
    read = back(chain, tmp_path / "m.keras")
    assert np.array_equal(read.predict(IDS), chain.predict(IDS))
    assert read.layers[0].name == "inner"


def test_the_same_model_gives_the_same_bytes(tmp_path):
    chain = model()
    chain.save(tmp_path / "a.keras")
    save_model(chain, tmp_path / "b.keras")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


def test_frozen_stays_frozen(tmp_path):
    chain = model(trainable=False)
    assert len(back(chain, tmp_path / "m.keras").trainable_weights) == 2


class Twice(Layer):
    def call(self, inputs):
        return 2 * inputs

    def compute_output_shape(self, input_shape):
        return input_shape


class Off(losses.Loss):
    def call(self, y_true, y_pred):
        return np.abs(y_pred - y_true).mean(axis=-1)


def test_what_is_yours_is_passed_in(tmp_path):
    chain = Sequential([Embedding(9, 4, input_length=5), Twice()])
    chain.compile("sgd", Off())
    chain.save(tmp_path / "m.keras")
    read = load_model(tmp_path / "m.keras", custom_objects={"Twice": Twice, "Off": Off})
    assert np.array_equal(read.predict(IDS), chain.predict(IDS))
    assert float(read.loss([[1.0]], [[3.0]])) == 2.0
    with pytest.raises(FileRefused, match=r"Twice.*custom_objects"):
        load_model(tmp_path / "m.keras")


def counted(shape, dtype=None):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def test_a_function_that_initializes_is_passed_in(tmp_path):
    chain = model(embeddings_initializer=counted)
    read = back(chain, tmp_path / "m.keras", custom_objects={"counted": counted})
    assert read.layers[0].embeddings_initializer is counted
    with pytest.raises(FileRefused, match="counted"):
        load_model(tmp_path / "m.keras")


class Words(Model):
    def __init__(self):
        super().__init__()
        self.words, self.heads = Embedding(9, 4), [Dense(3), Dense(2)]

    def call(self, inputs):
        return self.heads[1](self.heads[0](self.words(inputs)))


def test_weights_of_a_model_subclass(tmp_path):
    one, other = Words(), Words()
    one.predict(IDS), other.predict(IDS)
    one.save_weights(tmp_path / "w.weights.h5")
    other.load_weights(tmp_path / "w.weights.h5")
    assert np.array_equal(one.predict(IDS), other.predict(IDS))


def test_weights_alone_from_a_whole_model(tmp_path):
    chain, other = model(), model()
    other.set_weights([np.zeros_like(w) for w in other.get_weights()])
    chain.save(tmp_path / "m.keras")
    other.load_weights(tmp_path / "m.keras")
    assert np.array_equal(chain.predict(IDS), other.predict(IDS))


def test_what_does_not_fit_changes_nothing(tmp_path):
    model().save_weights(tmp_path / "w.weights.h5")
    other = Sequential([Embedding(9, 4, input_length=5), GlobalAveragePooling1D(), Dense(3)])
    before = other.get_weights()
    with pytest.raises(FileRefused, match=r"\(4, 3\).*\(4, 2\)"):
        other.load_weights(tmp_path / "w.weights.h5")
    for array, old in zip(other.get_weights(), before, strict=True):
        assert np.array_equal(array, old)


@pytest.mark.parametrize("path", ["m.h5", "m.pkl", "m", "m.weights.h5"])
def test_endings(path, tmp_path):
    with pytest.raises(ValueError, match=r"`\.keras`"):
        model().save(tmp_path / path)
    with pytest.raises(ValueError, match=r"`\.keras`"):
        load_model(tmp_path / path)
    assert not list(tmp_path.iterdir())


def test_weights_endings(tmp_path):
    for call in (model().save_weights, model().load_weights):
        with pytest.raises(ValueError, match=r"`\.weights\.h5`"):
            call(tmp_path / "w.h5")


def test_what_has_no_weights_is_not_saved(tmp_path):
    words = Embedding(9, 4)
    words.build()
    for chain in (Sequential([Embedding(9, 4)]), Sequential([words, Dense(2)]), Sequential()):
        for call in (chain.save, chain.save_weights, chain.load_weights):
            ending = ".keras" if call == chain.save else ".weights.h5"
            with pytest.raises(ValueError, match="must be built"):
                call(tmp_path / f"m{ending}")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "m.keras")
    with pytest.raises(FileNotFoundError):
        model().load_weights(tmp_path / "m.weights.h5")
    with pytest.raises(FileNotFoundError):
        model().save(tmp_path / "nowhere" / "m.keras")


def test_what_lies_in_the_archive(tmp_path):
    model().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        metadata = json.loads(archive.read("config.json"))
    config = metadata["config"]["layers"]
    assert config[1]["embedlab"] == {"input_length": 5, "seed": 1}
    assert "seed" not in config[1]["config"]


def test_an_input_keeps_its_dtype(tmp_path):
    chain = Sequential([Input((5,), dtype="int32"), Embedding(9, 4)])
    assert back(chain, tmp_path / "m.keras").inputs[0].dtype == "int32"


def test_weights_of_keras_2_are_refused(tmp_path):
    import h5py

    path, chain = tmp_path / "m.weights.h5", model()
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["embedding"]
        file["embedding/embedding/embeddings:0"] = np.zeros((9, 4), "float32")
    with pytest.raises(FileRefused, match=r"one of Keras 2\. Load and save it in Keras 3"):
        chain.load_weights(path)
