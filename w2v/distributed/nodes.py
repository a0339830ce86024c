"""A node: a process that trains replicas of a run with shards, and merges some of its rows.

It keeps a copy of the base, the model's matrices as they were after the last merge, and the text. A
replica of a round may be trained by any node, since nothing but the base, its slices of the text
and their numbers decide what becomes of it. Its rows then go to their owners: of `owners` nodes,
the k-th merges the rows k, k + owners, k + 2 owners and so on of each matrix, those of all replicas
in their order.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from w2v import simd
from w2v._memory import allocate_rows, available_memory, format_size, row_stride
from w2v._types import IdArray
from w2v._version import __version__
from w2v.corpus.corpus import Corpus
from w2v.training import _hogwild, _merge
from w2v.training.merging import LEAST_EXPONENT, Basis
from w2v.training.shards import Report, Shards
from w2v.training.validation import hold_out
from w2v.training.weights import Weights

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.training.shards import ShardPlan, Slice
    from w2v.vocab.sampling import SamplingTables
    from w2v.vocab.vocabulary import Vocabulary

FloatArray = npt.NDArray[np.float32]

_STAGED = 1 << 26  # bytes of rows that a node merges at a time, all threads together
_LEAST_STAGED_ROWS, _MOST_STAGED_ROWS = 64, 4096


class Rows(NamedTuple):
    """Rows of a matrix.

    Attributes
    ----------
    numbers : int32, shape (n,)
        Ascending.
    values : float32, shape (n, d)
    occurrences : int32, shape (n,)
        Of a replica: see `Shard.occurrences`. Of merged rows: empty.
    """

    numbers: npt.NDArray[np.int32]
    values: FloatArray
    occurrences: npt.NDArray[np.int32]

    @property
    def n_bytes(self) -> int:
        """Bytes of the arrays."""
        return self.numbers.nbytes + self.values.nbytes + self.occurrences.nbytes


Piece = dict[str, Rows]  # by the name of the matrix


def size_of(piece: Piece) -> int:
    """Return the bytes of a piece."""
    return sum(rows.n_bytes for rows in piece.values())


@dataclass(frozen=True)
class TextPlace:
    """Where nodes find the text of the run.

    Attributes
    ----------
    path : str
        What `Corpus.open` takes, on a disk that all nodes reach.
    share : float or None
        Of the sentences, held out.
    seed : int
    tokens, types, sentences : int
        Sizes that it has to have.
    """

    path: str
    share: float | None
    seed: int
    tokens: int
    types: int
    sentences: int

    def ids(self) -> IdArray:
        """Return the ids that are trained on.

        Raises
        ------
        OSError, ValueError
            If the text is not there, is damaged, or is another one.
        """
        try:
            corpus = Corpus.open(self.path, verify=False)
        except OSError as error:
            error.strerror = f"{error.strerror or error} (on {socket.gethostname()})"
            raise
        sizes = corpus.n_tokens, corpus.n_types, corpus.n_sentences
        if sizes != (self.tokens, self.types, self.sentences):
            raise ValueError(
                f"{self.path} on {socket.gethostname()} is another text than where training was "
                f"started: {sizes[0]:,} tokens of {sizes[1]:,} types, not {self.tokens:,} of "
                f"{self.types:,}; put the same file on all machines, or on a disk that they share"
            )
        if self.share is not None:
            corpus, _ = hold_out(corpus, self.share, self.seed)
        return corpus.ids


@dataclass(frozen=True)
class NodeSettings:
    """What all nodes of a run have in common.

    Attributes
    ----------
    version : str
        Of w2v, where training was started.
    config : TrainingConfig
    plan : ShardPlan
    contexts : float
        Contexts of a center word, about.
    contexts_per_step, total, workers, owners : int
        `workers` replicas are trained at a time.
    text : TextPlace or None
        None: ids are sent.
    """

    version: str
    config: TrainingConfig
    plan: ShardPlan
    contexts: float
    contexts_per_step: int
    total: int
    workers: int
    owners: int
    text: TextPlace | None = None

    @property
    def n_bytes(self) -> int:
        """Bytes that the base and the replicas take, without tables and text."""
        rows = 4 * row_stride(self.config.vector_size) * self.plan.replica_rows
        marks = 10 * self.plan.replica_rows
        return rows + self.workers * (rows + marks) + _STAGED


@dataclass(frozen=True)
class NodeFacts:
    """What a node is."""

    host: str
    process: int
    simd: str
    free_memory: int | None


@dataclass(frozen=True)
class Task:
    """A replica to train.

    Attributes
    ----------
    slices : list of Slice
    schedule : tuple of (float, int, int)
        See `_hogwild.SharedState.schedule`.
    draw : int
        The number of the draw of rows whose balance is watched.
    """

    slices: list[Slice]
    schedule: tuple[float, int, int]
    draw: int


@dataclass(kw_only=True)
class NodeReport(Report):
    """What a node says of a replica that it has trained.

    Attributes
    ----------
    ended : int
        See `_hogwild.Worker.run`.
    tokens : int
    draws : float
        Noise words that were drawn.
    sizes : tuple of int
        Bytes for each owner.
    """

    ended: int
    tokens: int = 0
    draws: float = 0.0
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True)
class MergeReport:
    """What an owner says of a merge.

    Attributes
    ----------
    finite : bool
        Whether all merged rows are.
    seconds : float
    n_bytes : int
        Of the merged rows.
    """

    finite: bool
    seconds: float
    n_bytes: int


class Node:
    """Trains replicas and merges rows; `prepare` comes first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.draw = -1

    def prepare(
        self,
        settings: NodeSettings,
        vocabulary: Vocabulary,
        tables: SamplingTables,
        ids: IdArray | None,
    ) -> NodeFacts:
        """Allocate what training needs; the base is zero until rows are written to it.

        Raises
        ------
        RuntimeError
            If this is another version of w2v.
        MemoryError
            If the replicas do not fit.
        OSError, ValueError
            See `TextPlace.ids`.
        """
        if settings.version != __version__:
            raise RuntimeError(
                f"the node on {socket.gethostname()} has w2v {__version__}, the one that called "
                f"has {settings.version}: install the same version on all machines"
            )
        config, free = settings.config.replace(workers=settings.workers), available_memory()
        if free is not None and settings.n_bytes > free:
            raise MemoryError(
                f"a node with {settings.workers} workers takes {format_size(settings.n_bytes)}, "
                f"and {format_size(free)} are free on {socket.gethostname()}: lower "
                "workers_per_node, vector_size or max_final_vocab"
            )
        if settings.text is not None:
            ids = settings.text.ids()
        assert ids is not None
        self.settings, self.dim = settings, config.vector_size
        n_words = len(vocabulary)
        vectors = allocate_rows(n_words, self.dim)
        self.base = Weights(vectors, *Weights.untrained_outputs(n_words, config))
        job = _hogwild.SharedState(
            config, self.base, ids, tables, settings.total, settings.contexts_per_step
        )
        self.parts = Shards(
            job,
            self.base,
            vocabulary,
            config,
            ids,
            tables,
            settings.plan,
            settings.contexts,
            held=settings.workers,
        )
        self.idle = list(range(settings.workers))
        self.pool = ThreadPoolExecutor(settings.workers)
        return NodeFacts(socket.gethostname(), os.getpid(), simd.active(), free)

    def ping(self) -> bool:
        """Return True."""
        return True

    def write(self, name: str, first: int, rows: FloatArray) -> None:
        """Write adjacent rows of the base."""
        getattr(self.base, name)[first : first + len(rows), : self.dim] = rows

    # ---- A round ---------------------------------------------------------------------------------

    def train(self, task: Task, balance: Mapping[str, npt.NDArray[Any]] | None) -> list[Any]:
        """Train a replica; return a `NodeReport`, and for each owner a `Piece`."""
        parts = self.parts
        with self.lock:
            slot = self.idle.pop()
            parts.job.schedule = task.schedule
            if parts.balance is not None and balance is not None and task.draw != self.draw:
                parts.balance.restore(balance)
                self.draw = task.draw
        try:
            parts.begin(slot)
            ended = parts.train(slot, task.slices)
            shard = parts.shards[slot]
            report = NodeReport(loss=shard.loss, predictions=shard.predictions, ended=ended)
            if ended != _hogwild.DONE:
                return [report, *({} for _ in range(self.settings.owners))]
            dim = self.dim
            report.tokens = int(shard.counts.sum(dtype=np.int64))
            report.draws = float(parts.draws[slot])
            report.hessians = {n: h[:dim, :dim].copy() for n, h in shard.hessians.items()}
            report.balance = shard.balance
            pieces = self.pieces(slot)
            report.sizes = tuple(map(size_of, pieces))
            return [report, *pieces]
        finally:
            with self.lock:
                self.idle.append(slot)

    def pieces(self, slot: int) -> list[Piece]:
        """Return the rows that a replica has trained, by owner."""
        shard, owners = self.parts.shards[slot], self.settings.owners
        found: list[Piece] = [{} for _ in range(owners)]
        for name, marks in shard.replicas.marks.items():
            values, occurrences = shard.replicas.rows[name][:, : self.dim], shard.occurrences(name)
            trained = np.flatnonzero(marks == _merge.TRAINED).astype(np.int32)
            owner = (trained % owners).astype(np.uint16)
            order = np.argsort(owner, kind="stable")
            ends = np.cumsum(np.bincount(owner, minlength=owners))[:-1]
            for piece, numbers in zip(found, np.split(trained[order], ends), strict=True):
                piece[name] = Rows(numbers, values[numbers], occurrences[numbers])
        return found

    def merge(self, bases: Mapping[str, Basis], draws: FloatArray, *pieces: Piece) -> list[Any]:
        """Merge rows of all replicas, in their order; return a `MergeReport`, and the new rows.

        The base stays as it is.
        """
        began, finite, merged = time.perf_counter(), True, {}
        for name, basis in bases.items():
            rows = RowMerge(self.parts, name, basis, draws, [piece[name] for piece in pieces])
            threads = self.settings.workers
            n = rows.chunk_rows(threads)
            chunks = range(0, len(rows.numbers), n)
            finite &= all(self.pool.map(lambda at, r=rows, n=n: r.merge(at, at + n), chunks))
            merged[name] = Rows(rows.numbers, rows.values, np.empty(0, np.int32))
        seconds = time.perf_counter() - began
        return [MergeReport(finite, seconds, size_of(merged)), merged]

    def apply(self, *merged: Piece) -> float:
        """Write merged rows to the base; return the seconds that it took."""
        began = time.perf_counter()
        write_rows(self.base, merged)
        return time.perf_counter() - began

    def transform(self, factors: Mapping[str, FloatArray]) -> None:
        """Multiply all rows of the base; see `Course.restore_balance`."""
        self.parts.factors = dict(factors)
        n = len(self.parts.chunks)
        threads = self.settings.workers

        def restore(first: int) -> None:
            scratch = self.parts.scratch()
            for k in range(first, n, threads):
                self.parts.restore_balance(k, scratch)

        list(self.pool.map(restore, range(threads)))


