"""Sharding schemes: every row is somewhere, once, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedlab import IdError
from embedlab.distributed import SCHEMES, Sharding


@st.composite
def shardings(draw):
    rows, columns = draw(st.integers(1, 60)), draw(st.integers(1, 9))
    scheme = draw(st.sampled_from(SCHEMES))
    hot = 0
    if scheme.startswith("row_wise"):
        hot = draw(st.lists(st.integers(0, rows - 1), max_size=rows, unique=True))
        hot = draw(st.sampled_from([0, rows // 3, np.array(hot, np.int64)]))
    most = {"table_wise": 1, "column_wise": columns}.get(scheme, rows - np.size(hot))
    if isinstance(hot, int) and scheme.startswith("row_wise"):
        most = rows - hot
    return Sharding(rows, columns, scheme, draw(st.integers(1, max(1, most))), replicated=hot)


@given(shardings())
def test_locate_and_global_ids_are_inverse(sharding):
    ids = np.arange(sharding.input_dim)
    shard, row = sharding.locate(ids)
    for number in range(sharding.shards):
        rows = row[shard == number]
        assert rows.size == 0 or rows.max() < sharding.shape(number)[0]
        np.testing.assert_array_equal(sharding.global_ids(number, rows), ids[shard == number])
    if sharding.scheme.startswith("row_wise"):
        copies = sharding.replicated.size * (sharding.shards - 1)
        total = sum(sharding.shape(number)[0] for number in range(sharding.shards))
        assert total == sharding.input_dim + copies


@given(shardings())
def test_every_cell_of_the_table_has_its_place(sharding):
    table = np.arange(sharding.input_dim * sharding.output_dim).reshape(sharding.input_dim, -1)
    shards = [np.full(sharding.shape(s), -1) for s in range(sharding.shards)]
    ids = np.arange(sharding.input_dim)
    for part in sharding.parts(ids, every_copy=True):
        shards[part.shard][part.rows] = table[part.positions, part.columns]
    assert all((shard >= 0).all() for shard in shards)  # no shard has a row of nobody
    result = np.full_like(table, -1)
    for part in sharding.parts(ids):
        result[part.positions, part.columns] = shards[part.shard][part.rows]
    np.testing.assert_array_equal(result, table)


@given(shardings())
def test_a_config_gives_an_equal_sharding(sharding):
    again = Sharding.from_config(sharding.get_config())
    ids = np.arange(sharding.input_dim)
    for one, other in zip(sharding.locate(ids), again.locate(ids), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.get_config() == sharding.get_config()


def test_hashing_spreads_runs_of_ids_and_large_tables():
    for rows in (40_000_000, 10**10, 10**12):
        sharding = Sharding(rows, 128, "row_wise_hashed", 4)
        for ids in (np.arange(4000), np.arange(4000) * 4, rows - 1 - np.arange(4000)):
            shard, row = sharding.locate(ids)
            assert np.bincount(shard, minlength=4).min() > 900
            for number in range(4):
                here = shard == number
                np.testing.assert_array_equal(sharding.global_ids(number, row[here]), ids[here])


def test_a_block_holds_neighbors_and_sizes_differ_by_one():
    sharding = Sharding(11, 2, "row_wise", 3)
    assert [sharding.shape(s)[0] for s in range(3)] == [3, 4, 4]
    assert sharding.locate(np.arange(11))[0].tolist() == [0] * 3 + [1] * 4 + [2] * 4


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            (4, 2, "row_wise", 5),
            "row_wise must have at most a shard for each row, here 4. Received 5",
        ),
        ((4, 2, "column_wise", 3), "column_wise must have at most a shard for each column, here 2"),
        ((4, 2, "table_wise", 2), "table_wise must have at most a shard for each table, here 1"),
        ((4, 2, "diagonal", 2), "scheme must be"),
        ((4, 2, "row_wise", 2, (0,)), "workers must name one worker for each of 2"),
        ((4, 2, "column_wise", 2, (), 1), "replicated must be 0. Received 1 for column_wise"),
        ((1 << 41, 2, "row_wise_hashed", 2), "row_wise_hashed must have at most"),
    ],
)
def test_what_cannot_be_split_is_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        Sharding(*arguments)


def test_ids_outside_are_refused_with_their_position():
    with pytest.raises(IdError, match=r"Received 4 at \[1\]"):
        Sharding(4, 2, "row_wise", 2).locate([0, 4])
    with pytest.raises(IdError, match=r"Received 9 at \[0\]"):
        Sharding(4, 2, "row_wise", 2, replicated=[9])
