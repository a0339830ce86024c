"""VectorIndex: approximate nearest neighbors of word vectors, by usearch.

The graph (HNSW; Malkov and Yashunin, 2018) only proposes rows. Similarities are computed here from
the vectors themselves, whatever dtype the graph stores: a neighbor can be missed, but the value of
one that is found is exact.

A file is a usearch file, followed by metadata in JSON (checksums of the vectors and of the graph),
its length in 8 bytes and a magic number. usearch can read the file too and ignores the metadata.
"""

from __future__ import annotations

import json
import os
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._attributes import WriteOnce
from w2v._cpu import available_cpus
from w2v._types import PathLike
from w2v._validation import as_array, at_least, require_package
from w2v.io._checksum import Checksum
from w2v.io.atomic import atomic_write
from w2v.io.names import check_name
from w2v.io.safetensors_file import check_float16
from w2v.io.sniff import describe_file
from w2v.vectors.graph_file import check_graph
from w2v.vectors.metrics import USEARCH_NAMES

if TYPE_CHECKING:
    from w2v.vectors.base import BaseKeyedVectors

_DTYPES = {"float32": "f32", "float16": "f16", "int8": "i8"}
_MAGIC = b"w2vindex"
_VERSION = 1
_MAX_METADATA_SIZE = 1 << 16  # bytes
_ROWS_PER_CALL = 10_000  # Ctrl-C takes effect between two calls
_CHUNK_SIZE = 1 << 22  # bytes
_REBUILD = "build it again with wv.index()"