def write_rows(base: Weights, merged: Iterable[Piece]) -> None:
    """Write merged rows to matrices."""
    for piece in merged:
        for name, rows in piece.items():
            getattr(base, name)[rows.numbers, : rows.values.shape[1]] = rows.values


class RowMerge:
    """The rows of one matrix that have one owner, from all replicas.

    Parameters
    ----------
    parts : Shards
    name : str
        Of the matrix.
    basis : Basis
    draws : float32, shape (replicas,)
    replicas : sequence of Rows

    Attributes
    ----------
    numbers : int32, shape (n,)
        All rows that a replica has trained.
    values : float32, shape (n, d)
        The merged rows.
    """

    def __init__(
        self,
        parts: Shards,
        name: str,
        basis: Basis,
        draws: FloatArray,
        replicas: Sequence[Rows],
    ) -> None:
        self.base, self.touches = getattr(parts.base, name), parts.touches[name]
        self.basis, self.draws, self.replicas = basis, draws, replicas
        self.dim = parts.config.vector_size
        trained = np.zeros(len(self.base), np.bool_)
        for rows in replicas:
            trained[rows.numbers] = True
        self.numbers = np.flatnonzero(trained).astype(np.int32)
        self.values = np.empty((len(self.numbers), self.dim), np.float32)

    def chunk_rows(self, threads: int) -> int:
        """Return how many rows one of `threads` threads merges at a time."""
        each: int = _STAGED // (threads * (1 + len(self.replicas)) * 4 * self.base.shape[1])
        return max(_LEAST_STAGED_ROWS, min(_MOST_STAGED_ROWS, each))

    def merge(self, first: int, end: int) -> bool:
        """Merge the rows ``numbers[first:end]``; return whether all are finite."""
        numbers, dim, count = self.numbers[first:end], self.dim, len(self.replicas)
        n = len(numbers)
        base = allocate_rows(n, dim)
        base[:, :dim] = self.base[numbers, :dim]
        staged = allocate_rows(count * n, dim).reshape(count, n, -1)
        marks = np.full((count, n), _merge.STALE, np.uint16)
        occurrences = np.zeros((count, n), np.int32)
        for k, rows in enumerate(self.replicas):
            low, high = np.searchsorted(rows.numbers, [numbers[0], numbers[-1] + 1])
            at = np.searchsorted(numbers, rows.numbers[low:high])
            staged[k, at, :dim] = rows.values[low:high]
            occurrences[k, at] = rows.occurrences[low:high]
            marks[k, at] = _merge.TRAINED
        touches = self.touches.taken(numbers)
        merge = _merge.MatrixMerge(
            base,
            list(staged),
            list(marks),
            dim,
            list(occurrences),
            touches.per_occurrence,
            touches.noise,
            self.draws,
        )
        basis, scratch = self.basis, _merge.Scratch(dim, count)
        _, finite = merge.rows(
            0, n, basis.vectors, basis.transposed, basis.exponents, LEAST_EXPONENT, scratch
        )
        self.values[first:end] = base[:, :dim]
        return finite
