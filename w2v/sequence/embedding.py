"""Embedding: a layer from word ids to word vectors, and back to KeyedVectors after training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from w2v._validation import require_list
from w2v.vectors.keyed_vectors import KeyedVectors

if TYPE_CHECKING:
    from w2v.training.word2vec import Word2Vec

PADDING = 0
UNKNOWN = 1
FIRST = 2  # the id of the first word

UNKNOWNS = ("zero", "mean", "random", "error")


class Embedding(nn.Module):
    """A PyTorch layer from word ids to word vectors.

    Id 0 is padding: zeros, never trained. Id 1 represents every unknown word. The words of the
    vocabulary have the ids from 2 on, in the order of `vectors`.

    Parameters
    ----------
    vectors : KeyedVectors or Word2Vec
        Copied; training does not change them.
    freeze : bool, default True
        Keep the vectors as they are. False: train them, and the vector of unknown words too.
    unknown : {"zero", "mean", "random", "error"}, default "zero"
        Initial vector of unknown words: zeros, the mean of all vectors, or a draw from a normal
        distribution with their standard deviation. "error": `encode` rejects unknown words.
    seed : int, default 1
        Random seed for ``unknown="random"``.

    Attributes
    ----------
    weight : torch.nn.Parameter, shape (words + 2, embedding_dim)
    index_to_key : list of str
        The words; the first has id 2.
    embedding_dim : int
        Dimensions of a word vector.

    Raises
    ------
    TypeError
        If `vectors` is something else.
    ValueError
        If there are no words, a vector contains NaN or infinity, or `unknown` is unknown.

    Examples
    --------
    >>> wv = KeyedVectors(["I", "am"], np.array([[1, 2], [3, 4]], dtype=np.float32))
    >>> layer = Embedding(wv)
    >>> ids = layer.encode(["I", "am", "new"])
    >>> ids, layer(torch.tensor(ids)).tolist()
    ([2, 3, 1], [[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]])
    """

    def __init__(
        self,
        vectors: KeyedVectors | Word2Vec,
        *,
        freeze: bool = True,
        unknown: str = "zero",
        seed: int = 1,
    ) -> None:
        super().__init__()
        wv = keyed_vectors(vectors)
        if unknown not in UNKNOWNS:
            choices = ", ".join(map(repr, UNKNOWNS))
            raise ValueError(f"unknown={unknown!r}: expected one of {choices}")
        if not len(wv):
            raise ValueError("vectors has no words: expected at least one")
        self.unknown = unknown
        self.index_to_key = list(wv.index_to_key)
        self._counts = None if wv.counts is None else wv.counts.copy()
        self._ids = {word: i for i, word in enumerate(self.index_to_key, FIRST)}
        rows = np.zeros((FIRST + len(wv), wv.vector_size), np.float32)
        rows[FIRST:] = wv.vectors
        # The sum is finite only if every number is, and it needs no temporary array.
        if not np.isfinite(rows.sum(dtype=np.float64)):
            row = int(np.flatnonzero(~np.isfinite(rows[FIRST:]).all(axis=1))[0])
            raise ValueError(
                f"the vector of {self.index_to_key[row]!r} (row {row:,}) contains NaN or "
                "infinity: expected finite numbers"
            )
        if unknown == "mean":
            rows[UNKNOWN] = rows[FIRST:].mean(axis=0, dtype=np.float64)
        elif unknown == "random":
            random = np.random.default_rng(seed)
            rows[UNKNOWN] = random.normal(scale=rows.std(), size=wv.vector_size)
        self.weight = nn.Parameter(torch.from_numpy(rows), requires_grad=not freeze)

    @property
    def embedding_dim(self) -> int:
        """Dimensions of a word vector."""
        return int(self.weight.shape[1])

    def __len__(self) -> int:
        return len(self.index_to_key)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Return the id of each token; 1 for an unknown word.

        Parameters
        ----------
        tokens : iterable of str

        Returns
        -------
        list of int

        Raises
        ------
        TypeError
            If `tokens` is a single string, or a token is not a string.
        KeyError
            If a word is unknown and the layer has ``unknown="error"``.
        """
        require_list("tokens", tokens)
        tokens = list(tokens)
        find = self._ids.get
        try:
            ids = [find(token, UNKNOWN) for token in tokens]
        except TypeError:  # unhashable
            ids = [UNKNOWN] * len(tokens)
        if UNKNOWN in ids:  # a token that is not a string is always unknown
            for position, token in enumerate(tokens):
                if not isinstance(token, str):
                    raise TypeError(
                        f"token {token!r} (number {position:,}) is of type {type(token).__name__}: "
                        "expected str"
                    )
            if self.unknown == "error":
                position = ids.index(UNKNOWN)
                raise KeyError(
                    f"unknown word {tokens[position]!r} (token {position:,}): remove it, or use "
                    "unknown='zero', 'mean' or 'random'"
                )
        return ids

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the vectors of the ids.

        Parameters
        ----------
        ids : tensor of int64, shape (...)

        Returns
        -------
        tensor of float32, shape (..., embedding_dim)
        """
        return nn.functional.embedding(ids, self.weight, padding_idx=PADDING)

    def to_keyed_vectors(self) -> KeyedVectors:
        """Return a copy of the current word vectors, with the same words, order and counts."""
        rows = self.weight.detach()[FIRST:].cpu().numpy().copy()
        counts = None if self._counts is None else self._counts.copy()
        return KeyedVectors(self.index_to_key, rows, counts=counts)

    def extra_repr(self) -> str:
        """Describe the layer for ``print(model)``."""
        return f"{len(self):,} words, {self.embedding_dim}, freeze={not self.weight.requires_grad}"


def keyed_vectors(vectors: KeyedVectors | Word2Vec) -> KeyedVectors:
    """Return the KeyedVectors, or those of a model."""
    wv = vectors if isinstance(vectors, KeyedVectors) else getattr(vectors, "wv", None)
    if not isinstance(wv, KeyedVectors):
        raise TypeError(
            f"vectors is of type {type(vectors).__name__}: expected KeyedVectors or a Word2Vec; "
            "use KeyedVectors.read(path) for a file"
        )
    return wv