class VectorIndex(WriteOnce):
    """Approximate index of the rows of a KeyedVectors; built by `KeyedVectors.index`.

    Attributes
    ----------
    metric : {"cosine", "dot", "euclidean"}
    dtype : {"float32", "float16", "int8"}
        Type of the numbers in the copy of the vectors that the graph stores.
    shape : tuple of int
        (words, dimensions) of the indexed vectors.
    """

    metric: str
    dtype: str
    shape: tuple[int, int]

    _remedy = "build another index with wv.index()"

    def __init__(self, graph: Any, metadata: dict[str, Any], wv: BaseKeyedVectors) -> None:
        self._graph = graph
        self._metadata = metadata
        self._mapped_file: Any = None  # keeps the memory of a mapped graph alive
        self._set_source(wv)
        self.metric = metadata["metric"]
        self.dtype = metadata["dtype"]
        self.shape = (metadata["words"], metadata["dimensions"])

    def _set_source(self, wv: BaseKeyedVectors) -> None:
        """Remember the vectors, and how to recognize them without their checksum."""
        self._vectors = wv._state.vectors
        self._source_ref: weakref.ref[BaseKeyedVectors] | None = weakref.ref(wv)
        self._source_changes: tuple[int, int] | None = _changes(wv)

    def __getstate__(self) -> dict[str, Any]:
        """Return the graph as bytes, and the vectors: a copy searches on its own."""
        return {
            **self.__dict__,
            "_graph": bytes(self._graph.save()),
            "_metadata": {**self._metadata, "expansion_search": self.expansion_search},
            "_mapped_file": None,
            "_source_ref": None,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._graph = _empty_graph(self._metadata)
        self._graph.load(state["_graph"])

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return (
            f"<VectorIndex: {self.shape[0]:,} words, {self.shape[1]} dimensions, {self.metric}, "
            f"{self.dtype}>"
        )

    @property
    def expansion_search(self) -> int:
        """Candidates kept while searching; more find more neighbors and take longer. Writable."""
        return int(self._graph.expansion_search)

    @expansion_search.setter
    def expansion_search(self, value: int) -> None:
        self._graph.expansion_search = at_least(1, "expansion_search", value)

    @classmethod
    def build(
        cls,
        wv: BaseKeyedVectors,
        *,
        metric: str = "cosine",
        dtype: str = "float32",
        connectivity: int = 16,
        expansion_add: int = 128,
        expansion_search: int = 64,
        workers: int = 0,
    ) -> VectorIndex:
        """Build an index; see `KeyedVectors.index`."""
        usearch = require_package("usearch.index", "w2v[ann]", "an index")
        if metric not in USEARCH_NAMES:
            raise ValueError(
                f"metric={metric!r}: expected one of {', '.join(map(repr, USEARCH_NAMES))}; for "
                "other metrics, search without an index"
            )
        if dtype not in _DTYPES:
            raise ValueError(f"dtype={dtype!r}: expected one of {', '.join(map(repr, _DTYPES))}")
        if dtype == "int8" and metric != "cosine":
            raise ValueError(
                f"dtype='int8' with metric={metric!r}: int8 stores normalized vectors only; use "
                "metric='cosine' or another dtype"
            )
        if workers:
            at_least(1, "workers", workers)
        threads = workers or available_cpus()
        graph = usearch.Index(
            ndim=wv.vector_size,
            metric=USEARCH_NAMES[metric],
            dtype=_DTYPES[dtype],
            connectivity=at_least(1, "connectivity", connectivity),
            expansion_add=at_least(1, "expansion_add", expansion_add),
            expansion_search=at_least(1, "expansion_search", expansion_search),
        )
        for first in range(0, len(wv), _ROWS_PER_CALL):
            rows = np.ascontiguousarray(wv._state.vectors[first : first + _ROWS_PER_CALL])
            wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
            if wrong.size:
                row = first + int(wrong[0])
                raise ValueError(
                    f"the vector of {wv.index_to_key[row]!r} (row {row:,}) contains NaN or "
                    "infinity: expected finite numbers; leave this word out with vectors_for_all()"
                )
            if dtype == "float16":
                with np.errstate(over="ignore"):
                    check_float16(wv.index_to_key, rows, rows.astype(np.float16), first)
            keys = np.arange(first, first + len(rows), dtype=np.uint64)
            graph.add(keys, rows, threads=threads)
        metadata = {
            "version": _VERSION,
            "metric": metric,
            "dtype": dtype,
            "words": len(wv),
            "dimensions": wv.vector_size,
            "vectors": _fingerprint(wv._state.vectors),
            "expansion_search": expansion_search,
        }
        return cls(graph, metadata, wv)

    def check_vectors(self, wv: BaseKeyedVectors) -> None:
        """Raise a ValueError unless the index was built from vectors equal to those of `wv`.

        The checksum of the vectors is computed only for another object than the last one, or if
        its vectors have changed since.
        """
        if (
            self._source_ref is not None
            and self._source_ref() is wv
            and self._vectors is wv._state.vectors
            and self._source_changes == _changes(wv)
            and not wv._changes.trainings
        ):
            return
        found = (len(wv), wv.vector_size)
        if found != self.shape:
            raise ValueError(
                f"the index has {self.shape[0]:,} words with {self.shape[1]} dimensions, but the "
                f"vectors have {found[0]:,} words with {found[1]}: build an index of these vectors "
                "with wv.index()"
            )
        if _fingerprint(wv._state.vectors) != self._metadata["vectors"]:
            raise ValueError(
                "the index was built from other vectors of the same shape (their checksums "
                "differ): build an index of these vectors with wv.index()"
            )
        self._set_source(wv)

    def search(
        self, vector: npt.ArrayLike, k: int = 10, *, workers: int = 1
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Find the rows most similar to a vector, or to each row of a matrix.

        Parameters
        ----------
        vector : array_like of float, shape (dimensions,) or (queries, dimensions)
        k : int, default 10
            Number of rows per query, at most the number of words.
        workers : int, default 1
            Threads for a matrix of queries; 0: one per available processor.

        Returns
        -------
        rows : ndarray of int64, shape (k,) or (queries, k)
        similarities : ndarray of float32, of the same shape
            Cosines or dot products, the largest first; with ``metric="euclidean"``, distances,
            the smallest first. If the graph finds fewer than `k` rows, the arrays are shorter for
            a vector, and are filled with row -1 and similarity NaN for a matrix.

        Raises
        ------
        ValueError
            If the shape is wrong, or a number is not finite.
        """
        queries = as_array("vector", vector, np.float32)
        if queries.ndim not in (1, 2) or queries.shape[-1] != self.shape[1]:
            raise ValueError(
                f"a query has shape {queries.shape}: expected ({self.shape[1]},) or "
                f"(queries, {self.shape[1]})"
            )
        if not np.isfinite(queries).all():
            raise ValueError("a query contains NaN or infinity: expected finite numbers")
        k = min(at_least(1, "k", k), len(self))
        matrix = np.ascontiguousarray(np.atleast_2d(queries))
        rows = np.full((len(matrix), k), -1, np.int64)
        if len(matrix) and k:
            if workers:
                at_least(1, "workers", workers)
            found = self._graph.search(matrix, k, threads=workers or available_cpus())
            # usearch returns the results of one query without the first axis and unpadded.
            keys = np.atleast_2d(found.keys)
            counts = np.atleast_1d(np.asarray(getattr(found, "counts", keys.shape[1])))
            there = np.arange(keys.shape[1]) < counts[:, None]
            rows[:, : keys.shape[1]] = np.where(there, keys.astype(np.int64), -1)
        scores = self._scores(matrix, rows)
        distances = scores if self.metric == "euclidean" else -scores
        order = np.lexsort((rows, distances), axis=1)  # NaN last, ties by row
        rows, scores = np.take_along_axis(rows, order, 1), np.take_along_axis(scores, order, 1)
        if queries.ndim == 1:
            n = int(np.count_nonzero(rows[0] >= 0))
            return rows[0, :n], scores[0, :n]
        return rows, scores

    def _scores(
        self, queries: npt.NDArray[np.float32], rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Return the exact similarity of each query to each of its rows; NaN for row -1."""
        scores = np.empty(rows.shape, np.float32)
        step = max(1, (_CHUNK_SIZE // 4) // max(1, rows.shape[1] * self.shape[1]))
        for first in range(0, len(queries), step):
            batch = queries[first : first + step].astype(np.float64)
            near = self._vectors[rows[first : first + step]].astype(np.float64)
            if self.metric == "euclidean":
                near -= batch[:, None, :]
                value = np.sqrt(np.einsum("qkd,qkd->qk", near, near))
            else:
                value = np.einsum("qkd,qd->qk", near, batch)
            if self.metric == "cosine":
                norms = np.sqrt(np.einsum("qkd,qkd->qk", near, near))
                norms *= np.sqrt(np.einsum("qd,qd->q", batch, batch))[:, None]
                np.divide(value, norms, out=value, where=norms > 0)
                np.clip(value, -1, 1, out=value)
            scores[first : first + step] = value
        scores[rows < 0] = np.nan
        return scores

    def save(self, path: PathLike) -> None:
        """Write the index to a file, atomically.

        Raises
        ------
        OSError
            If the file cannot be written; an existing file is left unchanged.
        """
        check_name(path, "an index is written in a format of its own", (".index",))
        with atomic_write(path) as temporary:
            self._graph.save(temporary)
            size = os.path.getsize(temporary)
            metadata = {**self._metadata, "expansion_search": self.expansion_search}
            metadata |= {"size": size, "graph": _checksum(temporary, size)}
            encoded = json.dumps(metadata).encode()
            with open(temporary, "ab") as file:
                file.write(encoded + len(encoded).to_bytes(8, "little") + _MAGIC)

    @classmethod
    def load(cls, path: PathLike, wv: BaseKeyedVectors, *, mmap: bool = False) -> VectorIndex:
        """Read a file that `save` wrote, and check that it belongs to these vectors.

        Every node and neighbor of the graph is checked too: usearch follows them unchecked, and a
        checksum can be forged.

        Parameters
        ----------
        path : str or path-like
        wv : KeyedVectors
            The vectors from which the index was built. Their checksum is computed.
        mmap : bool, default False
            Map the file into memory: pages are read when a search needs them, and processes share
            them. The checksum is then not verified, and of the graph all but the copy of the
            vectors is read once, to check it. Do not change the file while it is mapped.

        Raises
        ------
        ValueError
            If the file is truncated, corrupt or not an index, or belongs to other vectors.
        OSError
            If the file cannot be read.
        ImportError
            If usearch is not installed.
        """
        require_package("usearch.index", "w2v[ann]", "an index")
        name = os.fspath(path)
        metadata = _read_metadata(path)
        if not mmap and _checksum(path, metadata["size"]) != metadata["graph"]:
            raise ValueError(f"{name}: checksum mismatch, the index is corrupt; {_REBUILD}")
        mapped = np.memmap(path, np.uint8, "r", shape=(metadata["size"],))
        kind = metadata["metric"], metadata["dtype"]
        try:
            check_graph(mapped, *kind, metadata["words"], metadata["dimensions"])
            graph = _empty_graph(metadata)
            (graph.view if mmap else graph.load)(mapped.data)
        except (RuntimeError, ValueError) as error:
            raise ValueError(
                f"{name}: usearch cannot read the index ({error}); {_REBUILD}"
            ) from error
        if len(graph) != metadata["words"]:
            raise ValueError(
                f"{name}: the index has {len(graph):,} rows, expected {metadata['words']:,}; "
                f"{_REBUILD}"
            )
        index = cls(graph, metadata, wv)
        index._source_changes = None  # not checked yet
        index._mapped_file = mapped if mmap else None
        try:
            index.check_vectors(wv)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        return index


def most_similar(
    wv: BaseKeyedVectors,
    index: VectorIndex,
    direction: npt.NDArray[np.float64],
    given: list[int],
    topn: int,
    metric: str,
) -> list[tuple[str, float]]:
    """Return the words nearest to a direction, without the rows `given`."""
    if not isinstance(index, VectorIndex):
        raise TypeError(
            f"index is of type {type(index).__name__}: expected a VectorIndex, from wv.index()"
        )
    if metric != index.metric:
        raise ValueError(f"metric={metric!r}: this index was built with metric={index.metric!r}")
    index.check_vectors(wv)
    left_out = set(given)
    rows, scores = index.search(direction, topn + len(left_out))
    found = zip(rows.tolist(), scores.tolist(), strict=True)
    return [(wv.index_to_key[row], score) for row, score in found if row not in left_out][:topn]


def _empty_graph(metadata: dict[str, Any]) -> Any:
    """Return a graph to load into, as the metadata describe it."""
    usearch = require_package("usearch.index", "w2v[ann]", "an index")
    return usearch.Index(
        ndim=metadata["dimensions"],
        metric=USEARCH_NAMES[metadata["metric"]],
        dtype=_DTYPES[metadata["dtype"]],
        expansion_search=metadata["expansion_search"],
    )


def _changes(wv: BaseKeyedVectors) -> tuple[int, int]:
    """Return numbers that differ once the vectors may have changed."""
    return wv._changes.version, wv._changes.accesses


def _fingerprint(vectors: npt.NDArray[np.float32]) -> str:
    """Return the checksum of the vectors, without the padding of rows."""
    total = Checksum()
    rows = max(1, _CHUNK_SIZE // (4 * vectors.shape[1]))
    for first in range(0, len(vectors), rows):
        total.add(np.ascontiguousarray(vectors[first : first + rows]).data.cast("B"))
    return total.hexdigest()


def _checksum(path: PathLike, size: int) -> str:
    """Return the checksum of the first `size` bytes of a file."""
    total = Checksum()
    with open(path, "rb") as file:
        while size and (chunk := file.read(min(size, _CHUNK_SIZE))):
            total.add(chunk)
            size -= len(chunk)
    return total.hexdigest()


def _read_metadata(path: PathLike) -> dict[str, Any]:
    """Return the metadata after the graph, or raise if they are invalid."""
    name = os.fspath(path)
    with open(path, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 16))
        tail = file.read()
        length = int.from_bytes(tail[:8], "little")
        if tail[8:] != _MAGIC or length > min(_MAX_METADATA_SIZE, end - 16):
            raise ValueError(
                f"{name}: expected a file written by VectorIndex.save(), but it is truncated or "
                f"another kind of file: {describe_file(path)}"
            )
        file.seek(end - 16 - length)
        text = file.read(length)
    expected = {
        "version": int, "metric": str, "dtype": str, "words": int, "dimensions": int,
        "vectors": str, "expansion_search": int, "size": int, "graph": str,
    }  # fmt: skip
    try:
        metadata = json.loads(text)
        wrong = [key for key, kind in expected.items() if not isinstance(metadata.get(key), kind)]
    except (ValueError, AttributeError):
        metadata, wrong = {}, ["all"]
    if not wrong and metadata["version"] > _VERSION:
        raise ValueError(
            f"{name}: index version {metadata['version']} is newer than this w2v reads "
            f"({_VERSION}): upgrade w2v, or {_REBUILD}"
        )
    if (
        wrong
        or metadata["size"] != end - 16 - length
        or metadata["metric"] not in USEARCH_NAMES
        or metadata["dtype"] not in _DTYPES
        or not 1 <= metadata["expansion_search"] < 1 << 31
        or not (0 <= metadata["words"] < 1 << 32 and 1 <= metadata["dimensions"] < 1 << 32)
    ):
        raise ValueError(f"{name}: the index metadata are corrupt; {_REBUILD}")
    return dict(metadata)
