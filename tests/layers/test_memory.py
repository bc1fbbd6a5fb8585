"""Memory is reported before it is taken, and refused before the system ends the process."""

import numpy as np
import pytest

from embedlab.layers import Embedding, TableMemoryError, allocation, memory


def test_the_report_counts_bytes_by_hand():
    report = Embedding(1000, 63, dtype="float16").memory_report(lora_rank=4)
    assert report.table == report.gradient == report.momentum == 1000 * 63 * 2
    assert report.adam == 2 * report.table
    assert report.gradient_per_id == 63 * 2 + 8
    assert report.lora == 4 * (1000 * 4 + 4 * 63)
    assert report.int8 == 1000 * 63 + 4 * 1000
    assert report.int4 == 1000 * 32 + 4 * 1000


def test_the_report_needs_no_table_and_reads_well():
    layer = Embedding(10**9, 10**6)
    report = layer.memory_report()
    assert not layer.built
    assert report.table == 4 * 10**15
    assert "table                             4.0 PB" in repr(report)


def test_mixed_precision_stores_float32():
    assert Embedding(10, 4, dtype="mixed_float16").memory_report().table == 160


def test_a_table_that_cannot_fit_is_refused_with_the_figures():
    layer = Embedding(10**9, 10**6, name="huge")
    with pytest.raises(
        TableMemoryError, match=r"memory: it needs 4\.0 PB\. Received .* free"
    ) as caught:
        layer(np.array([1]))
    assert caught.value.needed == 4 * 10**15
    assert 0 < caught.value.available < caught.value.needed
    assert isinstance(caught.value, MemoryError)
    assert not layer.built


def test_the_limit_is_what_is_free(monkeypatch):
    monkeypatch.setattr(allocation, "available_memory", lambda: 159)
    with pytest.raises(TableMemoryError):
        Embedding(10, 4).build()
    monkeypatch.setattr(allocation, "available_memory", lambda: 160)
    Embedding(10, 4).build()
    monkeypatch.setattr(allocation, "available_memory", lambda: None)
    Embedding(10, 4).build()


def test_container_limit_excludes_reclaimable_memory(tmp_path, monkeypatch):
    (tmp_path / "max").write_text("1000")
    (tmp_path / "current").write_text("900")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 600\n")
    group = (tmp_path, "max", "current", "inactive_file")
    monkeypatch.setattr(memory, "_CGROUPS", (group,))
    assert allocation.available_memory() == 700
    (tmp_path / "max").write_text("max")
    free = allocation.available_memory()
    assert free is None or free > 700
