"""A cluster of Dask on this machine, for trying, testing and measuring tables in shards."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from embedlab.core.checks import check_above_zero, check_size, message
from embedlab.distributed.checks import as_folder
from embedlab.distributed.errors import ShardLostError

__all__ = ["local_cluster"]


@contextmanager
def local_cluster(workers: int = 2, folder: Any = None, *, timeout: float = 300.0) -> Iterator[Any]:
    """Start workers of Dask on this machine, yield their client, and end them.

    Parameters
    ----------
    workers : int
        How many processes, each with one thread for its tasks.
    folder : path-like, optional
        Where workers keep the files of tables with ``placement="disk"``; it must be there. By
        default the folder for temporary files.
    timeout : float
        Seconds within which all must have started.

    Yields
    ------
    distributed.Client

    Raises
    ------
    ValueError, FileNotFoundError, ImportError, ShardLostError
        For arguments that do not fit, without Dask, and when the workers did not start in time.

    Notes
    -----
    All listen on the loopback interface alone. Unlike those of Dask's own `LocalCluster`, workers
    have no memory limit, as pages of mapped files would count, and one that ends stays away: a
    table that it held a shard of says so, and is loaded onto the others.
    """
    count, seconds = check_size(workers, "workers"), check_above_zero(timeout, "timeout")
    environment = dict(os.environ)
    if folder is not None:
        place = as_folder(folder, "folder")
        if not place.is_dir():
            must = "folder must be there before workers start"
            raise FileNotFoundError(message(must, f"{place}, which is not", "Make it first"))
        environment["TMPDIR"] = str(place)
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        do = 'Run python -m pip install "embedlab[distributed]"'
        raise ImportError(message("local_cluster needs Dask", error, do)) from error
    options = {"n_workers": 0, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with (
        LocalCluster(processes=True, **options) as cluster,
        Client(cluster, direct_to_workers=True) as client,
    ):
        command = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address]
        command += ["--host", "127.0.0.1", "--no-nanny", "--no-dashboard"]
        command += ["--nthreads", "1", "--memory-limit", "0", "--death-timeout", str(seconds)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        processes: list[Any] = []
        try:
            for _ in range(count):
                processes.append(subprocess.Popen(command, env=environment, **quiet))  # type: ignore[call-overload]
            try:
                client.wait_for_workers(count, timeout=seconds)
            except TimeoutError:
                must = f"{count} workers must start within {seconds:g} s"
                received = len(client.nthreads())
                raise ShardLostError(message(must, received, "Pass a longer timeout")) from None
            yield client
        finally:
            for process in processes:
                process.kill()
                process.wait()
