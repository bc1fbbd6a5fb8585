"""Files of sharded tables: on any number of shards, whole or not at all."""

import json
import pickle
import resource
import signal

import numpy as np
import pytest
from safetensors.numpy import load_file

from embedlab.distributed import SCHEMES, ShardedEmbedding, ShardError, Sharding
from embedlab.distributed.files import MANIFEST, write_manifest
from embedlab.storage import FileRefused


@pytest.fixture
def trained(assert_same_training):
    """A plain table and its shards after some steps of Adam."""
    return assert_same_training("adam", (50, 7), 3, steps=4, scheme="row_wise", shards=3, hot=4)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_folder_loads_onto_any_plan_and_training_goes_on(trained, tmp_path, scheme):
    reference, table = trained
    table.save(tmp_path)
    shards, hot = {"table_wise": (1, 0), "column_wise": (4, 0)}.get(scheme, (5, 6))
    sharding = Sharding(50, 7, scheme, shards, replicated=hot)
    again = ShardedEmbedding.from_saved(tmp_path, plan=sharding)
    assert again.iterations == 4
    every = np.arange(50)
    np.testing.assert_array_equal(again(every), table(every))
    grad = np.linspace(-1, 1, 350, dtype=np.float32).reshape(50, 7)
    for one in (again, table):
        assert one.step(one.backward(every, grad)) == 5
    reference.step(every, grad)
    np.testing.assert_array_equal(again(every), reference.layer(every))
    np.testing.assert_array_equal(table(every), reference.layer(every))


def test_a_shard_is_a_safetensors_file(trained, tmp_path):
    _, table = trained
    table.save(tmp_path)
    files = sorted(tmp_path.glob("*.safetensors"))
    assert len(files) == 3
    tensors = load_file(files[0])
    assert {tuple(t.shape) for t in tensors.values()} == {table.sharding.shape(0)}
    slots = {"slot.momentum", "slot.velocity", "slot.velocity_hat"}
    assert set(tensors) == {"embeddings"} | slots
    shard, row = table.sharding.locate(np.arange(50))
    np.testing.assert_array_equal(
        tensors["embeddings"][row[shard == 0]], table(np.flatnonzero(shard == 0))
    )


def test_a_second_save_replaces_the_first(trained, tmp_path):
    _, table = trained
    table.save(tmp_path)
    first = {file.name for file in tmp_path.iterdir()}
    table.step(table.backward([1], np.ones((1, 7), np.float32)))
    (tmp_path / f".shard-{table._table_id}-0-0.safetensors.part").touch()  # of a killed save
    table.save(tmp_path)
    second = {file.name for file in tmp_path.iterdir()}
    assert first & second == {MANIFEST} and len(second) == 4
    assert ShardedEmbedding.from_saved(tmp_path).iterations == 5


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_save_leaves_the_folder_of_another_table_alone(trained, tmp_path):
    _, table = trained
    table.save(tmp_path)
    (tmp_path / "shard-notes.safetensors").write_text("not ours")
    before, other = contents(tmp_path), ShardedEmbedding(50, 7, seed=2)
    with pytest.raises(FileExistsError, match=r"Received one that .* 'embedding', 50 x 7\. Choose"):
        other.save(tmp_path)
    assert contents(tmp_path) == before
    again = ShardedEmbedding.from_saved(tmp_path)
    again.save(tmp_path)  # what was loaded is the same table
    table.save(tmp_path)
    other.save(tmp_path, overwrite=True)
    assert len(contents(tmp_path)) == 4 and "shard-notes.safetensors" in contents(tmp_path)
    assert ShardedEmbedding.from_saved(tmp_path).iterations == 0
    with pytest.raises(FileExistsError):
        table.save(tmp_path)


def test_a_manifest_of_another_program_stays(tmp_path):
    (tmp_path / MANIFEST).write_text('{"name": "a web page"}')
    table, before = ShardedEmbedding(5, 2, seed=2), contents(tmp_path)
    with pytest.raises(FileExistsError, match="none of a sharded table, or is damaged"):
        table.save(tmp_path)
    assert contents(tmp_path) == before


