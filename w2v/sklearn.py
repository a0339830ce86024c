"""MeanEmbeddingVectorizer, a scikit-learn transformer: documents to mean word vectors.

Requires scikit-learn (``pip install 'w2v[sklearn]'``). Nothing else in w2v imports this module.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._attributes import KnownAttributes
from w2v._validation import one_of, require_list, require_package
from w2v.vectors.combining import KINDS
from w2v.vectors.keyed_vectors import KeyedVectors

require_package("sklearn", "w2v[sklearn]", "w2v.sklearn", minimum="1.6")

from scipy import sparse  # noqa: E402
from sklearn.base import (  # noqa: E402
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted  # noqa: E402

Documents = Iterable[str | Sequence[str]]

_WEIGHTINGS = ("uniform", "tfidf")
_BATCH = 4096  # documents multiplied at once


class MeanEmbeddingVectorizer(
    KnownAttributes, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Turn documents into the mean, or the TF-IDF-weighted mean, of their words' vectors.

    Parameters
    ----------
    vectors : KeyedVectors, or path of a file written by `KeyedVectors.save` or `Word2Vec.save`
        A file is memory-mapped on first use. A pickled estimator contains only the path, but all of
        a KeyedVectors.
    weighting : {"uniform", "tfidf"}, default "uniform"
        Weight of each occurrence of a word: 1, or the inverse document frequency of the word in
        the documents of `fit`, ``ln((1 + n) / (1 + df)) + 1``, as in TfidfTransformer.
    tokenizer : callable, optional
        Splits a string into tokens; default: `str.split`, at white space. Lists of tokens are used
        unchanged.
    lowercase : bool, default False
        Convert to lower case first. (The vectorizers of scikit-learn do by default; `Corpus` does
        not.)
    which : {"input", "output", "combined"}, default "input"
        Which vectors of a whole model, if `vectors` is the path of one; see
        `w2v.Word2Vec.keyed_vectors`.
    normalize : bool, default False
        Scale each document vector to length 1 (zeros stay zeros).

    Attributes
    ----------
    idf_ : ndarray of float64, shape (len(vectors),)
        Only with ``weighting="tfidf"``, after `fit`.

    Notes
    -----
    Words without a vector are ignored; a document without any known word becomes zeros. The sum of
    the vectors is divided by the sum of the weights, so the length of a document does not matter.

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
        which: str = "input",
        normalize: bool = False,
    ) -> None:
        self.vectors = vectors
        self.weighting = weighting
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.which = which
        self.normalize = normalize

    def fit(self, X: Documents, y: Any = None) -> MeanEmbeddingVectorizer:  # noqa: N803
        """Compute the inverse document frequencies if ``weighting="tfidf"``.

        Parameters
        ----------
        X : iterable of str or of sequences of str
            Documents.
        y : ignored

        Returns
        -------
        MeanEmbeddingVectorizer
            The transformer itself.

        Raises
        ------
        TypeError
            If a parameter, a document or a token has the wrong type.
        ValueError
            If there are no documents, or `weighting` is unknown.
        """
        wv = self._check_parameters()
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

    def fit_transform(
        self,
        X: Documents,  # noqa: N803
        y: Any = None,
        **fit_params: Any,
    ) -> npt.NDArray[np.float32]:
        """Fit and transform the same documents; a generator is read once."""
        documents = list(X) if isinstance(X, Iterator) else X
        found: npt.NDArray[np.float32] = super().fit_transform(documents, y, **fit_params)
        return found

    def transform(self, X: Documents) -> npt.NDArray[np.float32]:  # noqa: N803
        """Return one vector per document.

        Parameters
        ----------
        X : iterable of str or of sequences of str

        Returns
        -------
        ndarray of float32, shape (n_documents, vector_size)

        Raises
        ------
        sklearn.exceptions.NotFittedError
            With ``weighting="tfidf"``, before `fit`.
        TypeError, ValueError
            As in `fit`; or if the vocabulary size has changed since `fit`.
        """
        wv = self._check_parameters()
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
        """Return the mean vectors of documents, given their sparse matrix of counts."""
        # Gathers only the rows that occur: the whole matrix may be large and memory-mapped.
        rows, columns = np.unique(counts.indices, return_inverse=True)
        values = counts.data if weights is None else counts.data * weights[counts.indices]
        weighted = sparse.csr_matrix(
            (values, columns.reshape(-1), counts.indptr), shape=(counts.shape[0], len(rows))
        )
        total = np.asarray(weighted.sum(axis=1)).reshape(-1, 1)
        means = np.asarray(weighted @ wv.vectors[rows].astype(np.float64))
        np.divide(means, total, out=means, where=total > 0)
        if self.normalize:
            norms = np.sqrt(np.einsum("ij,ij->i", means, means))[:, None]
            np.divide(means, norms, out=means, where=norms > 0)
        return means.astype(np.float32)

    def _counts(self, documents: Documents, wv: KeyedVectors) -> Iterator[Any]:
        """Yield count matrices (documents x words), one per batch of documents."""
        if isinstance(documents, (str, bytes)):
            raise ValueError(
                "X is a single string: expected an iterable of documents, such as a list"
            )
        if sparse.issparse(documents):
            raise TypeError("X is a sparse matrix: expected documents (str, or lists of tokens)")
        require_list("X", documents, "documents, one text each", ordered=True)
        if (
            isinstance(documents, np.ndarray)
            and documents.ndim > 1
            and documents.dtype.kind in "OSUT"
        ):
            raise ValueError(
                f"X has shape {documents.shape}: expected one dimension, a document in each place; "
                "pass X.ravel() if each row is one text"
            )
        find = wv.key_to_index.get
        rows: list[int] = []
        ends = [0]
        for number, document in enumerate(documents):
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
            if self.tokenizer is None:
                return text.split()
            split = self.tokenizer(text)
            if isinstance(split, str) or not isinstance(split, Iterable):
                raise TypeError(
                    f"document {number:,}: the tokenizer returned {type(split).__name__} "
                    f"{split!r:.80}, expected a list of str"
                )
            return split
        found = type(document).__name__
        if isinstance(document, Iterable) and not isinstance(document, bytes):
            tokens = list(document)
            if all(isinstance(token, str) for token in tokens):
                return [token.lower() for token in tokens] if self.lowercase else tokens
            found += f" containing {next(t for t in tokens if not isinstance(t, str))!r}"
        raise TypeError(
            f"document {number:,} is of type {found}: expected a string, or a list of tokens (str)"
        )

    def _check_parameters(self) -> KeyedVectors:
        """Check the parameters and return the vectors; open their file on first use."""
        if self.weighting not in _WEIGHTINGS:
            raise ValueError(
                f"weighting={self.weighting!r}: expected one of {', '.join(map(repr, _WEIGHTINGS))}"
            )
        if self.tokenizer is not None and not callable(self.tokenizer):
            raise TypeError(
                f"tokenizer={self.tokenizer!r}: expected a callable from str to tokens, or None"
            )
        one_of(KINDS, "which", self.which)
        if isinstance(self.vectors, KeyedVectors):
            if self.which != "input":
                raise ValueError(
                    f"which={self.which!r}: vectors is a KeyedVectors already, not the path of a "
                    f"model; pass vectors=model.keyed_vectors({self.which!r})"
                )
            return self.vectors
        if not isinstance(self.vectors, (str, os.PathLike)):
            raise TypeError(
                f"vectors is of type {type(self.vectors).__name__}: expected a KeyedVectors "
                "(such as model.wv) or the path of a file"
            )
        opened: tuple[Any, KeyedVectors] | None = self.__dict__.get("_opened")
        source = os.fspath(self.vectors), self.which
        if opened is None or opened[0] != source:
            wv = KeyedVectors.load(source[0], mmap=True, vectors=self.which)
            opened = self._opened = (source, wv)
        return opened[1]

    @property
    def _n_features_out(self) -> int:
        return self._check_parameters().vector_size

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
        tags.transformer_tags.preserves_dtype = []  # text has no dtype
        tags.requires_fit = self.weighting == "tfidf"
        return tags


def _matrix(rows: list[int], ends: list[int], words: int) -> Any:
    """Return a CSR matrix of counts; repeated words of a document are added up."""
    counts = sparse.csr_matrix(
        (np.ones(len(rows)), np.array(rows, np.int64), np.array(ends, np.int64)),
        shape=(len(ends) - 1, words),
    )
    counts.sum_duplicates()
    return counts
