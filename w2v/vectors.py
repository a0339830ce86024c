"""KeyedVectors: words and their vectors, to look up, compare and store.

Holds one matrix and no normalised copy of it; the training lives elsewhere.
"""

from __future__ import annotations

import numbers
import operator
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v.formats import native, word2vec

if TYPE_CHECKING:
    from w2v.evaluation import AnalogyReport, PairsReport

Floats = npt.NDArray[np.float32]
Item = str | npt.ArrayLike | tuple[str | npt.ArrayLike, float]

_PIECE = 1 << 20  # numbers widened to float64 at a time


class KeyedVectors:
    """Words and their vectors.

    Parameters
    ----------
    words : sequence of str
        One for each row, none twice.
    vectors : ndarray of float32, shape (len(words), vector_size)
        Kept as it is, not copied; the rows may be a view of longer ones.
    counts : array_like of int, shape (len(words),), optional
        How often each word occurred in the corpus.

    Attributes
    ----------
    index_to_key : list of str
        The word of each row.
    key_to_index : dict of str to int
        The row of each word.
    counts : ndarray of int64, shape (len(words),), or None
        None where they are not known.

    Raises
    ------
    TypeError
        A word is no string, or `vectors` is no float32 array.
    ValueError
        More or fewer words than rows, or a word that stands twice.

    Notes
    -----
    Words are the only keys. gensim takes an integer for a row number where it is no key; here it
    is a TypeError: use ``wv.vectors[5]`` or ``wv.index_to_key[5]``.

    The lengths of the vectors are computed once. To compare vectors that you changed, make a new
    object: ``KeyedVectors(words, changed)``.
    """

    def __init__(
        self, words: Sequence[str], vectors: Floats, *, counts: npt.ArrayLike | None = None
    ) -> None:
        if isinstance(words, str):
            raise TypeError(f"words={words[:40]!r} is a single string: expected a list of words")
        if not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32:
            found = getattr(vectors, "dtype", type(vectors).__name__)
            raise TypeError(
                f"vectors is of type {found}: expected a float32 array; convert it with "
                "numpy.asarray(vectors, dtype=numpy.float32)"
            )
        if vectors.ndim != 2 or vectors.shape[1] < 1:
            raise ValueError(
                f"vectors has shape {vectors.shape}: expected (words, dimensions), with at least "
                "one dimension"
            )
        self.index_to_key = list(words)
        if len(self.index_to_key) != len(vectors):
            raise ValueError(
                f"{len(self.index_to_key):,} words but {len(vectors):,} rows in vectors: expected "
                "one row for each word"
            )
        self.key_to_index = _number(self.index_to_key)
        self.counts = None if counts is None else _whole(counts, len(vectors))
        self._vectors = vectors
        self._norms: Floats | None = None

    @property
    def vectors(self) -> Floats:
        """The matrix itself, not a copy: one row for each word, in `index_to_key`'s order."""
        return self._vectors

    @property
    def vector_size(self) -> int:
        """Dimensions of a word vector."""
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self.key_to_index

    def __repr__(self) -> str:
        counts = "" if self.counts is None else f", {self.counts.sum():,} occurrences"
        return f"<KeyedVectors: {len(self):,} words{counts}, {self.vector_size} dimensions>"

    # ---- Looking up ----

    def __getitem__(self, key: str | Iterable[str]) -> Floats:
        """Return the vector of a word, or of each word of a list.

        Parameters
        ----------
        key : str or iterable of str

        Returns
        -------
        ndarray of float32, shape (vector_size,) or (len(key), vector_size)
            A copy: changing it changes nothing here, and training on does not change it.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError
            A key is no string.
        """
        if isinstance(key, Iterable) and not isinstance(key, (str, bytes)):
            rows = [self.get_index(one) for one in key]
            return self.vectors[np.array(rows, dtype=np.intp)]
        return self.get_vector(key)

    def get_vector(self, key: str, norm: bool = False) -> Floats:
        """Return a copy of the word's vector; with `norm`, scaled to length 1 (zeros stay zeros).

        Parameters
        ----------
        key : str
        norm : bool, default False

        Returns
        -------
        ndarray of float32, shape (vector_size,)

        Raises
        ------
        KeyError
            The word is not in the vocabulary.
        TypeError
            The key is no string.
        """
        vector: Floats = np.array(self.vectors[self.get_index(key)])
        return _unit(vector).astype(np.float32) if norm else vector

    def get_index(self, key: str, default: int | None = None) -> int:
        """Return the word's row number, or `default`, unless that is None, for an unknown word.

        Parameters
        ----------
        key : str
        default : int, optional

        Returns
        -------
        int

        Raises
        ------
        KeyError
            The word is not in the vocabulary and there is no default.
        TypeError
            The key is no string; an integer is not taken for a row number.
        """
        if not isinstance(key, str):
            raise TypeError(
                f"key {key!r} is of type {type(key).__name__}: expected a word (str); for a row "
                "number use .vectors[row] and .index_to_key[row]"
            )
        index = self.key_to_index.get(key, default)
        if index is None:
            raise KeyError(f"word {key!r} is not in the vocabulary{self._variant(key)}")
        return index

    def _variant(self, key: str) -> str:
        """Return a hint at a variant in case or outer white space that is in the vocabulary."""
        bare = key.strip()
        for other in (bare, bare.lower(), bare.casefold(), bare.capitalize(), bare.upper()):
            if other in self.key_to_index:
                return f", but {other!r} is"
        return ""

    def get_vecattr(self, key: str, attr: str) -> int:
        """Return what is known of a word besides its vector: ``attr="count"``, its occurrences.

        Parameters
        ----------
        key : str
        attr : {"count"}

        Returns
        -------
        int

        Raises
        ------
        KeyError
            The word is not in the vocabulary, there is no such attribute, or the counts are not
            known (word2vec's formats do not keep them).
        TypeError
            The key is no string.
        """
        index = self.get_index(key)
        if attr != "count":
            raise KeyError(f"there is no attribute {attr!r}: expected 'count'")
        if self.counts is None:
            raise KeyError(
                f"the count of {key!r} is not known: these vectors came without counts (word2vec's "
                "formats keep none; save() does)"
            )
        return int(self.counts[index])

    # ---- Comparing ----

    @property
    def norms(self) -> Floats:
        """Euclidean length of each vector, float32, shape (len(self),); computed once."""
        if self._norms is None:
            lengths = np.empty(len(self), np.float32)
            rows = max(1, _PIECE // self.vector_size)
            with np.errstate(over="ignore"):
                for first in range(0, len(self), rows):
                    wide = self.vectors[first : first + rows].astype(np.float64)
                    lengths[first : first + rows] = np.sqrt(np.einsum("ij,ij->i", wide, wide))
            self._norms = lengths
        return self._norms

    def _vectors_changed(self) -> None:
        """Forget what was computed from the vectors; whoever changes them in place calls this."""
        self._norms = None

    def most_similar(
        self,
        positive: Item | Sequence[Item] | None = None,
        negative: Item | Sequence[Item] | None = None,
        topn: int | None = 10,
        *,
        restrict_vocab: int | None = None,
    ) -> Any:
        """Find the words whose vectors point most nearly in a given direction.

        The direction is the sum of the positive items minus the negative ones, words scaled to
        length 1 and vectors as they are. Words given are left out of the answer.

        Parameters
        ----------
        positive, negative : str, array_like, tuple or sequence of these, optional
            A word, a vector of shape (vector_size,), or a tuple of one of these and its weight
            (default 1 for positive and -1 for negative; a weight given is used as it is).
        topn : int or None, default 10
            How many words to return. None returns the cosine of every word.
        restrict_vocab : int, optional
            Search only the first so many words, the most frequent where words are in that order.
            (By keyword only: gensim has other parameters in between.)

        Returns
        -------
        list of (str, float), or ndarray of float32 where `topn` is None
            Words and cosines, the most similar first; equal ones in row order. The array holds
            one cosine for each row searched, words given included. A zero vector has cosine 0.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError, ValueError
            An item is no word or vector of the right shape, there are none, or a number is out
            of range.

        Examples
        --------
        >>> import numpy as np
        >>> vectors = np.array([[1, 0], [4, 3], [0, 1]], dtype=np.float32)
        >>> wv = KeyedVectors(["east", "east-north-east", "north"], vectors)
        >>> [(word, round(cosine, 3)) for word, cosine in wv.most_similar("east")]
        [('east-north-east', 0.8), ('north', 0.0)]
        """
        direction, given = self._direction(_items(positive, 1.0) + _items(negative, -1.0))
        searched = len(self)
        if restrict_vocab is not None:
            searched = min(searched, _at_least("restrict_vocab", restrict_vocab, 1))
        if topn is not None and _at_least("topn", topn, 0) == 0:
            return []
        cosines = self._cosines(direction, searched)
        if topn is None:
            return cosines
        rows = _largest(cosines, operator.index(topn), [row for row in given if row < searched])
        return [(self.index_to_key[row], float(cosines[row])) for row in rows]

    def similar_by_word(
        self, word: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the words most similar to a word; see `most_similar`."""
        self.get_index(word)
        return self.most_similar([word], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_vector(
        self, vector: npt.ArrayLike, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """Find the words most similar to a vector of shape (vector_size,); see `most_similar`."""
        checked = self._vector(vector)
        return self.most_similar([checked], topn=topn, restrict_vocab=restrict_vocab)

    def similarity(self, w1: str, w2: str) -> float:
        """Return the cosine of two words' vectors, from -1 to 1; 0 where one of them is zero.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError
            A key is no string.
        """
        return _cosine(self.get_vector(w1), self.get_vector(w2))

    def distance(self, w1: str, w2: str) -> float:
        """Return one minus the cosine of two words' vectors, from 0 to 2."""
        return 1.0 - self.similarity(w1, w2)

    def n_similarity(self, ws1: Sequence[str], ws2: Sequence[str]) -> float:
        """Return the cosine of the means of two sets of words' vectors (not scaled to length 1).

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError
            A single string was given in place of a list, or a key is no string.
        ValueError
            A list is empty.
        """
        means = []
        for name, words in (("ws1", ws1), ("ws2", ws2)):
            if isinstance(words, (str, bytes)):
                raise TypeError(f"{name}={words!r} is a single string: expected a list of words")
            if not len(words):
                raise ValueError(f"{name} is empty: expected at least one word")
            means.append(self[words].mean(axis=0, dtype=np.float64))
        return _cosine(*means)

    def _direction(
        self, items: list[tuple[Any, float]]
    ) -> tuple[npt.NDArray[np.float64], list[int]]:
        """Return the weighted sum of the items, and the rows of the words among them."""
        if not items:
            raise ValueError("positive and negative are empty: give at least one word or vector")
        total = np.zeros(self.vector_size)
        rows = []
        for item, weight in items:
            if isinstance(item, (str, bytes, numbers.Number)):
                row = self.get_index(item)  # type: ignore[arg-type]
                rows.append(row)
                total += weight * _unit(self.vectors[row])
            else:
                total += weight * self._vector(item)
        return total, rows

    def _vector(self, value: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return `value` as a vector of the right shape, or raise."""
        try:
            vector = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError(
                f"{value!r} of type {type(value).__name__} is neither a word (str) nor a vector "
                f"of {self.vector_size} numbers, nor a tuple of one of these and its weight"
            ) from None
        if vector.shape != (self.vector_size,):
            raise ValueError(
                f"a vector has shape {vector.shape}: expected ({self.vector_size},), as many "
                "numbers as the words' vectors have"
            )
        if not np.isfinite(vector).all():
            raise ValueError("a vector holds NaN or infinity: expected finite numbers")
        return vector

    def _cosines(self, direction: npt.NDArray[np.float64], searched: int) -> Floats:
        norms = self.norms[:searched]
        # Rows with infinity or NaN give NaN, which is no reason to warn: they rank last.
        with np.errstate(invalid="ignore", over="ignore"):
            cosines: Floats = self.vectors[:searched] @ _unit(direction).astype(np.float32)
            np.divide(cosines, norms, out=cosines, where=norms > 0)
        return np.clip(cosines, -1, 1, out=cosines)

    # ---- Storing ----

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write words, vectors and counts as a safetensors file.

        Parameters
        ----------
        path : str or path-like
            Replaced only when all is on disk.

        Raises
        ------
        OSError
            The destination cannot be written; what was there is unchanged.
        """
        tensors = {"vectors": self.vectors, **native.pack_words(self.index_to_key)}
        if self.counts is not None:
            tensors["counts"] = self.counts
        native.write(path, tensors, {"format": "w2v.vectors"})

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, mmap: bool = False) -> KeyedVectors:
        """Read what `save` wrote, or the word vectors of a whole model.

        Parameters
        ----------
        path : str or path-like
        mmap : bool, default False
            Map the vectors into memory, read-only: they are read as they are needed, and several
            processes share one copy.

        Returns
        -------
        KeyedVectors

        Raises
        ------
        ValueError
            The file is truncated, corrupt, foreign or of a newer version.
        OSError
            It cannot be read.
        """
        wanted = ("vectors", "words", "word_offsets", "counts")
        kinds = ("w2v.vectors", "w2v.model")
        tensors, _ = native.read(path, kind=kinds, mmap=mmap, only=wanted)
        words = native.unpack_words(tensors, path)
        return cls._named(path, words, tensors["vectors"], tensors.get("counts"))

    def save_word2vec_format(self, path: str | os.PathLike[str], *, binary: bool = False) -> None:
        """Write word2vec's own text or binary format, which most tools read.

        Counts are not part of it. Text holds the fewest digits that read back exactly.

        Parameters
        ----------
        path : str or path-like
            Replaced only when all is on disk.
        binary : bool, default False

        Raises
        ------
        ValueError
            A word is empty or holds white space, which the format cannot represent.
        OSError
            The destination cannot be written; what was there is unchanged.
        """
        word2vec.write(path, self.index_to_key, self.vectors, binary=binary)

    @classmethod
    def load_word2vec_format(
        cls,
        path: str | os.PathLike[str],
        *,
        binary: bool = False,
        limit: int | None = None,
        errors: str = "strict",
    ) -> KeyedVectors:
        """Read word2vec's own text or binary format, by whatever program it was written.

        Parameters
        ----------
        path : str or path-like
        binary : bool, default False
        limit : int, optional
            Read the first `limit` words only; default all.
        errors : {"strict", "replace", "ignore"}
            What to do with words that are not UTF-8: raise, put U+FFFD in place of the wrong
            bytes, or leave those out.

        Returns
        -------
        KeyedVectors
            Without counts: the format keeps none.

        Raises
        ------
        ValueError
            The file does not hold what its first line promises, is of the other kind or foreign,
            has a word twice, or one that is not UTF-8.
        OSError
            It cannot be read.
        """
        words, vectors = word2vec.read(path, binary=binary, limit=limit, errors=errors)
        return cls._named(path, words, vectors, None)

    @classmethod
    def _named(
        cls,
        path: str | os.PathLike[str],
        words: list[str],
        vectors: Floats,
        counts: npt.NDArray[np.int64] | None,
    ) -> KeyedVectors:
        """Make one from a file's content, naming the file where it does not fit together."""
        try:
            return cls(words, vectors, counts=counts)
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from None

    # ---- Evaluating and grouping ----

    def evaluate_analogies(
        self,
        path: str | os.PathLike[str],
        *,
        method: str = "3cosadd",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
    ) -> AnalogyReport:
        """Ask analogy questions, ``a : b = c : ?``, and count the right answers.

        A question is asked if all its words are among those searched; the answer is the best
        word other than a, b and c. How many were asked stands beside every accuracy.

        Parameters
        ----------
        path : str or path-like
            Questions of Google's form (sections of four words a line), of MSR's (three words a
            line, the answers beside it in a file ``.answers``), or of BATS's (a file of a word and
            its answers a line, ``album<TAB>albums/record``, or a directory of such files): there
            every line asks for every other, the first known answer stands for b, and each of the
            answers is right.
        method : {"3cosadd", "3cosmul"}
            Best by cos(x, b) - cos(x, a) + cos(x, c) (Mikolov, Yih and Zweig, 2013), or by
            s(x, b) s(x, c) / s(x, a) with s = (1 + cos) / 2 (Levy and Goldberg, 2014).
        restrict_vocab : int or None, default 300,000
            Ask for and search only the first so many words; None: all.
        case_insensitive : bool, default True
            Upper-case all words. The first of several spellings, the most frequent one where words
            stand in that order, is asked; any of them is right.

        Returns
        -------
        AnalogyReport
            ``sections``, each with ``correct``, ``asked``, ``skipped``, ``accuracy`` and
            ``coverage``, and their ``total``. Equal scores are won by the first row.

        Raises
        ------
        ValueError
            A line of the file is none of its form, a vector is not finite, or a parameter is out
            of range.
        OSError
            A file cannot be read.
        """
        from w2v import evaluation

        return evaluation.evaluate_analogies(
            self,
            path,
            method=method,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
        )

    def evaluate_word_analogies(
        self,
        analogies: str | os.PathLike[str],
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """Ask analogy questions, with gensim's arguments and answer.

        Parameters
        ----------
        analogies, restrict_vocab, case_insensitive
            As `path` and the others of `evaluate_analogies`.
        dummy4unknown : bool, default False
            Count questions with unknown words as answered wrongly, instead of leaving them out.
        similarity_function : {"most_similar", "most_similar_cosmul"}
            3CosAdd or 3CosMul. (gensim passes over this argument.)

        Returns
        -------
        score : float
            The share of questions answered rightly, over all sections; 0.0 if none was asked.
        sections : list of dict
            Of each section, and last of "Total accuracy": its name, ``"section"``, and the
            questions answered rightly and wrongly, ``"correct"`` and ``"incorrect"``, as tuples
            of four words, upper-cased with `case_insensitive`.

        Raises
        ------
        ValueError, OSError
            As for `evaluate_analogies`; gensim leaves out lines that it cannot read.
        """
        from w2v import evaluation

        return evaluation.evaluate_word_analogies(
            self, analogies, restrict_vocab, case_insensitive, dummy4unknown, similarity_function
        )

    def evaluate_pairs(
        self,
        path: str | os.PathLike[str],
        *,
        delimiter: str | None = None,
        encoding: str = "utf8",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
    ) -> PairsReport:
        """Correlate the cosines of word pairs with human judgement of their similarity.

        Parameters
        ----------
        path : str or path-like
            A line holds two words and, after any other columns, a number. Lines that begin with
            ``#`` are passed over, and so is a first line of headings.
        delimiter : str, optional
            What stands between columns; by default a tab, or a comma where a line has no tab, or
            white space where it has neither.
        encoding : str, default "utf8"
        restrict_vocab, case_insensitive
            As for `evaluate_analogies`.

        Returns
        -------
        PairsReport
            ``spearman``, ``pearson``, their p-values ``spearman_p`` and ``pearson_p``, and
            ``asked``, ``skipped`` and ``coverage``.

        Raises
        ------
        ValueError
            A line is no pair, a vector is not finite, or a parameter is out of range.
        OSError
            The file cannot be read.
        """
        from w2v import evaluation

        return evaluation.evaluate_pairs(
            self,
            path,
            delimiter=delimiter,
            encoding=encoding,
            restrict_vocab=restrict_vocab,
            case_insensitive=case_insensitive,
        )

    def evaluate_word_pairs(
        self,
        pairs: str | os.PathLike[str],
        delimiter: str | None = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Correlate the cosines of word pairs with human judgement, as gensim answers it.

        Parameters
        ----------
        pairs, delimiter, encoding, restrict_vocab, case_insensitive
            As for `evaluate_pairs`; None detects the delimiter.
        dummy4unknown : bool, default False
            Take the cosine of pairs with unknown words for 0, instead of leaving them out.

        Returns
        -------
        pearson, spearman : tuple of (float, float)
            Each correlation and its two-sided p-value, as SciPy returns them.
        oov_ratio : float
            Pairs with unknown words, in per cent of all.

        Raises
        ------
        ValueError, OSError
            As for `evaluate_pairs`, or fewer than two pairs are known; gensim leaves out lines
            that it cannot read.
        """
        from w2v import evaluation

        return evaluation.evaluate_word_pairs(
            self, pairs, delimiter, encoding, restrict_vocab, case_insensitive, dummy4unknown
        )

    def classes(
        self, k: int = 500, *, seed: int = 1, iterations: int = 20
    ) -> npt.NDArray[np.int32]:
        """Sort the words into classes by k-means on their directions.

        Spherical k-means (Dhillon and Modha, 2001) from k words drawn with `seed`, until fewer than
        one word in a thousand changes its class.

        Parameters
        ----------
        k : int, default 500
        seed : int, default 1
            The same seed gives the same classes on the same machine.
        iterations : int, default 20
            At most so many.

        Returns
        -------
        ndarray of int32, shape (len(self),)
            The class of each word, numbered from 0 in the order of their first words. There can be
            fewer than k where fewer vectors differ in direction.

        Raises
        ------
        ValueError
            There are fewer than k words, a vector is not finite, or a parameter is out of range.

        Examples
        --------
        >>> import numpy as np
        >>> vectors = np.array([[1, 0], [0, 2], [3, 0.1], [0.1, 1]], dtype=np.float32)
        >>> KeyedVectors(["east", "north", "eastward", "northward"], vectors).classes(2)
        array([0, 1, 0, 1], dtype=int32)
        """
        from w2v import cluster

        return cluster.classes(self, k, seed=seed, iterations=iterations)

    def outliers(self, words: Iterable[str]) -> list[tuple[str, float]]:
        """Rank the words of a set by how little they fit into it.

        Parameters
        ----------
        words : iterable of str
            At least three.

        Returns
        -------
        list of (str, float)
            Each word and the mean of its cosines with the others, the odd one first
            (Camacho-Collados and Navigli, 2016); equal ones in the order given.

        Raises
        ------
        KeyError
            A word is not in the vocabulary.
        TypeError, ValueError
            A single string was given, or fewer than three words.
        """
        from w2v import cluster

        return cluster.outliers(self, words)


def _number(words: list[str]) -> dict[str, int]:
    """Return the row of each word, or raise where one is no string or stands twice."""
    try:
        rows = dict(zip(words, range(len(words)), strict=True))
    except TypeError:  # unhashable
        rows = {}
    if not all(isinstance(word, str) for word in words):
        row, word = next((i, word) for i, word in enumerate(words) if not isinstance(word, str))
        raise TypeError(
            f"word {word!r} (row {row:,}) is of type {type(word).__name__}: expected str"
        )
    if len(rows) < len(words):
        row, word = next((i, word) for i, word in enumerate(words) if rows[word] != i)
        raise ValueError(
            f"word {word!r} stands twice, in rows {row:,} and {words.index(word, row + 1):,}: "
            "expected each word once; remove or rename one of them"
        )
    return rows


def _whole(counts: npt.ArrayLike, rows: int) -> npt.NDArray[np.int64]:
    """Return the counts as an int64 array with an entry for each row, or raise."""
    array = np.asarray(counts)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"counts is of type {array.dtype}: expected integers")
    if array.shape != (rows,):
        raise ValueError(
            f"counts has shape {array.shape}: expected ({rows},), one count for each word"
        )
    return array.astype(np.int64, copy=False)


def _items(given: Any, weight: float) -> list[tuple[Any, float]]:
    """Return the items of `positive` or `negative`, each with its weight."""
    if given is None:
        return []
    is_vector = isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind in "fiu"
    if is_vector or isinstance(given, (str, bytes, numbers.Number)) or _is_weighted(given):
        given = [given]
    return [item if _is_weighted(item) else (item, weight) for item in given]


def _is_weighted(item: object) -> bool:
    """Return True for a tuple of an item and its weight (so no tuple of two is a vector)."""
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], numbers.Real)


def _at_least(name: str, value: object, low: int) -> int:
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}={value!r}: expected an integer of at least {low}") from None
    if number < low:
        raise ValueError(f"{name}={value!r}: expected an integer of at least {low}, or None")
    return number


def _unit(vector: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the vector in float64, scaled to length 1 unless it is zero."""
    wide = vector.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinity gives NaN, as it must
        length = np.sqrt(wide @ wide)
        return wide / length if length > 0 else wide


def _cosine(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    return float(np.clip(_unit(a) @ _unit(b), -1, 1))


def _largest(scores: Floats, count: int, excluded: list[int]) -> list[int]:
    """Return the places of the largest scores, in order, equal ones by place, NaN last."""
    ranked = np.where(np.isnan(scores), np.float32(-2), scores)  # below every cosine
    ranked[excluded] = -np.inf
    count = min(count, len(scores) - len(set(excluded)))
    if count == 0:
        return []
    least = np.partition(ranked, len(ranked) - count)[len(ranked) - count]
    above = np.flatnonzero(ranked > least)
    equal = np.flatnonzero(ranked == least)[: count - len(above)]
    chosen = np.sort(np.concatenate([above, equal]))
    order = np.argsort(-ranked[chosen], kind="stable")
    rows: list[int] = chosen[order].tolist()
    return rows
