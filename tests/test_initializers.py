"""Initializers: identifiers, formulas, repeatability, refusals."""

import random

import numpy as np
import pytest

from embedlab import initializers
from embedlab.core.checks import DtypeError, ShapeError

EVERY = [name for name in initializers.__all__ if name[0].isupper() and name != "Initializer"]


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_each_gives_the_shape_and_dtype_asked_for(name, dtype):
    result = initializers.get(name)((6, 4), dtype)
    assert result.shape == (6, 4)
    assert result.dtype == dtype
    assert result.flags.c_contiguous and result.flags.writeable


@pytest.mark.parametrize("name", EVERY)
def test_each_survives_a_round_trip_through_its_dict(name):
    result = getattr(initializers, name)()
    again = initializers.deserialize(initializers.serialize(result))
    assert type(again) is type(result)
    assert again.get_config() == result.get_config()
    assert repr(again) == repr(result)


@pytest.mark.parametrize("name", EVERY)
def test_name_snake_name_class_and_instance_mean_the_same(name):
    result = getattr(initializers, name)
    snake = initializers.REGISTRY
    assert type(initializers.get(name)) is result
    assert type(initializers.get(result)) is result
    instance = result()
    assert initializers.get(instance) is instance
    assert [n for n, c in snake.names.items() if c is result and n.islower()]


def test_the_default_uniform_is_five_hundredths():
    table = initializers.get("uniform")((200, 50))
    assert np.abs(table).max() <= 0.05
    assert np.abs(table).max() > 0.0499


def test_a_seed_repeats_and_no_seed_differs_between_instances():
    one, two = initializers.RandomNormal(seed=3), initializers.RandomNormal(seed=3)
    assert np.array_equal(one((5, 5)), two((5, 5)))
    assert not np.array_equal(
        initializers.RandomNormal()((5, 5)), initializers.RandomNormal()((5, 5))
    )


def test_pythons_seed_makes_a_session_repeatable():
    before = random.getstate()
    try:
        random.seed(0)
        first = initializers.get("uniform")((3, 3))
        random.seed(0)
        assert np.array_equal(first, initializers.get("uniform")((3, 3)))
    finally:
        random.setstate(before)


@pytest.mark.parametrize(
    "result",
    [
        initializers.RandomUniform(seed=7),
        initializers.RandomNormal(seed=7),
        initializers.TruncatedNormal(seed=7),
    ],
)
def test_drawing_in_pieces_changes_no_number(result, monkeypatch):
    whole = result((300, 7))
    monkeypatch.setattr("embedlab.initializers._PIECE", 13)
    assert np.array_equal(result((300, 7)), whole)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("glorot_uniform", (6 / 90) ** 0.5),
        ("he_uniform", (6 / 60) ** 0.5),
        ("lecun_uniform", (3 / 60) ** 0.5),
    ],
)
def test_uniform_limits_by_hand(name, limit):
    result = np.abs(initializers.seeded(initializers.get(name), 1)((60, 30), "float64"))
    assert limit * 0.99 < result.max() <= limit


@pytest.mark.parametrize(
    ("name", "variance"),
    [("glorot_normal", 2 / 500), ("he_normal", 2 / 300), ("lecun_normal", 1 / 300)],
)
def test_normal_spread_by_hand(name, variance):
    result = initializers.seeded(initializers.get(name), 1)((300, 200), "float64")
    assert result.var() == pytest.approx(variance, rel=0.02)
    assert np.abs(result).max() < 2 * variance**0.5 / 0.8796


def test_orthogonal_rows_are_at_right_angles():
    result = initializers.Orthogonal(gain=3.0, seed=1)((2, 3, 4), "float64").reshape(6, 4)
    assert result.T @ result == pytest.approx(9 * np.eye(4), abs=1e-12)


def test_axes_of_keras_that_name_none_are_accepted():
    config = {"seed": 1, "input_axes": None, "output_axes": None}
    again = initializers.deserialize({"class_name": "HeNormal", "config": config})
    assert again.get_config() == {"seed": 1}


def test_seeded_leaves_alone_what_has_a_seed_or_draws_nothing():
    custom = initializers.HeNormal(seed=4)
    zeros = initializers.Zeros()
    assert initializers.seeded(custom, 9) is custom
    assert initializers.seeded(zeros, 9) is zeros
    assert initializers.seeded(initializers.HeNormal(), 9).seed == 9


def test_a_function_and_an_array_are_initializers_too():
    def halves(shape, dtype=None):
        return np.full(shape, 0.5, dtype)

    assert initializers.get(halves) is halves
    assert initializers.get(np.eye(2))((2, 2)).tolist() == [[1, 0], [0, 1]]
    config = initializers.serialize(halves)
    assert initializers.deserialize(config, {"halves": halves}) is halves
    with pytest.raises(ValueError, match="custom_objects"):
        initializers.deserialize(config)


def test_custom_classes_come_from_custom_objects():
    class Threes(initializers.Initializer):
        def __call__(self, shape, dtype="float32"):
            return np.full(shape, 3, dtype)

    config = initializers.serialize(Threes())
    assert config["registered_name"] == "Threes"
    assert type(initializers.deserialize(config, {"Threes": Threes})) is Threes
    with pytest.raises(ValueError, match="Could not interpret initializer identifier"):
        initializers.deserialize(config)


@pytest.mark.parametrize(
    "identifier",
    ["bogus", 3, 0.5, {"class_name": "Bogus", "config": {}}, {"class_name": ["HeNormal"]}, {}, []],
)
def test_unknown_identifiers_are_refused(identifier):
    with pytest.raises(ValueError, match="Could not interpret initializer identifier"):
        initializers.get(identifier)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: initializers.RandomUniform(1, 0), ValueError, "Received 1 and 0"),
        (lambda: initializers.RandomUniform(0, np.inf), ValueError, "finite"),
        (lambda: initializers.RandomNormal(stddev=-1), ValueError, "stddev"),
        (lambda: initializers.RandomNormal(seed="x"), ValueError, "'x'"),
        (lambda: initializers.RandomNormal(seed=-1), ValueError, ">= 0"),
        (lambda: initializers.RandomNormal(seed=True), ValueError, "True"),
        (lambda: initializers.VarianceScaling(0), ValueError, "scale must be above 0"),
        (lambda: initializers.VarianceScaling(mode="x"), ValueError, "mode must be"),
        (
            lambda: initializers.VarianceScaling(distribution="x"),
            ValueError,
            "distribution must be",
        ),
        (lambda: initializers.Constant("x"), DtypeError, "value must hold numbers"),
        (lambda: initializers.Constant([1, 2, 3])((2, 2)), ShapeError, r"Received shape \(3,\)"),
        (lambda: initializers.get("identity"), ValueError, "is not part of embedlab. Received"),
        (lambda: initializers.Identity, AttributeError, "is not part of embedlab. Received"),
        (lambda: initializers.HeNormal(input_axes=0), ValueError, "input_axes is not part of"),
        (
            lambda: initializers.VarianceScaling.from_config({"output_axes": (0,)}),
            ValueError,
            "output_axes is not part of embedlab. Received output_axes=",
        ),
        (lambda: initializers.Orthogonal()((3,)), ShapeError, "at least two-dimensional"),
        (lambda: initializers.Initializer()((3,)), NotImplementedError, "__call__"),
        (
            lambda: initializers.get({"class_name": "HeNormal", "config": {"zzz": 1}}),
            ValueError,
            "zzz",
        ),
    ],
)
def test_bad_arguments_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()
