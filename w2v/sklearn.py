"""MeanEmbeddingVectorizer, a scikit-learn transformer: documents to means of word vectors.

Requires scikit-learn (``pip install 'w2v[sklearn]'``). Nothing else in w2v imports this module.
"""

from __future__ import annotations

import numbers
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._attributes import KnownAttributes
from w2v._validation import one_of, require_list, require_package
from w2v.corpus._text_encoder import STRICT, Encoder
from w2v.corpus.encoded import EncodedCorpus
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

_WEIGHTINGS = ("uniform", "tfidf", "sif", "usif")
_REMOVED = {"sif": 1, "usif": 5}  # components by default, as in the papers
_FITTED = {"tfidf": "idf_", "sif": "word_weights_", "usif": "word_weights_"}
_BATCH = 4096  # documents multiplied at once


class MeanEmbeddingVectorizer(
    KnownAttributes, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Turn documents into means of their words' vectors, weighted or not.

    Parameters
    ----------
    vectors : KeyedVectors, or path of a file written by `KeyedVectors.save` or `Word2Vec.save`
        A file is memory-mapped on first use. A pickled estimator contains only the path, but all of
        a KeyedVectors.
    weighting : {"uniform", "tfidf", "sif", "usif"}, default "uniform"
        Weight of each occurrence of a word.

        - "uniform": 1.
        - "tfidf": the inverse document frequency of the word in the documents of `fit`,
          ``ln((1 + n) / (1 + df)) + 1``, as in TfidfTransformer.
        - "sif": smooth inverse frequency, ``a / (a + p)`` for a word with the share `p` of the
          text and ``a=smoothing`` (Arora, Liang and Ma, 2017, eq. 4).
        - "usif": the same without a parameter, ``a / (a / 2 + p)``, where `a` follows from the mean
          length of the documents of `fit` and the shares of the words (Ethayarajh, 2018, section
          4).

        The shares are those of ``vectors.counts``, the text that the vectors were trained on. If it
        is None, as in most files of other programs, they are those of the documents of `fit`.
    smoothing : float, default 1e-3
        The parameter of "sif", above 0; from 1e-4 to 1e-3 in its paper.
    remove_components : int or None, default None
        How many of the leading principal components, not centered, of the document vectors of `fit`
        to remove from each document vector: what all documents share. With "usif", each in
        proportion to its part of the variance of all that are removed. None: 1 for "sif", 5 for
        "usif" (less than `vector_size`), and 0 for the others.
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
    word_weights_ : ndarray of float64, shape (len(vectors),)
        Only with "sif" and "usif", after `fit`.
    components_ : ndarray of float64, shape (n, vector_size)
        What is removed: unit vectors at right angles. Only if components are removed, after `fit`.
    component_shares_ : ndarray of float64, shape (n,)
        How much of each is removed, from 0 to 1.

    Notes
    -----
    Words without a vector are ignored; a document without any known word becomes zeros. The sum of
    the vectors is divided by the sum of the weights, so the length of a document does not matter;
    with "sif" and "usif", by the number of words, as in their papers: a document of frequent words
    is then short.

    Weights and components are fixed by `fit`: a document has the same vector, to the bit, alone or
    among a thousand others. `fit` should see documents of the kind that will be transformed, some
    hundred at least: of one document, the first component is all there is.

    `sklearn.base.clone`, and so a grid search, shares `vectors` instead of copying the matrix.
    With ``weighting="uniform"`` there is nothing to fit, unless components are removed.

    References
    ----------
    Arora, Liang and Ma (2017), A simple but tough-to-beat baseline for sentence embeddings. ICLR.
    Ethayarajh (2018), Unsupervised random walk sentence embeddings: a strong but simple baseline.
    Workshop on Representation Learning for NLP.

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
        smoothing: float = 1e-3,
        remove_components: int | None = None,
        tokenizer: Callable[[str], Iterable[str]] | None = None,
        lowercase: bool = False,
        which: str = "input",
        normalize: bool = False,
    ) -> None:
        self.vectors = vectors
        self.weighting = weighting
        self.smoothing = smoothing
        self.remove_components = remove_components
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.which = which
        self.normalize = normalize

    def fit(self, X: Documents, y: Any = None) -> MeanEmbeddingVectorizer:  # noqa: N803
        """Compute the weights of words, and the components to remove.

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
            If there are no documents, a parameter is out of range, or with "sif" and "usif", no
            document has a known word and the vectors have no counts.
        """
        wv = self._check_parameters()
        removes = "components_" in self._learned()
        documents, kept = 0, []
        present, occurrences = np.zeros(len(wv), np.int64), np.zeros(len(wv))
        for counts in self._counts(X, wv):
            documents += counts.shape[0]
            present += np.bincount(counts.indices, minlength=len(wv))
            occurrences += np.bincount(counts.indices, counts.data, len(wv))
            if removes:
                kept.append(counts)
        if not documents:
            raise ValueError("found 0 documents (samples): expected a minimum of 1")
        self.fitted_ = True
        if self.weighting == "tfidf":
            self.idf_ = np.log((1 + documents) / (1 + present)) + 1
        elif self.weighting in _REMOVED:
            share = _shares(occurrences if wv.counts is None else wv.counts)
            if self.weighting == "sif":
                self.word_weights_ = self.smoothing / (self.smoothing + share)
            else:
                self.word_weights_ = _usif_weights(share, occurrences.sum() / documents)
        if removes:
            products = np.zeros((wv.vector_size, wv.vector_size))
            for counts in kept:
                means = self._means(counts, wv)
                products += means.T @ means
            removed = self.remove_components
            if removed is None:
                removed = min(_REMOVED[self.weighting], wv.vector_size - 1)
            self.components_, variance = _leading(products, removed)
            self.component_shares_ = np.ones(len(variance))
            if self.weighting == "usif":
                self.component_shares_ = variance / variance.sum()
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
            Before `fit`, if there is something to fit.
        TypeError, ValueError
            As in `fit`; or if the vocabulary size has changed since `fit`.
        """
        wv = self._check_parameters()
        learned = self._learned()
        check_is_fitted(self, learned or None)
        for name in learned:
            fitted, has = getattr(self, name).shape[-1], len(wv)
            of = "words"
            if name == "components_":
                has, of = wv.vector_size, "dimensions"
            if fitted != has:
                raise ValueError(f"fitted with {fitted:,} {of}, but vectors has {has:,}: fit again")
        found = [self._vectors(counts, wv) for counts in self._counts(X, wv)]
        if not found:
            raise ValueError("found 0 documents (samples): expected a minimum of 1")
        return np.concatenate(found)

    def _vectors(self, counts: Any, wv: KeyedVectors) -> npt.NDArray[np.float32]:
        """Return the vectors of documents, given their sparse matrix of counts."""
        means = self._means(counts, wv)
        if "components_" in self._learned():
            # Not by BLAS, whose sums depend on the number of documents.
            along = np.einsum("nd,kd->nk", means, self.components_) * self.component_shares_
            means -= np.einsum("nk,kd->nd", along, self.components_)
        if self.normalize:
            norms = np.sqrt(np.einsum("ij,ij->i", means, means))[:, None]
            np.divide(means, norms, out=means, where=norms > 0)
        return means.astype(np.float32)

    def _means(self, counts: Any, wv: KeyedVectors) -> npt.NDArray[np.float64]:
        """Return the weighted means of documents."""
        name = _FITTED.get(self.weighting)
        weights = None if name is None else getattr(self, name)
        # Gathers only the rows that occur: the whole matrix may be large and memory-mapped.
        occurs = np.zeros(len(wv), np.bool_)
        occurs[counts.indices] = True
        rows = np.flatnonzero(occurs)
        columns = np.cumsum(occurs) - 1
        values = counts.data if weights is None else counts.data * weights[counts.indices]
        weighted = sparse.csr_matrix(
            (values, columns[counts.indices], counts.indptr), shape=(counts.shape[0], len(rows))
        )
        words = counts if self.weighting in _REMOVED else weighted
        total = np.asarray(words.sum(axis=1)).reshape(-1, 1)
        means: npt.NDArray[np.float64] = weighted @ wv.vectors[rows].astype(np.float64)
        np.divide(means, total, out=means, where=total > 0)
        return means

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
        first, remaining = 0, iter(documents)
        while batch := list(islice(remaining, _BATCH)):
            found = self._encoded(batch, wv) if self.tokenizer is None else None
            if found is None:
                numbered = enumerate(batch, first)
                lists = [list(self._tokens(document, number)) for number, document in numbered]
                lengths = np.fromiter(map(len, lists), np.int64, len(lists))
                every = map(wv.key_to_index.get, chain.from_iterable(lists), repeat(-1))
                found = np.fromiter(every, np.int64, lengths.sum()), lengths
            yield _matrix(*found, len(wv))
            first += len(batch)

    def _encoded(
        self, batch: Sequence[str | Sequence[str]], wv: KeyedVectors
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
        """Return the row of each word, or -1, and the number of words of each document.

        None if compiled code can't split them: not all are strings, or one is not valid Unicode.
        """
        texts = [text for text in batch if isinstance(text, str)]
        if len(texts) < len(batch):
            return None
        if self.lowercase:
            texts = [text.lower() for text in texts]
        blank = np.fromiter((not text or text.isspace() for text in texts), np.bool_, len(texts))
        lengths = np.zeros(len(texts), np.int64)
        if blank.all():
            return lengths[:0], lengths
        encoder = Encoder(STRICT)  # splits as `str.split` does, and leaves blank texts out
        try:
            encoder.add_sentences(iter(texts), sys.maxsize)
        except ValueError:
            return None
        blocks = [memoryview(block) for block in encoder.finish()]
        kinds = np.int32, np.int64, np.int64, np.uint8
        encoded = EncodedCorpus(*map(np.frombuffer, blocks, kinds))
        ends = np.flatnonzero(encoded.ids < 0)
        lengths[~blank] = np.diff(ends, prepend=-1) - 1
        words = encoded.decode(np.arange(encoded.n_types))
        rows = np.fromiter(map(wv.key_to_index.get, words, repeat(-1)), np.int64)
        return rows[encoded.ids[encoded.ids >= 0]], lengths

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
        """Check the parameters and return the vectors."""
        if self.weighting not in _WEIGHTINGS:
            raise ValueError(
                f"weighting={self.weighting!r}: expected one of {', '.join(map(repr, _WEIGHTINGS))}"
            )
        a, message = self.smoothing, f"smoothing={self.smoothing!r}: expected a number, more than 0"
        if isinstance(a, bool) or not isinstance(a, numbers.Real):
            raise TypeError(message)
        if not 0 < a < np.inf:
            raise ValueError(message)
        if self.tokenizer is not None and not callable(self.tokenizer):
            raise TypeError(
                f"tokenizer={self.tokenizer!r}: expected a callable from str to tokens, or None"
            )
        one_of(KINDS, "which", self.which)
        wv = self._open()
        if (n := self.remove_components) is not None:
            message = f"remove_components={n!r}: expected an integer from 0 to {wv.vector_size - 1}"
            if isinstance(n, bool) or not isinstance(n, numbers.Integral):
                raise TypeError(message)
            if not 0 <= n < wv.vector_size:
                raise ValueError(f"{message}, less than the dimensions of the vectors")
        return wv

    def _open(self) -> KeyedVectors:
        """Return the vectors; open their file on first use."""
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
        return all(hasattr(self, name) for name in self._learned())

    def _learned(self) -> list[str]:
        """Return the names of what `fit` computes."""
        names = [_FITTED[self.weighting]] if self.weighting in _FITTED else []
        removed = self.remove_components
        if removed or (removed is None and self.weighting in _REMOVED):
            names.append("components_")
        return names

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []  # text has no dtype
        tags.requires_fit = bool(self._learned())
        return tags


def _shares(counts: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the share of each word in a text, given its number of occurrences."""
    occurrences = np.asarray(counts, np.float64)
    total = float(occurrences.sum())
    if not total > 0:
        raise ValueError(
            "vectors have no counts, and the documents no known word: how frequent words are is "
            "unknown; use weighting='uniform' or 'tfidf', or fit with other documents"
        )
    return occurrences / total


