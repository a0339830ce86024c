"""VectorIndex: approximate nearest neighbours of word vectors, through usearch.

The graph (HNSW; Malkov and Yashunin, 2018) only proposes rows. Similarities are computed here from
the vectors themselves, in float32, whatever the graph stores: a neighbour may be missed, but the
figure of one that is found is the exact one.

A file is usearch's own, followed by a few lines of JSON (which vectors it belongs to, and a
checksum), their length in 8 bytes and a mark. usearch reads it too: it stops before them.
"""

from __future__ import annotations

import json
import os
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v._validation import at_least, require_package
from w2v.io._checksum import Checksum
from w2v.io.atomic import atomic_write
from w2v.io.sniff import describe_file
from w2v.vectors.metrics import USEARCH_NAMES

if TYPE_CHECKING:
    from w2v.vectors.base import BaseKeyedVectors

_DTYPES = {"float32": "f32", "float16": "f16", "int8": "i8"}
_MARK = b"w2vindex"
_VERSION = 1
_LONGEST_NOTE = 1 << 16  # bytes
_ROWS = 10_000  # added in one call; Ctrl-C is answered between two
_PIECE = 1 << 22  # bytes


class VectorIndex:
    """An approximate index over the rows of a KeyedVectors; `KeyedVectors.index` builds one.

    Attributes
    ----------
    metric : {"cosine", "dot", "euclidean"}
    dtype : {"float32", "float16", "int8"}
        In what the graph stores its own copy of the vectors.
    shape : tuple of int
        (words, dimensions) of the vectors it was built from.
    """

    def __init__(self, graph: Any, note: dict[str, Any], wv: BaseKeyedVectors) -> None:
        self._graph = graph
        self._note = note
        self._vectors = wv.vectors
        self._known = weakref.ref(wv)
        self._seen = wv.version
        self.metric: str = note["metric"]
        self.dtype: str = note["dtype"]
        self.shape: tuple[int, int] = (note["words"], note["dimensions"])

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return (
            f"<VectorIndex: {self.shape[0]:,} words, {self.shape[1]} dimensions, {self.metric}, "
            f"{self.dtype}>"
        )

    @property
    def expansion_search(self) -> int:
        """How many candidates a search keeps; more find more neighbours, slower. Can be set."""
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
                f"metric={metric!r}: expected one of {', '.join(map(repr, USEARCH_NAMES))}; search "
                "without an index for any other"
            )
        if dtype not in _DTYPES:
            raise ValueError(f"dtype={dtype!r}: expected one of {', '.join(map(repr, _DTYPES))}")
        if dtype == "int8" and metric != "cosine":
            raise ValueError(
                f"dtype='int8' with metric={metric!r}: lengths are lost in int8, expected "
                "metric='cosine' or another dtype"
            )
        if workers:
            at_least(1, "workers", workers)
        graph = usearch.Index(
            ndim=wv.vector_size,
            metric=USEARCH_NAMES[metric],
            dtype=_DTYPES[dtype],
            connectivity=at_least(1, "connectivity", connectivity),
            expansion_add=at_least(1, "expansion_add", expansion_add),
            expansion_search=at_least(1, "expansion_search", expansion_search),
        )
        for first in range(0, len(wv), _ROWS):
            piece = np.ascontiguousarray(wv.vectors[first : first + _ROWS])
            wrong = np.flatnonzero(~np.isfinite(piece).all(axis=1))
            if wrong.size:
                row = first + int(wrong[0])
                raise ValueError(
                    f"the vector of {wv.index_to_key[row]!r} (row {row:,}) holds NaN or infinity: "
                    "expected finite numbers; leave the word out of what is indexed"
                )
            graph.add(np.arange(first, first + len(piece), dtype=np.uint64), piece, threads=workers)
        note = {
            "version": _VERSION,
            "metric": metric,
            "dtype": dtype,
            "words": len(wv),
            "dimensions": wv.vector_size,
            "vectors": _fingerprint(wv.vectors),
            "expansion_search": expansion_search,
        }
        return cls(graph, note, wv)

    def check(self, wv: BaseKeyedVectors) -> None:
        """Raise ValueError unless the index was built from vectors equal to those of `wv`.

        The object it was built or loaded with is known; another's vectors are read through once,
        and these again after a change.
        """
        if self._known() is wv and self._vectors is wv.vectors and self._seen == wv.version:
            return
        found = (len(wv), wv.vector_size)
        if found != self.shape:
            raise ValueError(
                f"the index is of {self.shape[0]:,} words with {self.shape[1]} dimensions, these "
                f"are {found[0]:,} with {found[1]}: build one from these vectors with wv.index()"
            )
        if _fingerprint(wv.vectors) != self._note["vectors"]:
            raise ValueError(
                "the index was built from other vectors of the same shape (their checksum "
                "differs): build one from these with wv.index()"
            )
        self._vectors, self._known, self._seen = wv.vectors, weakref.ref(wv), wv.version

    def search(
        self, vector: npt.ArrayLike, k: int = 10, *, workers: int = 1
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Find the rows most similar to a vector, or to each row of a matrix.

        Parameters
        ----------
        vector : array_like of float, shape (dimensions,) or (queries, dimensions)
        k : int, default 10
            How many rows for each; no more than there are.
        workers : int, default 1
            Threads, for a matrix; 0: as many as there are processors.

        Returns
        -------
        rows : ndarray of int64, shape (k,) or (queries, k)
        similarities : ndarray of float32, of the same shape
            The most similar first: cosines or dot products; distances, the nearest first, with
            ``metric="euclidean"``. In a matrix, row -1 and similarity NaN fill the places for
            which the graph had no candidate; a vector's arrays are shorter instead.

        Raises
        ------
        ValueError
            The shape does not fit, or a number is not finite.
        """
        queries = np.asarray(vector, np.float32)
        if queries.ndim not in (1, 2) or queries.shape[-1] != self.shape[1]:
            raise ValueError(
                f"a query has shape {queries.shape}: expected ({self.shape[1]},) or "
                f"(queries, {self.shape[1]})"
            )
        if not np.isfinite(queries).all():
            raise ValueError("a query holds NaN or infinity: expected finite numbers")
        k = min(at_least(1, "k", k), len(self))
        matrix = np.ascontiguousarray(np.atleast_2d(queries))
        rows = np.full((len(matrix), k), -1, np.int64)
        if len(matrix) and k:
            if workers:
                at_least(1, "workers", workers)
            found = self._graph.search(matrix, k, threads=workers)
            # One query comes back without the axis of queries, and without empty places.
            keys = np.atleast_2d(found.keys)
            counts = np.atleast_1d(np.asarray(getattr(found, "counts", keys.shape[1])))
            there = np.arange(keys.shape[1]) < counts[:, None]
            rows[:, : keys.shape[1]] = np.where(there, keys.astype(np.int64), -1)
        scores = self._scores(matrix, rows)
        falling = scores if self.metric == "euclidean" else -scores
        order = np.lexsort((rows, falling), axis=1)  # NaN last, equal ones by row
        rows, scores = np.take_along_axis(rows, order, 1), np.take_along_axis(scores, order, 1)
        if queries.ndim == 1:
            n = int(np.count_nonzero(rows[0] >= 0))
            return rows[0, :n], scores[0, :n]
        return rows, scores

    def _scores(
        self, queries: npt.NDArray[np.float32], rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Return the exact similarity of each query and each of its rows; NaN for row -1."""
        scores = np.empty(rows.shape, np.float32)
        step = max(1, (_PIECE // 4) // max(1, rows.shape[1] * self.shape[1]))
        for first in range(0, len(queries), step):
            some = queries[first : first + step].astype(np.float64)
            near = self._vectors[rows[first : first + step]].astype(np.float64)
            if self.metric == "euclidean":
                near -= some[:, None, :]
                value = np.sqrt(np.einsum("qkd,qkd->qk", near, near))
            else:
                value = np.einsum("qkd,qd->qk", near, some)
            if self.metric == "cosine":
                lengths = np.sqrt(np.einsum("qkd,qkd->qk", near, near))
                lengths *= np.sqrt(np.einsum("qd,qd->q", some, some))[:, None]
                np.divide(value, lengths, out=value, where=lengths > 0)
                np.clip(value, -1, 1, out=value)
            scores[first : first + step] = value
        scores[rows < 0] = np.nan
        return scores

    def save(self, path: PathLike) -> None:
        """Write the index, replacing `path` only when all is on disk.

        Raises
        ------
        OSError
            The destination cannot be written; what was there is unchanged.
        """
        with atomic_write(path) as temporary:
            self._graph.save(temporary)
            size = os.path.getsize(temporary)
            note = {**self._note, "expansion_search": self.expansion_search}
            note |= {"size": size, "graph": _checksum(temporary, size)}
            encoded = json.dumps(note).encode()
            with open(temporary, "ab") as file:
                file.write(encoded + len(encoded).to_bytes(8, "little") + _MARK)

    @classmethod
    def load(cls, path: PathLike, wv: BaseKeyedVectors, *, mmap: bool = False) -> VectorIndex:
        """Read what `save` wrote, and check that it belongs to these vectors.

        Parameters
        ----------
        path : str or path-like
        wv : KeyedVectors
            The vectors it was built from. They are read through once, for their checksum.
        mmap : bool, default False
            Map the file into memory: it is read as it is searched, and processes share it. Its
            own checksum is not compared then. usearch trusts the bytes of a graph: map only files
            that you made.

        Raises
        ------
        ValueError
            The file is foreign, truncated or damaged, or of other vectors.
        OSError
            It cannot be read.
        ImportError
            usearch is not installed.
        """
        usearch = require_package("usearch.index", "w2v[ann]", "an index")
        name = os.fspath(path)
        note = _read_note(path)
        if not mmap and _checksum(path, note["size"]) != note["graph"]:
            raise ValueError(f"{name}: damaged, its checksum differs; build the index anew")
        mapped = np.memmap(path, np.uint8, "r", shape=(note["size"],))
        try:
            graph = usearch.Index(
                ndim=note["dimensions"],
                metric=USEARCH_NAMES[note["metric"]],
                dtype=_DTYPES[note["dtype"]],
                expansion_search=note["expansion_search"],
            )
            (graph.view if mmap else graph.load)(mapped.data)
        except (RuntimeError, ValueError) as error:
            raise ValueError(
                f"{name}: usearch cannot read the graph ({error}); build the index anew"
            ) from error
        if len(graph) != note["words"]:
            raise ValueError(
                f"{name}: the graph has {len(graph):,} rows, expected {note['words']:,}; build "
                "the index anew"
            )
        made = cls(graph, note, wv)
        made._known = lambda: None  # type: ignore[assignment]
        made._mapped = mapped if mmap else None
        try:
            made.check(wv)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        return made

    _mapped: Any = None  # held as long as the graph lies in it


def most_similar(
    wv: BaseKeyedVectors,
    index: VectorIndex,
    direction: npt.NDArray[np.float64],
    given: list[int],
    topn: int,
    metric: str,
) -> list[tuple[str, float]]:
    """Return the words nearest to a direction, those in the rows `given` left out."""
    if not isinstance(index, VectorIndex):
        raise TypeError(f"index is of type {type(index).__name__}: expected what wv.index() built")
    if metric != index.metric:
        raise ValueError(f"metric={metric!r}: this index was built for {index.metric!r}")
    index.check(wv)
    left_out = set(given)
    rows, scores = index.search(direction, topn + len(left_out))
    found = zip(rows.tolist(), scores.tolist(), strict=True)
    return [(wv.index_to_key[row], score) for row, score in found if row not in left_out][:topn]


def _fingerprint(vectors: npt.NDArray[np.float32]) -> str:
    """Return the checksum of the numbers, without the padding of rows."""
    total = Checksum()
    rows = max(1, _PIECE // (4 * vectors.shape[1]))
    for first in range(0, len(vectors), rows):
        total.add(np.ascontiguousarray(vectors[first : first + rows]).data.cast("B"))
    return total.hexdigest()


def _checksum(path: PathLike, size: int) -> str:
    total = Checksum()
    with open(path, "rb") as file:
        while size and (piece := file.read(min(size, _PIECE))):
            total.add(piece)
            size -= len(piece)
    return total.hexdigest()


def _read_note(path: PathLike) -> dict[str, Any]:
    """Return what stands after the graph, checked."""
    name = os.fspath(path)
    with open(path, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 16))
        tail = file.read()
        length = int.from_bytes(tail[:8], "little")
        if tail[8:] != _MARK or length > min(_LONGEST_NOTE, end - 16):
            raise ValueError(
                f"{name}: expected an index that VectorIndex.save() wrote, but it is truncated or "
                f"another kind of file: {describe_file(path)}"
            )
        file.seek(end - 16 - length)
        text = file.read(length)
    expected = {
        "version": int, "metric": str, "dtype": str, "words": int, "dimensions": int,
        "vectors": str, "expansion_search": int, "size": int, "graph": str,
    }  # fmt: skip
    try:
        note = json.loads(text)
        wrong = [key for key, kind in expected.items() if not isinstance(note.get(key), kind)]
    except (ValueError, AttributeError):
        note, wrong = {}, ["all"]
    if not wrong and note["version"] > _VERSION:
        raise ValueError(
            f"{name}: an index of version {note['version']}, this w2v reads {_VERSION}: upgrade "
            "w2v, or build the index anew"
        )
    if (
        wrong
        or note["size"] != end - 16 - length
        or note["metric"] not in USEARCH_NAMES
        or note["dtype"] not in _DTYPES
        or min(note["dimensions"], note["expansion_search"]) < 1
    ):
        raise ValueError(f"{name}: the index is damaged; build it anew")
    return dict(note)
