"""Homes of shards: this process, or actors on the workers of a Dask client.

Both start the same `Shard`s and pass calls to them. Scheduling, transport and security are Dask's.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from embedlab.core.checks import message, short_repr
from embedlab.distributed.arrays import ShardOptions
from embedlab.distributed.capacity import check_memory, this_machine
from embedlab.distributed.errors import ShardLostError
from embedlab.distributed.shard import Shard
from embedlab.distributed.sharding import Sharding

__all__ = ["Answer", "DaskShards", "InProcessShards"]

POLL = 0.25
"""Seconds between two looks at whether a worker is still there."""


class Answer(Protocol):
    """The answer of a shard, which may still be under way."""

    def result(self, timeout: float) -> Any:
        """Return what the call returned, or raise what it raised."""


class _Done:
    def __init__(self, value: Any, error: Exception | None = None):
        self._value, self._error = value, error

    def result(self, timeout: float) -> Any:
        if self._error is not None:
            raise self._error
        return self._value


class InProcessShards:
    """Shards that are objects of this process.

    >>> shards = InProcessShards(Sharding(4, 2), ShardOptions(optimizer={"class_name": "SGD"}))
    >>> shards.call(0, "describe").result(1.0).step
    0
    """

    def __init__(self, sharding: Sharding, options: ShardOptions):
        check_memory(sharding, options, [this_machine()] * sharding.shards)
        self.shards = [Shard(sharding, index, options) for index in range(sharding.shards)]

    @staticmethod
    def run(
        client: None,
        sharding: Sharding,
        function: Callable[..., Any],
        calls: list[Any],
        timeout: float,
    ) -> None:
        """Call a function, that needs no shard, with each tuple of arguments."""
        for arguments in calls:
            function(*arguments)

    def check(self) -> None:
        """Do nothing: no shard of this process can be lost."""

    def close(self, timeout: float) -> None:
        """Drop all shards."""
        self.shards.clear()

    def call(self, shard: int, method: str, *arguments: Any) -> Answer:
        """Call a method of a shard at once."""
        try:
            return _Done(getattr(self.shards[shard], method)(*arguments))
        except Exception as error:
            return _Done(None, error)


class _ActorAnswer:
    """The answer of an actor; a worker that is gone is noticed before the time limit."""

    def __init__(self, shard: int, actor: Any, call: Any):
        self._shard, self._actor, self._call = shard, actor, call

    def result(self, timeout: float) -> Any:
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            try:
                return self._call.result(timeout=max(0.001, min(POLL, left)))
            except TimeoutError:
                if self._actor.status != "finished":
                    raise lost(self._shard, "a worker that ended") from None
                if left <= 0:
                    raise lost(self._shard, f"no answer in {timeout:g} s") from None
            except Exception as error:
                if type(error).__module__.startswith("embedlab."):
                    raise
                raise lost(self._shard, f"{type(error).__name__}: {error}".rstrip(".")) from error


def lost(shard: int, received: str) -> ShardLostError:
    """Return the error for a shard that does not answer."""
    do = "Call load with the last saved folder"
    return ShardLostError(message(f"shard {shard} must answer", received, do))


class DaskShards:
    """Shards that are actors of Dask, each on the worker that the sharding names.

    Workers count from 0 in the order of their addresses.
    """

    def __init__(self, client: Any, sharding: Sharding, options: ShardOptions, timeout: float):
        addresses = self.check_workers(client, sharding)
        deadline = time.monotonic() + timeout
        self._check_memory(client, sharding, options, addresses, timeout, deadline)
        self._futures = [
            client.submit(
                Shard,
                sharding,
                index,
                options,
                actor=True,
                workers=[addresses[worker]],
                allow_other_workers=False,
                pure=False,
            )
            for index, worker in enumerate(sharding.workers)
        ]
        self._actors: list[Any] = []
        failure: Exception | None = None
        for index, future in enumerate(self._futures):
            address = addresses[sharding.workers[index]]
            try:
                actor = self._started(client, index, future, address, timeout, deadline)
            except Exception as error:
                actor, failure = None, failure or error
            self._actors.append(actor)
        if failure is not None:
            self.close(POLL)  # a smaller table may need the space of those that did start
            raise failure

    @classmethod
    def check_workers(cls, client: Any, sharding: Sharding) -> list[str]:
        """Return the addresses of the workers; ValueError where a plan needs more."""
        addresses = cls._addresses(client)
        if max(sharding.workers) >= len(addresses):
            must = f"the client must have {max(sharding.workers) + 1} workers for this plan"
            do = "Start more workers, or plan for fewer"
            raise ValueError(message(must, len(addresses), do))
        return addresses

    @classmethod
    def _check_memory(
        cls,
        client: Any,
        sharding: Sharding,
        options: ShardOptions,
        addresses: list[str],
        timeout: float,
        deadline: float,
    ) -> None:
        """Raise TableMemoryError where shards do not fit on their machine together."""
        here = {"allow_other_workers": False, "pure": False}
        futures = {
            worker: client.submit(this_machine, workers=[addresses[worker]], **here)
            for worker in set(sharding.workers)
        }
        machines = {}
        for index, worker in enumerate(sharding.workers):
            if worker not in machines:
                future, address = futures[worker], addresses[worker]
                machines[worker] = cls._started(client, index, future, address, timeout, deadline)
        check_memory(sharding, options, [machines[worker] for worker in sharding.workers])

    @staticmethod
    def _started(
        client: Any, index: int, future: Any, address: str, timeout: float, deadline: float
    ) -> Any:
        """Return what the worker of a shard answers first; it may end meanwhile."""
        while True:
            left = deadline - time.monotonic()
            try:
                return future.result(timeout=max(0.001, min(1.0, left)))
            except TimeoutError:
                if address not in client.nthreads():
                    raise lost(index, "a worker that ended") from None
                if left <= 0:
                    raise lost(index, f"no answer in {timeout:g} s") from None
            except Exception as error:
                if type(error).__module__.startswith("embedlab."):
                    raise
                raise lost(index, f"{type(error).__name__}: {error}".rstrip(".")) from error

    @classmethod
    def run(
        cls,
        client: Any,
        sharding: Sharding,
        function: Callable[..., Any],
        calls: list[Any],
        timeout: float,
    ) -> None:
        """Call a function, that needs no shard, with each tuple of arguments.

        On workers that the sharding names: another may be the one that does not answer.
        """
        addresses = cls.check_workers(client, sharding)
        named = sorted({addresses[worker] for worker in sharding.workers})
        options: dict[str, Any] = {"workers": named, "allow_other_workers": False, "pure": False}
        futures = [client.submit(function, *arguments, **options) for arguments in calls]
        deadline = time.monotonic() + timeout
        for index, future in enumerate(futures):
            try:
                future.result(timeout=min(1e6, max(0.001, deadline - time.monotonic())))
            except TimeoutError:
                raise lost(index, f"no answer in {timeout:g} s") from None
            except Exception as error:
                if type(error).__module__.startswith("embedlab."):
                    raise
                raise lost(index, f"{type(error).__name__}: {error}".rstrip(".")) from error

    @staticmethod
    def _addresses(client: Any) -> list[str]:
        if not hasattr(client, "submit") or getattr(client, "asynchronous", True):
            must = "client must be a distributed.Client that is not asynchronous"
            raise TypeError(message(must, short_repr(client), "Pass distributed.Client(...)"))
        if client.status != "running":
            must, do = "client must be connected", "Pass a new one to ShardedEmbedding.from_saved"
            raise ShardLostError(message(must, f"one that is {client.status}", do))
        return sorted(client.nthreads())

    @classmethod
    def count_workers(cls, client: Any) -> int:
        """Return how many workers a client has now."""
        return max(1, len(cls._addresses(client)))

    def close(self, timeout: float) -> None:
        """Drop what the shards that are still there hold; Dask forgets an actor later."""
        deadline = time.monotonic() + timeout
        for answer in [self.call(shard, "close") for shard in range(len(self._futures))]:
            with suppress(ShardLostError):
                answer.result(max(0.001, deadline - time.monotonic()))

    def check(self) -> None:
        """Raise ShardLostError where a worker is known to have ended."""
        for shard, future in enumerate(self._futures):
            if future.status != "finished":
                raise lost(shard, "a worker that ended")

    def call(self, shard: int, method: str, *arguments: Any) -> Answer:
        """Send a call to a shard, and return its answer while it is under way."""
        future = self._futures[shard]
        try:
            if future.status != "finished":
                raise lost(shard, "a worker that ended")
            call = getattr(self._actors[shard], method)(*arguments)
        except ShardLostError as error:
            return _Done(None, error)
        except Exception as error:
            return _Done(None, lost(shard, f"{type(error).__name__}: {error}".rstrip(".")))
        return _ActorAnswer(shard, future, call)