def _usif_weights(share: npt.NDArray[np.float64], length: float) -> npt.NDArray[np.float64]:
    """Return the weights of words, for documents of a mean `length` (Ethayarajh, 2018, section 4).

    A word is frequent if its share is more than the chance that a word drawn evenly from the
    vocabulary is met in a text of that length. Of all words, alpha are; Z is half their number.
    """
    size = len(share)
    threshold = 1 - (1 - 1 / size) ** max(length, 1.0)  # so that not all are frequent
    alpha = max(1, int(np.count_nonzero(share > threshold))) / size
    a = (1 - alpha) / (alpha * 0.5 * size)
    a = max(a, float(np.finfo(float).tiny))  # 0 only for a vocabulary of one word
    weights: npt.NDArray[np.float64] = a / (0.5 * a + share)
    return weights


def _leading(
    products: npt.NDArray[np.float64], n: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return up to n leading eigenvectors, as rows, and their eigenvalues; none that are zero."""
    values, vectors = np.linalg.eigh(products)
    order = np.argsort(-values)[:n]
    least = len(values) * float(np.finfo(float).eps) * float(values[-1])
    order = order[values[order] > least]
    return np.ascontiguousarray(vectors[:, order].T), values[order]


def _matrix(rows: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], n_words: int) -> Any:
    """Return the CSR matrix of how often each document has each word; -1 is an unknown one."""
    known = rows >= 0
    numbers = np.repeat(np.arange(len(lengths)), lengths)[known]
    ends = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(np.bincount(numbers, minlength=len(lengths)), out=ends[1:])
    rows = rows[known]
    counts = sparse.csr_matrix((np.ones(len(rows)), rows, ends), shape=(len(lengths), n_words))
    counts.sum_duplicates()
    return counts
