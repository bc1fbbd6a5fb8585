"""A file is written whole or not at all, even when the writer is killed."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import embedlab
from embedlab.layers import Embedding
from embedlab.models import Sequential, load_model
from embedlab.storage import atomic
from embedlab.storage.atomic import atomic_write

WRITER = """
import os, resource, signal, sys
import numpy as np
from embedlab.layers import Embedding
from embedlab.models import Sequential
import embedlab.models.files  # the point is inside the atomic_write
model = Sequential([Embedding(50, 8, input_length=3)])
model.set_weights([np.full((50, 8), 2.0)])
steps = 0
def save(path, point):
    def kill_at(frame, event, arg):
        global steps
        if event in ("c_call", "call"):
            steps += 1
            if steps == point:
                os.kill(os.getpid(), signal.SIGKILL)
    write = model.save if path.endswith(".keras") else model.save_weights
    if point < 0:  # the system kills it when a file grows beyond so many bytes
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (-point, -point))
    else:
        sys.setprofile(kill_at)
    write(path)
    sys.setprofile(None)
for path, point in zip(sys.argv[1::2], map(int, sys.argv[2::2])):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            save(path, point)
            os.write(writer, str(steps).encode())
        finally:  # nothing of the parent's is to be done twice
            os._exit(0)
    os.close(writer)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code, os.read(reader, 20).decode() or 0)
"""


def write(*attempts):
    """Write each file in a process that ends at its point; return the exit codes and the steps.

    The processes are forks of one: to start Python takes longer than all that they do.
    """
    process = subprocess.run(
        [sys.executable, "-c", WRITER, *(str(word) for attempt in attempts for word in attempt)],
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    lines = [line.split() for line in process.stdout.splitlines()]
    assert len(lines) == len(attempts), process.stderr
    return [(int(code), int(steps)) for code, steps in lines]


def table(path):
    model = Sequential([Embedding(50, 8, input_length=3)])
    model.load_weights(path)
    return model.get_weights()[0][0, 0]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
@pytest.mark.slow
def test_a_writer_killed_at_any_point_leaves_a_whole_file(name, tmp_path):
    path = tmp_path / name
    model = Sequential([Embedding(50, 8, input_length=3)])
    model.set_weights([np.full((50, 8), 1.0)])
    save = model.save if name.endswith(".keras") else model.save_weights
    save(path)
    ((_, points),) = write((tmp_path / ("free_" + name), 0))
    assert points > 50
    kills = [(tmp_path / f"{k}_{name}", k) for k in np.linspace(1, points, 7, dtype=int)]
    for copy, _ in kills:
        shutil.copy(path, copy)
    codes = [code for code, _ in write(*kills)]
    assert set(codes) <= {-signal.SIGKILL, 0}
    died = sum(code < 0 for code in codes)
    values = [table(copy) for copy, _ in kills]
    assert set(values) <= {1.0, 2.0}
    if name.endswith(".keras"):
        for copy, _ in kills:
            load_model(copy)
    assert died >= 5  # a run has a few calls more or less than the one that was counted
    assert values[0] == 1.0  # killed early: the old file
    assert sorted(values) == values  # once the new one is there, it is there


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
def test_a_writer_killed_in_the_middle_of_a_write(name, tmp_path):
    model = Sequential([Embedding(50, 8, input_length=3)])
    model.set_weights([np.full((50, 8), 1.0)])
    attempts = [(tmp_path / f"{size}_{name}", -size) for size in (1, 1000, 2500)]
    for path, _ in attempts:
        (model.save if name.endswith(".keras") else model.save_weights)(path)
    assert [code for code, _ in write(*attempts)] == [-signal.SIGXFSZ] * 3
    assert [table(path) for path, _ in attempts] == [1.0] * 3


def test_an_error_in_the_middle_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as fresh:
        fresh.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_goes_with_the_next(tmp_path):
    path = tmp_path / "m.weights.h5"
    model = Sequential([Embedding(50, 8, input_length=3)])
    model.save_weights(path)
    assert write((path, -1000)) == [(-signal.SIGXFSZ, 0)]
    (partial,) = tmp_path.glob(".*.part")
    number = partial.name.split("-")[1].split(".")[0]
    with atomic_write(path) as fresh:  # of a writer that lives, of another machine, of another file
        unrelated = [
            partial.with_name(partial.name.replace(f"-{number}.", f"-{os.getpid()}.")),
            partial.with_name(partial.name.replace("-", "0-")),
            partial.with_name(partial.name.replace("m.weights", "n.weights")),
        ]
        fresh.write_bytes(path.read_bytes())
        for other in unrelated:
            other.write_text("1")
            os.utime(other, (1, 1))
    model.save_weights(path)
    assert partial.exists()  # too fresh: its writer may live where we cannot see it
    os.utime(partial, (1, 1))
    model.save_weights(path)
    assert sorted(tmp_path.iterdir()) == sorted([path, *unrelated])


def test_permissions_stay_and_links_are_followed(tmp_path):
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    with atomic_write(link) as fresh:
        fresh.write_text("new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
    assert link.is_symlink()


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with atomic_write(tmp_path / "ours") as fresh:
        fresh.touch()
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_bytes_are_on_the_disk_before_the_rename(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("fsync"), fsync(handle))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("replace"), replace(a, b))[1])
    with atomic_write(tmp_path / "a") as fresh:
        fresh.write_text("1")
    assert order[:2] == ["fsync", "replace"]


def test_overwrite_false(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with (
        pytest.raises(FileExistsError, match="overwrite=False"),
        atomic_write(path, overwrite=False),
    ):
        pass
    assert path.read_text() == "old"


def test_only_a_file_is_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path, "a folder"), (tmp_path / "pipe", "a device or a pipe")):
        with pytest.raises(FileExistsError, match=f"which is {what}"), atomic_write(path):
            pass  # pragma: no cover
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize("name", ["ж" * 120 + ".npy", "漢" * 80 + ".npy"])
def test_a_long_name_of_many_bytes(tmp_path, name):
    with atomic_write(tmp_path / name) as temporary:
        temporary.write_text("1")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_was_left_under_another_host_name_goes_after_a_day(tmp_path, monkeypatch):
    target = tmp_path / "table.npy"
    monkeypatch.setattr(atomic, "_machine_id", lambda: "0123abcd")
    with pytest.raises(KeyboardInterrupt), atomic_write(target) as temporary:
        left = temporary.with_name(temporary.name.replace(f"-{os.getpid()}", "-1"))
        left.write_text("half")
        raise KeyboardInterrupt
    monkeypatch.undo()
    for age, stays in ((atomic.STALE + 60, True), (atomic.STALE_ELSEWHERE + 60, False)):
        os.utime(left, (time.time() - age,) * 2)
        with atomic_write(target) as temporary:
            temporary.write_text("whole")
        assert left.exists() == stays


def test_whatever_the_package_writes_is_written_whole():
    """Only a lesson's exercise, in its own temporary folder, writes a file as it is."""
    package = Path(embedlab.__file__).parent
    plain = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            write = isinstance(node, ast.Attribute) and node.attr in ("write_text", "write_bytes")
            if write and ast.unparse(node.value) != "temporary":
                plain.add(path.relative_to(package).as_posix())
    assert plain == {"lessons/exercises/files.py"}
