"""KeyedVectors: words and their vectors, to look up, compare, store and hand on.

The training lives elsewhere; looking up is `lexicon`, comparing is `comparing`.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._types import FloatArray
from w2v.io import _vector_text, safetensors_file, word2vec_format
from w2v.io.words import MappedWords, word_tensors
from w2v.vectors.similarity import SimilarityQueries
from w2v.vectors.subwords import SubwordVectors

if TYPE_CHECKING:
    from w2v.vectors.ann import VectorIndex
    from w2v.vectors.evaluation import AnalogyReport, WordSimilarityReport


class KeyedVectors(SimilarityQueries):
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
    subwords : SubwordVectors or None
        Of a fastText model, ``wv.subwords[word]`` is the vector of a word it has not seen.

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

    The lengths of the vectors are computed once, and anew when words are set or added here. After
    writing into `vectors`, call ``fill_norms(force=True)``.
    """

    def vectors_for_all(
        self, keys: Iterable[str], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> KeyedVectors:
        """Return vectors of those of the words that have one, each once, in the order given.

        Parameters
        ----------
        keys : iterable of str
        allow_inference : bool, default True
            Take the vectors of unknown words from `subwords`, where there are any (of a fastText
            model). What cannot be inferred is left out.
        copy_vecattrs : bool, default False
            Copy counts and other attributes too; of unknown words they are 0, False or None.

        Returns
        -------
        KeyedVectors
            With vectors of its own.
        """
        if isinstance(keys, (str, bytes)):
            raise TypeError(f"keys={keys!r} is a single string: expected a list of words")
        words, vectors, rows = [], [], []
        for word in dict.fromkeys(keys):
            row = self.get_index(word, -1)
            vector = self.vectors[row] if row >= 0 else None
            if vector is None and allow_inference and self.subwords is not None:
                with contextlib.suppress(KeyError):  # too short to have subwords
                    vector = self.subwords[word]
            if vector is not None:
                words.append(word)
                vectors.append(vector)
                rows.append(row)
        matrix = np.array(vectors, np.float32).reshape(-1, self.vector_size)
        chosen = KeyedVectors(words, matrix)
        if copy_vecattrs:
            place = np.array(rows, np.intp)
            known = place >= 0
            if self.counts is not None:
                chosen.counts = np.where(known, self.counts[place], 0)
            for name, values in self._attributes.items():
                blank: Any = None if values.dtype == object else False
                chosen._attributes[name] = np.where(known, values[place], blank)
        return chosen

    # ---- Storing ----

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write words, vectors and counts as a safetensors file, without `subwords`.

        Parameters
        ----------
        path : str or path-like
            Replaced only when all is on disk.

        Raises
        ------
        OSError
            The destination cannot be written; what was there is unchanged.
        """
        tensors = {"vectors": self.vectors, **word_tensors(self.index_to_key)}
        if self.counts is not None:
            tensors["counts"] = self.counts
        safetensors_file.write(path, tensors, {"format": "w2v.vectors"})

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, mmap: bool = False) -> KeyedVectors:
        """Read what `save` wrote, or the word vectors of a whole model.

        Parameters
        ----------
        path : str or path-like
        mmap : bool, default False
            Map the file into memory, read-only: vectors are read as they are needed, several
            processes share one copy, and the words become strings when they are first asked for.

        Returns
        -------
        KeyedVectors

        Warns
        -----
        UserWarning
            A vector holds NaN or infinity; not looked for in a mapped file.

        Raises
        ------
        ValueError
            The file is truncated, corrupt, foreign or of a newer version. That a word is damaged
            or stands twice in a mapped file is found when words are first asked for.
        OSError
            It cannot be read.
        """
        return cls._named(path, *safetensors_file.read_vectors(path, mmap=mmap), look=not mmap)

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
        word2vec_format.write(path, self.index_to_key, self.vectors, binary=binary)

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

        Warns
        -----
        UserWarning
            A vector holds NaN or infinity.

        Raises
        ------
        ValueError
            The file does not hold what its first line promises, is of the other kind or foreign,
            has a word twice, or one that is not UTF-8.
        OSError
            It cannot be read.
        """
        words, vectors = word2vec_format.read(path, binary=binary, limit=limit, errors=errors)
        return cls._named(path, words, vectors, None)

    @classmethod
    def _named(
        cls,
        path: str | os.PathLike[str],
        words: list[str] | MappedWords,
        vectors: FloatArray,
        counts: npt.NDArray[np.int64] | None,
        *,
        look: bool = True,
    ) -> KeyedVectors:
        """Make one from a file's content, naming the file where something is wrong with it.

        With `look`, vectors that are not finite are told of, to the caller of the caller.
        """
        try:
            made = cls(words, vectors, counts=counts)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from None
        rows, first = _vector_text.count_nonfinite_rows(vectors) if look else (0, 0)
        if rows:
            others = f", the first of {rows:,} such rows" if rows > 1 else ""
            warnings.warn(
                f"{os.fspath(path)}: the vector of {made.index_to_key[first]!r} (row {first:,}) "
                f"holds NaN or infinity{others}; they are kept as they are, and no cosine with "
                "them is a number; KeyedVectors.read(path, errors='skip') leaves them out",
                stacklevel=3,
            )
        return made

    # ---- Handing on ----

    def to_torch(self, *, freeze: bool = True, copy: bool | None = None) -> Any:
        """Return the vectors as an embedding layer of PyTorch.

        Parameters
        ----------
        freeze : bool, default True
            Leave the vectors as they are when the layer's network is trained.
        copy : bool, optional
            By default the layer shares memory with these vectors where that is safe, and gets a
            copy where it is to be trained (``freeze=False``) or where these are read-only, as
            memory-mapped ones are. False: share, and so let training change them here; True: copy.

        Returns
        -------
        torch.nn.Embedding
            Row i is that of ``index_to_key[i]``: look up ``key_to_index[word]``.

        Raises
        ------
        ImportError
            PyTorch is not installed.
        ValueError
            ``copy=False`` with read-only vectors.
        """
        from w2v.vectors.interop import to_torch

        return to_torch(self, freeze=freeze, copy=copy)

    def to_gensim(self) -> Any:
        """Return a gensim KeyedVectors with a copy of these vectors, and counts where known.

        Raises
        ------
        ImportError
            gensim is not installed.
        """
        from w2v.vectors.interop import to_gensim

        return to_gensim(self)

    @classmethod
    def from_gensim(cls, kv: Any) -> KeyedVectors:
        """Copy the words, vectors and counts of gensim's KeyedVectors, or of a model of gensim 4.

        Raises
        ------
        TypeError
            `kv` is something else, or has a key that is no string.
        """
        from w2v.vectors.interop import from_gensim

        return from_gensim(kv, cls)

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame with a copy of these vectors: a row a word, words as index.

        Returns
        -------
        pandas.DataFrame
            float32, shape (len(self), vector_size); the index is called "word", the columns are
            numbers from 0.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        from w2v.vectors.interop import to_pandas

        return to_pandas(self)

    def to_spacy(self, lang: str = "xx", *, nlp: Any = None) -> Any:
        """Return a spaCy pipeline whose words have a copy of these vectors.

        Parameters
        ----------
        lang : str, default "xx"
            Language of a new, blank pipeline: its tokenizer has to cut text into the words that
            these vectors are of. "xx" is spaCy's multi-language one.
        nlp : spacy.Language, optional
            Set the vectors of this pipeline instead, in place of those it had.

        Returns
        -------
        spacy.Language
            ``nlp(text)[0].vector``, ``nlp.vocab.vectors``; ``nlp.to_disk(path)`` keeps them.

        Raises
        ------
        ImportError
            spaCy is not installed, or a package that the language needs.
        ValueError
            One of the words is empty.
        """
        from w2v.vectors.interop import to_spacy

        return to_spacy(self, lang, nlp=nlp)

    def index(
        self,
        metric: str = "cosine",
        *,
        dtype: str = "float32",
        connectivity: int = 16,
        expansion_add: int = 128,
        expansion_search: int = 64,
        workers: int = 0,
    ) -> VectorIndex:
        """Build an index for approximate search, to be given to `most_similar`.

        It holds a copy of the vectors and a graph of neighbours (HNSW; Malkov and Yashunin, 2018);
        ``index.save(path)`` keeps it and ``VectorIndex.load(path, wv, mmap=True)`` opens it again.
        It is of the vectors as they are now: after a change in place, build another.

        Parameters
        ----------
        metric : {"cosine", "dot", "euclidean"}
        dtype : {"float32", "float16", "int8"}
            In what the copy is stored; the last only for cosines. Answers have exact figures
            whatever it is; fewer bits find fewer neighbours.
        connectivity : int, default 16
            Neighbours of each row in the graph; more take more memory and find more.
        expansion_add, expansion_search : int, default 128 and 64
            Candidates kept while building, and while searching; more are slower and find more.
            `expansion_search` can be changed later.
        workers : int, default 0
            Threads; 0: as many as there are processors. With 1, the same vectors always give the
            same index.

        Returns
        -------
        VectorIndex
            ``index.search(vector, k)`` returns rows and similarities.

        Raises
        ------
        ImportError
            usearch is not installed (the extra ``ann``).
        ValueError
            A parameter is out of range, or a vector is not finite.
        """
        from w2v.vectors.ann import VectorIndex

        return VectorIndex.build(
            self,
            metric=metric,
            dtype=dtype,
            connectivity=connectivity,
            expansion_add=expansion_add,
            expansion_search=expansion_search,
            workers=workers,
        )

    # ---- Files of every format ----

    @classmethod
    def read(
        cls,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        limit: int | None = None,
        errors: str = "strict",
        max_size: int | None = None,
        mmap: bool = False,
    ) -> KeyedVectors:
        """Read vectors of any known format, told by what the file holds and not by its name.

        Parameters
        ----------
        path : str or path-like
            The formats in text and word2vec's binary one may be compressed by gzip, bzip2, xz or
            zstd.
        format : str, optional
            Take it for this: "w2v", "word2vec", "word2vec-text" (fastText's .vec too), "glove",
            "npz", "parquet", "arrow", "tensorboard", "fasttext" (.bin) or "gensim" (.kv, .model;
            nothing is unpickled).
        limit : int, optional
            Read the first `limit` words only; default all.
        errors : {"strict", "replace", "ignore", "skip"}
            What to do with words that are not UTF-8: raise, put U+FFFD in place of the wrong
            bytes, leave those out, or leave out the word. "skip" also keeps only the first of
            rows with the same word, and leaves out vectors with NaN or infinity. In text, all but
            "strict" read words with blanks in them.
        max_size : int, optional
            Bytes that a compressed file may have when decompressed; default 100 times its size,
            or 64 MiB where that is more.
        mmap : bool, default False
            Map our own format into memory, read-only; others are loaded in any case.

        Returns
        -------
        KeyedVectors
            With counts where the format keeps them, with `subwords` of a fastText model.

        Warns
        -----
        UserWarning
            A vector holds NaN or infinity; not looked for in a mapped file.

        Raises
        ------
        ValueError
            The file is truncated, corrupt, unknown, has a word twice, or one that is not UTF-8.
        OSError
            It cannot be read.
        ImportError
            Parquet and Arrow files need ``pip install 'w2v[arrow]'``, zstd 'w2v[zstd]'.
        """
        from w2v.io import registry

        content = registry.read(
            path, format=format, limit=limit, errors=errors, max_size=max_size, mmap=mmap
        )
        look = not isinstance(content.words, MappedWords)
        made = cls._named(path, content.words, content.vectors, content.counts, look=look)
        made.subwords = None if content.subwords is None else SubwordVectors(content.subwords)
        return made

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        dtype: str = "float32",
        errors: str = "strict",
    ) -> None:
        """Write vectors in any format that other programs read.

        Parameters
        ----------
        path : str or path-like
            Replaced only when all is on disk. Its extension says the format: .safetensors, .bin
            (word2vec), .txt or .vec (word2vec's text), .glove, .npz, .parquet, .arrow or
            .feather, .tsv (TensorBoard's projector: NAME.metadata.tsv takes the words). After the
            text formats and .bin, .gz, .bz2, .xz or .zst compresses.
        format : str, optional
            Write this whatever the extension says: "w2v", "word2vec", "word2vec-text", "glove",
            "npz", "parquet", "arrow" or "tensorboard".
        dtype : {"float32", "float16", "int8"}
            How numbers are stored. float16: our own format, npz, Parquet and Arrow. int8, with a
            scale for each row: our own. They are float32 again when they are read.
        errors : {"strict", "replace", "skip"}
            What word2vec's, GloVe's and the projector's formats do with words that are empty, hold
            white space or are not valid Unicode: raise, put "_" or U+FFFD in the place of what
            cannot be written, or leave them out. The other formats keep every word.

        Raises
        ------
        ValueError
            The extension or format is unknown, or a word cannot be written.
        OSError
            The destination cannot be written; what was there is unchanged.
        ImportError
            Parquet and Arrow files need ``pip install 'w2v[arrow]'``, zstd 'w2v[zstd]'.
        """
        from w2v.io import registry

        registry.write(
            path,
            self.index_to_key,
            self.vectors,
            self.counts,
            format=format,
            dtype=dtype,
            errors=errors,
        )

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
            ``sections``, each with ``correct``, ``evaluated``, ``skipped``, ``accuracy`` and
            ``coverage``, and their ``total``. Equal scores are won by the first row.

        Raises
        ------
        ValueError
            A line of the file is none of its form, a vector is not finite, or a parameter is out
            of range.
        OSError
            A file cannot be read.
        """
        from w2v.vectors import evaluation

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
        from w2v.vectors import evaluation

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
    ) -> WordSimilarityReport:
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
        WordSimilarityReport
            ``spearman``, ``pearson``, their p-values ``spearman_p`` and ``pearson_p``, and
            ``evaluated``, ``skipped`` and ``coverage``.

        Raises
        ------
        ValueError
            A line is no pair, a vector is not finite, or a parameter is out of range.
        OSError
            The file cannot be read.
        """
        from w2v.vectors import evaluation

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
        from w2v.vectors import evaluation

        return evaluation.evaluate_word_pairs(
            self, pairs, delimiter, encoding, restrict_vocab, case_insensitive, dummy4unknown
        )

    def kmeans(self, k: int = 500, *, seed: int = 1, iterations: int = 20) -> npt.NDArray[np.int32]:
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
        >>> KeyedVectors(["east", "north", "eastward", "northward"], vectors).kmeans(2)
        array([0, 1, 0, 1], dtype=int32)
        """
        from w2v.vectors import clustering

        return clustering.kmeans(self, k, seed=seed, iterations=iterations)

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
        from w2v.vectors import clustering

        return clustering.outliers(self, words)
