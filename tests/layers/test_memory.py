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
    needed = 512 * 1024 * 4
    monkeypatch.setattr(allocation, "available_memory", lambda: needed - 1)
    with pytest.raises(TableMemoryError):
        Embedding(512, 1024).build()
    monkeypatch.setattr(allocation, "available_memory", lambda: needed)
    Embedding(512, 1024).build()
    monkeypatch.setattr(allocation, "available_memory", lambda: None)
    Embedding(512, 1024).build()


def test_a_small_table_does_not_ask_what_is_free(monkeypatch):
    """A view of shards makes sixteen of them for each edit, and half of its time went there."""
    monkeypatch.setattr(allocation, "available_memory", lambda: pytest.fail("asked"))
    Embedding(512, 511).build()
    with pytest.raises(pytest.fail.Exception):
        Embedding(512, 512).build()


def test_container_limit_excludes_reclaimable_memory(tmp_path, monkeypatch):
    limit = control_group(tmp_path, memory._V2, 1000, 900, 600)
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    assert allocation.available_memory() == 700
    limit.write_text("max")
    free = allocation.available_memory()
    assert free is None or free > 700


def control_group(folder, files, limit, used, reclaimable):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / files[0]).write_text(f"{limit}\n")
    (folder / files[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\n{files[2]} {reclaimable}\n")
    return folder / files[0]


@pytest.mark.parametrize(
    ("line", "files", "root"),
    [
        ("0::/user.slice/hub.service", memory._V2, ""),
        ("4:memory:/user.slice/hub.service", memory._V1, "memory"),
        ("4:cpu,memory:/user.slice/hub.service", memory._V1, "memory"),
    ],
)
def test_the_tightest_of_nested_groups_counts(tmp_path, monkeypatch, line, files, root):
    groups = tmp_path / "own"
    groups.write_text(f"9:cpu:/\n{line}\n")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_OWN_CGROUPS", groups)
    top = tmp_path / "cgroup" / root
    control_group(top / "user.slice", files, 5000, 1000, 0)
    assert allocation.available_memory() == 4000
    control_group(top / "user.slice" / "hub.service", files, 700, 200, 100)
    assert allocation.available_memory() == 600
    control_group(top, files, 300, 200, 50)
    assert allocation.available_memory() == 150


@pytest.mark.parametrize(
    "stat", [None, "", "inactive_file\n", "inactive_file x\n", "é\n", "a b c\n"]
)
def test_a_limit_without_statistics_is_a_limit(tmp_path, monkeypatch, stat):
    (tmp_path / "own").write_text("0::/room\n")
    monkeypatch.setattr(memory, "_OWN_CGROUPS", tmp_path / "own")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "cgroup")
    group = tmp_path / "cgroup" / "room"
    control_group(group, memory._V2, 5000, 1000, 0)
    (group / "memory.stat").unlink()
    if stat is not None:
        (group / "memory.stat").write_text(stat, "utf-8")
    assert allocation.available_memory() == 4000
    control_group(group, memory._V2, 5000, 1000, 9000)  # never more than the limit
    assert allocation.available_memory() == 5000


@pytest.mark.parametrize("text", ["", ":", "0::", "0::/../../..", "x:memory:/" + "a" * 300, "\0"])
def test_odd_control_groups_are_no_limit(tmp_path, monkeypatch, text):
    (tmp_path / "own").write_text(text)
    monkeypatch.setattr(memory, "_OWN_CGROUPS", tmp_path / "own")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "cgroup")
    free = allocation.available_memory()
    assert free is None or free > 1000
