import numpy as np
import pytest

from embedlab.data.zipf import zipf_stream


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.5])
def test_the_shares_follow_the_law(exponent):
    size, rows = 200_000, 100
    ids = zipf_stream(size, rows, seed=5, exponent=exponent)
    assert ids.dtype == np.int64 and ids.shape == (size,)
    assert ids.min() >= 0 and ids.max() < rows
    share = np.arange(1, rows + 1.0) ** -exponent
    expected = size * share / share.sum()
    # Each count is binomial: five standard deviations hold for all hundred rows.
    assert (abs(np.bincount(ids, minlength=rows) - expected) < 5 * np.sqrt(expected) + 1).all()


def test_neighbors_in_the_stream_are_independent():
    ids = zipf_stream(100_000, 50, seed=2)
    centered = ids - ids.mean()
    assert abs((centered[1:] * centered[:-1]).mean() / ids.var()) < 0.02


def test_the_same_everywhere():
    assert zipf_stream(10, 1000, seed=7).tolist() == [59, 463, 186, 2, 4, 387, 0, 261, 218, 18]


def test_a_longer_stream_begins_with_the_shorter(monkeypatch):
    whole = zipf_stream(1000, 500, seed=1)
    np.testing.assert_array_equal(zipf_stream(300, 500, seed=1), whole[:300])
    monkeypatch.setattr("embedlab.data.zipf._CHUNK", 64)
    np.testing.assert_array_equal(zipf_stream(1000, 500, seed=1), whole)
    assert (zipf_stream(1000, 500, seed=2) != whole).any()


def test_the_edges():
    assert zipf_stream(0, 5).shape == (0,)
    assert zipf_stream(4, 1).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((-1, 5), "size must be an integer >= 0"),
        ((5, 0), "vocabulary_size must be a positive integer"),
        ((5, 5, -1), "seed must be an integer >= 0"),
        ((5, 5, 0, -0.5), r"exponent must be .* Received -0\.5"),
        ((5, 5, 0, np.nan), "Received nan"),
        ((5, 5, 0, np.inf), "Received inf"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        zipf_stream(*arguments)
