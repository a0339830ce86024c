"""MeanEmbeddingVectorizer, a scikit-learn transformer: documents to mean word vectors.

Needs scikit-learn (``pip install 'w2v[sklearn]'``), and is imported by nothing else in w2v.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from w2v.vectors.keyed_vectors import KeyedVectors

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ImportError(
        f"w2v.sklearn needs scikit-learn: pip install 'w2v[sklearn]' ({error})", name=error.name
    ) from error

Documents = Iterable[str | Sequence[str]]

_WEIGHTINGS = ("uniform", "tfidf")
_BATCH = 4096  # documents multiplied at once


class MeanEmbeddingVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turn documents into the mean, or the TF-IDF-weighted mean, of their words' vectors.

    Parameters
    ----------
    vectors : KeyedVectors, or path of a file that `KeyedVectors.save` wrote
        Files are opened memory-mapped when they are first needed. A pickled estimator holds the
        path alone, a KeyedVectors in full.
    weighting : {"uniform", "tfidf"}, default "uniform"
        Weigh each occurrence by 1, or by the word's inverse document frequency in the documents
        of `fit`: ``ln((1 + n) / (1 + df)) + 1``, as scikit-learn's TfidfTransformer does.
    tokenizer : callable, optional
        Called with a document that is a string, returns its tokens. Default: `str.split`, at
        white space. A document that is a list of tokens is taken as it is.
    lowercase : bool, default False
        Lowercase documents first. (scikit-learn's vectorizers do by default; w2v's corpora do not.)
    normalize : bool, default False
        Scale the result to length 1 (zeros stay zeros).

    Attributes
    ----------
    idf_ : ndarray of float64, shape (len(vectors),)
        Only with ``weighting="tfidf"``, after `fit`.

    Notes
    -----
    Words that `vectors` does not hold are left out; a document without any known word becomes
    zeros. The sum of a document is divided by the sum of its weights, so its length plays no part.

    `sklearn.base.clone`, and so a grid search, shares `vectors` instead of copying the matrix.
    With ``weighting="uniform"`` there is nothing to fit.

    Examples
    --------
    >>> wv = KeyedVectors(["good", "bad"], np.array([[1, 0], [0, 1]], dtype=np.float32))
    >>> MeanEmbeddingVectorizer(wv).transform(["good good bad bad", ["bad"], "unheard of"])
    array([[0.5, 0.5],
           [0. , 1. ],
           [0. , 0. ]], dtype=float32)
    """

    def __init__(
        self,
        vectors: KeyedVectors | str | os.PathLike[str],
        *,
        weighting: str = "uniform",
        tokenizer: Callable[[str], Iterable[str]] | None = None,
        lowercase: bool = False,
        normalize: bool = False,
    ) -> None:
        self.vectors = vectors
        self.weighting = weighting
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.normalize = normalize

    def fit(self, X: Documents, y: Any = None) -> MeanEmbeddingVectorizer:  # noqa: N803
        """Learn the inverse document frequencies, where they are asked for.

        Parameters
        ----------
        X : iterable of str or of sequences of str
            Documents.
        y : ignored

        Returns
        -------
        MeanEmbeddingVectorizer
            Itself.

        Raises
        ------
        TypeError
            A parameter, a document or a token is of another type.
        ValueError
            There are no documents, or `weighting` is unknown.
        """
        wv = self._checked()
        documents, present = 0, np.zeros(len(wv), np.int64)
        for counts in self._counts(X, wv):
            documents += counts.shape[0]
            present += np.bincount(counts.indices, minlength=len(wv))
        if not documents:
            raise ValueError("found 0 documents (samples): expected a minimum of 1")
        self.fitted_ = True
        if self.weighting == "tfidf":
            self.idf_ = np.log((1 + documents) / (1 + present)) + 1
        return self

    def transform(self, X: Documents) -> npt.NDArray[np.float32]:  # noqa: N803
        """Return a vector for each document.

        Parameters
        ----------
        X : iterable of str or of sequences of str

        Returns
        -------
        ndarray of float32, shape (n_documents, vector_size)

        Raises
        ------
        sklearn.exceptions.NotFittedError
            ``weighting="tfidf"``, and not fitted.
        TypeError, ValueError
            As in `fit`; or `vectors` were replaced by others of another length since.
        """
        wv = self._checked()
        weights = None
        if self.weighting == "tfidf":
            check_is_fitted(self, "idf_")
            weights = self.idf_
            if len(weights) != len(wv):
                raise ValueError(
                    f"fitted with {len(weights):,} words, but vectors has {len(wv):,}: fit again"
                )
        found = [self._means(counts, wv, weights) for counts in self._counts(X, wv)]
        if not found:
            raise ValueError("found 0 documents (samples): expected a minimum of 1")
        return np.concatenate(found)

    def _means(
        self, counts: Any, wv: KeyedVectors, weights: npt.NDArray[np.float64] | None
    ) -> npt.NDArray[np.float32]:
        """Return the mean vectors of documents given as a sparse matrix of counts."""
        # Only the rows that occur are gathered: the whole matrix may be large, and lie on disk.
        rows, places = np.unique(counts.indices, return_inverse=True)
        values = counts.data if weights is None else counts.data * weights[counts.indices]
        some = sparse.csr_matrix(
            (values, places.reshape(-1), counts.indptr), shape=(counts.shape[0], len(rows))
        )
        total = np.asarray(some.sum(axis=1)).reshape(-1, 1)
        means = np.asarray(some @ wv.vectors[rows].astype(np.float64))
        np.divide(means, total, out=means, where=total > 0)
        if self.normalize:
            lengths = np.sqrt(np.einsum("ij,ij->i", means, means))[:, None]
            np.divide(means, lengths, out=means, where=lengths > 0)
        return means.astype(np.float32)

    def _counts(self, documents: Documents, wv: KeyedVectors) -> Iterator[Any]:
        """Give matrices of counts, documents x words, a batch of documents at a time."""
        if isinstance(documents, (str, bytes)):
            raise ValueError(
                "X is a single string: expected an iterable of documents, a list for example"
            )
        if sparse.issparse(documents):
            raise TypeError("X is a sparse matrix: expected documents (str, or lists of tokens)")
        try:
            iterator = enumerate(documents)
        except TypeError:
            raise TypeError(
                f"X is of type {type(documents).__name__}: expected an iterable of documents"
            ) from None
        find = wv.key_to_index.get
        rows: list[int] = []
        ends = [0]
        for number, document in iterator:
            rows.extend(row for row in map(find, self._tokens(document, number)) if row is not None)
            ends.append(len(rows))
            if len(ends) > _BATCH:
                yield _matrix(rows, ends, len(wv))
                rows, ends = [], [0]
        if len(ends) > 1:
            yield _matrix(rows, ends, len(wv))

    def _tokens(self, document: str | Sequence[str], number: int) -> Iterable[str]:
        """Return the tokens of one document."""
        if isinstance(document, str):
            text = document.lower() if self.lowercase else document
            return text.split() if self.tokenizer is None else self.tokenizer(text)
        found = type(document).__name__
        if isinstance(document, Iterable) and not isinstance(document, bytes):
            tokens = list(document)
            if all(isinstance(token, str) for token in tokens):
                return [token.lower() for token in tokens] if self.lowercase else tokens
            found += f" holding {next(one for one in tokens if not isinstance(one, str))!r}"
        raise TypeError(
            f"document {number:,} is of type {found}: expected a string, or a list of tokens (str)"
        )

    def _checked(self) -> KeyedVectors:
        """Check the parameters and return the vectors, opening their file where that is due."""
        if self.weighting not in _WEIGHTINGS:
            raise ValueError(
                f"weighting={self.weighting!r}: expected one of {', '.join(map(repr, _WEIGHTINGS))}"
            )
        if self.tokenizer is not None and not callable(self.tokenizer):
            raise TypeError(
                f"tokenizer={self.tokenizer!r}: expected a callable from str to tokens, or None"
            )
        if isinstance(self.vectors, KeyedVectors):
            return self.vectors
        if not isinstance(self.vectors, (str, os.PathLike)):
            raise TypeError(
                f"vectors is of type {type(self.vectors).__name__}: expected a KeyedVectors (of a "
                "model, model.wv), or the path of a file of them"
            )
        opened: tuple[str, KeyedVectors] | None = self.__dict__.get("_opened")
        path = os.fspath(self.vectors)
        if opened is None or opened[0] != path:
            opened = self._opened = (path, KeyedVectors.load(path, mmap=True))
        return opened[1]

    @property
    def _n_features_out(self) -> int:
        return self._checked().vector_size

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_opened", None)
        return state

    def __sklearn_clone__(self) -> MeanEmbeddingVectorizer:
        return type(self)(**self.get_params(deep=False))

    def __sklearn_is_fitted__(self) -> bool:
        return self.weighting == "uniform" or hasattr(self, "idf_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []  # text has none
        tags.requires_fit = self.weighting == "tfidf"
        return tags


def _matrix(rows: list[int], ends: list[int], words: int) -> Any:
    """Return a CSR matrix of counts; equal rows of one document are added up."""
    counts = sparse.csr_matrix(
        (np.ones(len(rows)), np.array(rows, np.int64), np.array(ends, np.int64)),
        shape=(len(ends) - 1, words),
    )
    counts.sum_duplicates()
    return counts