def test_a_save_that_is_interrupted_at_its_end_is_whole(trained, tmp_path, monkeypatch):
    _, table = trained

    def write_and_interrupt(*arguments):
        write_manifest(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr("embedlab.distributed.embedding.write_manifest", write_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        table.save(tmp_path)
    np.testing.assert_array_equal(ShardedEmbedding.from_saved(tmp_path)([1, 49]), table([1, 49]))


@pytest.fixture
def full_disk():
    """Keep files from growing beyond a number of bytes, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error of write instead
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [200, 2000])
def test_a_full_disk_leaves_the_last_save_whole(trained, tmp_path, full_disk, size):
    _, table = trained
    table.save(tmp_path)
    before = contents(tmp_path)
    table.step(table.backward([1], np.ones((1, 7), np.float32)))
    full_disk(size)
    with pytest.raises(ShardError, match=r"must be written to .*Make space") as error:
        table.save(tmp_path)
    assert "\n" not in str(error.value)
    assert contents(tmp_path) == before
    assert table([1]).shape == (1, 7)  # the table goes on


def test_a_full_disk_at_the_manifest(trained, tmp_path, monkeypatch):
    _, table = trained
    table.save(tmp_path)
    before = contents(tmp_path)

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("embedlab.distributed.embedding.write_manifest", fail)
    with pytest.raises(ShardError, match="a manifest must be written"):
        table.save(tmp_path)
    assert contents(tmp_path) == before


def damage_size(folder, file):
    file.write_bytes(file.read_bytes()[:-1])


def damage_number(folder, file):
    """Flip one bit of the last number."""
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def damage_header(folder, file):
    file.write_bytes(b"\xff" * 8 + file.read_bytes()[8:])


def damage_shape(folder, file):
    data = file.read_bytes()
    file.write_bytes(data.replace(b'"shape": [', b'"shape": [9', 1)[: len(data)])


def remove_file(folder, file):
    file.unlink()


def mix_saves(folder, file):
    data = file.read_bytes()
    name = json.loads((folder / MANIFEST).read_text())["save"].encode()
    file.write_bytes(data.replace(name, b"0" * len(name), 1))


def damage_manifest(folder, file):
    (folder / MANIFEST).write_text("{")


def damage_step(folder, file):
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"step": 4', '"step": 3'))


@pytest.mark.parametrize(
    "damage",
    [
        *(damage_size, damage_header, damage_number, damage_shape, remove_file, mix_saves),
        *(damage_manifest, damage_step),
    ],
)
def test_damaged_folders_are_refused(trained, tmp_path, damage):
    _, table = trained
    table.save(tmp_path)
    damage(tmp_path, sorted(tmp_path.glob("*.safetensors"))[1])
    rows = table([1, 2])
    for load in (ShardedEmbedding.from_saved, table.load):
        with pytest.raises(FileRefused) as error:
            load(tmp_path)
        assert "\n" not in str(error.value)
    np.testing.assert_array_equal(table([1, 2]), rows)  # nothing is changed then
    copy = pickle.loads(pickle.dumps(error.value))  # as from a worker
    assert (str(copy), copy.path) == (str(error.value), error.value.path)


def test_folders_of_other_tables_are_refused(trained, tmp_path):
    _, table = trained
    with pytest.raises(FileNotFoundError, match="must have a manifest"):
        table.load(tmp_path)
    with pytest.raises(ValueError, match=r"path must name a folder\. Received .*, which is a file"):
        table.save(__file__)
    (tmp_path / "file").touch()
    with pytest.raises(ShardError, match="choose another folder"):
        table.save(tmp_path / "file" / "below")
    ShardedEmbedding(9, 7, seed=1).save(tmp_path)
    with pytest.raises(ValueError, match=r"must hold a table \(50, 7\)"):
        table.load(tmp_path)
    assert table([1]).shape == (1, 7) and table.iterations == 4


DAMAGE = {
    "no save": lambda m: m.pop("save"),
    "no step": lambda m: m.pop("step"),
    "no sharding": lambda m: m.pop("sharding"),
    "no dtype": lambda m: m.pop("dtype"),
    "no seed": lambda m: m.pop("seed"),
    "a step of another kind": lambda m: m.update(step="x"),
    "a step below 0": lambda m: m.update(step=-1),
    "no optimizer": lambda m: m.update(optimizer=None),
    "an unknown optimizer": lambda m: m["optimizer"].update(class_name="Ftrl"),
    "padding outside": lambda m: m.update(padding_idx=99),
    "a flag of another kind": lambda m: m.update(scale_grad_by_freq="x"),
    "a mask of another kind": lambda m: m.update(mask_zero="x"),
    "no files": lambda m: m.update(files=[]),
    "a file less": lambda m: m["files"].pop(),
    "another save": lambda m: m.update(save="0" * 12),
    "an unknown active adapter": lambda m: m.update(active=["q"]),
    "an adapter without a rank": lambda m: m.update(adapters=[{"name": "q"}]),
    "workers in words": lambda m: m["sharding"].update(workers=["a", "b", "c"]),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_manifest_changes_nothing(tmp_path, damage):
    table = ShardedEmbedding(20, 4, plan=Sharding(20, 4, "row_wise", 3), seed=1)
    table.enable_lora(2, b_initializer="ones")
    table.save(tmp_path)
    before, file = table(range(20)), tmp_path / "manifest.json"
    manifest = json.loads(file.read_text())
    damage(manifest)
    file.write_text(json.dumps(manifest))
    with pytest.raises(FileRefused) as raised:
        table.load(tmp_path, Sharding(20, 4, "row_wise_hashed", 2))
    assert "\n" not in str(raised.value)
    assert np.array_equal(table(range(20)), before) and table.sharding.shards == 3
    table.step(table.backward([1], np.ones((1, 4))))
    with pytest.raises(FileRefused):
        ShardedEmbedding.from_saved(tmp_path)


def test_a_loaded_table_draws_what_the_saved_one_would(tmp_path):
    table = ShardedEmbedding(20, 4, plan=Sharding(20, 4, "row_wise", 3), seed=1)
    table.save(tmp_path)
    again = ShardedEmbedding.from_saved(tmp_path)
    for one in (table, again):
        one.enable_lora(2, b_initializer="ones")
    assert np.array_equal(table(range(20)), again(range(20)))


def test_options_that_the_folder_decides_are_refused(tmp_path):
    ShardedEmbedding(4, 2, seed=1).save(tmp_path)
    for option in ({"optimizer": "adam"}, {"dtype": "float64"}, {"seed": 1}):
        with pytest.raises(TypeError, match="options must be placement, timeout and name"):
            ShardedEmbedding.from_saved(tmp_path, **option)
