"""Ray, as far as w2v needs it: a cluster that runs functions and keeps what they return.

Plain tasks, not Ray Data: splits have an order that decides the numbers of words, and one task has
one result for each partition.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from w2v._validation import require_package
from w2v._version import __version__

_RETRIES = 3  # of a task whose process or machine was lost


def run(version: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a process of the cluster, which has to have the same w2v."""
    if version != __version__:
        raise RuntimeError(
            f"this process of the cluster has w2v {__version__}, the one that called has "
            f"{version}: install the same version on all machines"
        )
    return function(*args)


class Cluster:
    """A Ray cluster.

    Parameters
    ----------
    address : str, optional
        As for `ray.init`: "auto" for the one that runs here, or ``"HOST:PORT"``. By default the one
        that this process is connected to already, or else what `ray.init` finds or starts.

    Raises
    ------
    ImportError
        Ray is not installed.
    ConnectionError
        There is no cluster at this address.
    """

    def __init__(self, address: str | None = None) -> None:
        self.ray = require_package("ray", "w2v[ray]", "w2v.distributed", "2.9")
        if not self.ray.is_initialized():
            try:
                self.ray.init(address=address, log_to_driver=False)
            except ConnectionError as error:
                raise ConnectionError(
                    f"no Ray cluster at {address!r}: start one with `ray start --head`, name "
                    "another address, or pass 'local' to start one for this process"
                ) from error
        self._remote = self.ray.remote(run)

    @property
    def cpus(self) -> int:
        """Processors of all machines together."""
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))

    def submit(self, function: Callable[..., Any], *args: Any, returns: int = 1) -> Any:
        """Start a task; return a reference to its result, or a list of them.

        Arguments that are references become what they refer to.
        """
        options = {
            "num_returns": returns,
            "num_cpus": 1,
            "max_retries": _RETRIES,
            "name": f"w2v.{function.__name__}",
        }
        return self._remote.options(**options).remote(__version__, function, *args)

    def get(self, references: Any) -> Any:
        """Wait for results, and return them; raise the error of a task as it was there."""
        try:
            return self.ray.get(references)
        except self.ray.exceptions.RayTaskError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, Exception):
                raise cause from None
            raise

    def in_order_of_end(self, references: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield the index and the result of each task, as they end; after an error, end all."""
        index = {reference: i for i, reference in enumerate(references)}
        left = list(references)
        try:
            while left:
                ended, left = self.ray.wait(left, num_returns=1)
                for one in ended:
                    yield index[one], self.get(one)
        finally:
            for one in left:
                self.ray.cancel(one)

    def blocks(self, dataset: Any) -> list[Any]:
        """Return references to the blocks of a Ray data set, in its order."""
        context = self.ray.data.DataContext.get_current().execution_options
        before = context.preserve_order
        context.preserve_order = True
        try:
            return list(dataset.to_arrow_refs())
        finally:
            context.preserve_order = before


class NodeLostError(RuntimeError):
    """A process of the cluster has ended, or what it had returned is lost."""


class Machines(Protocol):
    """What starts processes that keep a state, and calls their methods; `Actors` is one."""

    def start(self, kind: type, workers: int) -> Any:
        """Start a process with an object of a class; return what it is called by."""

    def call(self, process: Any, method: str, *args: Any, returns: int = 1) -> Any:
        """Call a method; return a reference to its result, or a list of them."""

    def put(self, value: Any) -> Any:
        """Return a reference to a value, to be passed to several calls."""

    def ended(self, references: Sequence[Any], seconds: float) -> list[Any]:
        """Wait for the first results, but no longer than this; return which are there."""

    def get(self, reference: Any) -> Any:
        """Return a result; raise the error of a call as it was, or a `NodeLostError`."""

    def stop(self, process: Any) -> None:
        """End a process."""

    def show(self, values: dict[str, float]) -> None:
        """Show figures of the run where the cluster's are shown."""


class Actors:
    """Actors of a Ray cluster, one for each node of a training run: `Machines`.

    Parameters
    ----------
    cluster : Cluster
    """

    def __init__(self, cluster: Cluster) -> None:
        self.ray = cluster.ray
        self.gauges: dict[str, Any] = {}

    def capacity(self, workers: int) -> tuple[int, int]:
        """Return how many nodes of `workers` workers have room, and the number of machines."""
        nodes = [node for node in self.ray.nodes() if node["Alive"]]
        cpus = [int(node["Resources"].get("CPU", 0)) for node in nodes]
        return sum(n // workers for n in cpus), sum(n > 0 for n in cpus)

    def start(self, kind: type, workers: int) -> Any:
        """Start an actor, on the machine with the fewest."""
        actor = self.ray.remote(kind)
        return actor.options(
            num_cpus=workers,
            max_concurrency=workers + 2,  # replicas, and a ping
            scheduling_strategy="SPREAD",
            max_restarts=0,  # the run starts another one, with the base as it is then
        ).remote()

    def call(self, process: Any, method: str, *args: Any, returns: int = 1) -> Any:
        """Call a method of an actor."""
        return getattr(process, method).options(num_returns=returns).remote(*args)

    def put(self, value: Any) -> Any:
        """Put a value into the object store."""
        return self.ray.put(value)

    def ended(self, references: Sequence[Any], seconds: float) -> list[Any]:
        """Wait for the first results."""
        found, _ = self.ray.wait(list(references), num_returns=1, timeout=seconds)
        return list(found)

    def get(self, reference: Any) -> Any:
        """Return a result."""
        errors = self.ray.exceptions
        try:
            return self.ray.get(reference)
        except errors.RayTaskError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, Exception) and not isinstance(cause, errors.RayError):
                raise cause from None
            raise NodeLostError(str(error)) from None
        except errors.RayError as error:
            raise NodeLostError(str(error)) from None

    def stop(self, process: Any) -> None:
        """Kill an actor."""
        self.ray.kill(process)

    def show(self, values: dict[str, float]) -> None:
        """Set gauges of the driver, which Ray's dashboard shows."""
        for name, value in values.items():
            if name not in self.gauges:
                metrics = importlib.import_module("ray.util.metrics")
                self.gauges[name] = metrics.Gauge(f"w2v_{name}")
            self.gauges[name].set(value)
