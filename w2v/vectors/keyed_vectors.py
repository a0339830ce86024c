"""KeyedVectors: words and their vectors; files, conversions, evaluation and clustering.

Most methods here document a function of another module of this room or of `w2v.io`, and call it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._attributes import with_own_methods
from w2v._memory import explain_shortage
from w2v._types import FloatArray
from w2v._validation import require_list
from w2v._warnings import warn
from w2v.io import _vector_text, safetensors_file, word2vec_format
from w2v.io.names import check_name
from w2v.io.processing import Step, Steps, step_tensors
from w2v.io.words import MappedWords, packed_size, word_tensors
from w2v.vectors.combining import Rule, check_kind
from w2v.vectors.postprocessing import apply_to_all, make_step, transform
from w2v.vectors.similarity import SimilarityQueries
from w2v.vectors.subwords import SubwordVectors

if TYPE_CHECKING:
    import pandas
    import spacy.language
    import torch

    from w2v.vectors.ann import VectorIndex
    from w2v.vectors.evaluation import AnalogyReport, WordSimilarityReport


@with_own_methods
class KeyedVectors(SimilarityQueries):
    """Words and their vectors.

    Parameters
    ----------
    words : sequence of str
        One for each row, without duplicates.
    vectors : ndarray of float32, shape (len(words), vector_size)
        Not copied; can be a view of longer rows.
    counts : array_like of int, shape (len(words),), optional
        Number of occurrences of each word in the corpus.
    fixed_vocab : bool, default False
        Raise an error if words are added or sorted, or counts are set. Vectors can still be set.

    Attributes
    ----------
    index_to_key : list of str
        The word of each row. Assign a whole list to rename words.
    key_to_index : dict of str to int
        The row of each word.
    counts : ndarray of int64, shape (len(words),), or None
        None if the counts are unknown.
    subwords : SubwordVectors or None
        For fastText models: ``wv.subwords[word]`` is a vector for an unknown word.

    Raises
    ------
    TypeError
        If a word is not a string, or `vectors` is not a float32 array.
    ValueError
        If the numbers of words and rows differ, or a word is a duplicate.

    Notes
    -----
    The class is built in three layers:

    - `BaseKeyedVectors` (base.py): words, rows, counts and attributes; look up, set, add, sort;
      norms.
    - `SimilarityQueries` (similarity.py): nearest words, distances, means, analogies.
    - `KeyedVectors` (here): files (`w2v.io`), other libraries (interop.py), the approximate index
      (ann.py), evaluation (evaluation.py), k-means and outliers (clustering.py).

    Words are the only keys. gensim interprets an integer as a row number; here it raises a
    TypeError: use ``wv.vectors[5]`` or ``wv.index_to_key[5]``.

    Norms are cached, and computed again after words are set or added, and after an access to
    `vectors`, which may have been a write. After writing to an array that `vectors` returned
    earlier, call `mark_changed`. While a model trains, norms are computed for each query.

    Words can be added while other threads query: each query sees all of an addition or nothing of
    it. Vectors that are replaced in place, sorted or renamed meanwhile can be seen half changed.

    `copy.deepcopy` and pickle copy everything; `copy.copy` shares the matrix, so that a vector
    set in one is set in both, and has words of its own.
    """

    def vectors_for_all(
        self, keys: Iterable[str], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> KeyedVectors:
        """Return a copy with the given words only, in the given order.

        Parameters
        ----------
        keys : iterable of str
            Unknown words and duplicates are ignored.
        allow_inference : bool, default True
            Infer the vectors of unknown words from `subwords`, if there are any.
        copy_vecattrs : bool, default False
            Copy counts and other attributes too; those of inferred words are 0, False or None.

        Returns
        -------
        KeyedVectors
            Its vectors are copies, and its vocabulary is not fixed.

        Raises
        ------
        TypeError
            If `keys` is a single string, or a key is not a string.
        """
        require_list("keys", keys)
        words, vectors, rows = [], [], []
        for word in dict.fromkeys(keys):
            row = self.get_index(word, -1)
            vector = self._row_vector(row) if row >= 0 else None
            if vector is None and allow_inference and self.subwords is not None:
                with contextlib.suppress(KeyError):  # too short to have subwords
                    vector = self.subwords[word]
            if vector is not None:
                words.append(word)
                vectors.append(vector)
                rows.append(row)
        matrix = np.array(vectors, np.float32).reshape(-1, self.vector_size)
        chosen: KeyedVectors = self._make(words, matrix)
        if copy_vecattrs:
            index = np.array(rows, np.intp)
            known = index >= 0
            if self.counts is not None:
                chosen.counts = np.where(known, self.counts[index], 0)
            for name, values in self._attributes.items():
                blank: Any = None if values.dtype == object else False
                chosen._attributes[name] = np.where(known, values[index], blank)
        chosen._processed(self._changes.processing)
        return chosen

    # ---- After training ----

    @property
    def processing(self) -> tuple[str, ...]:
        """What was done to the vectors after training, in this order.

        "output" or "combined" if they are not the input vectors of a model, then "center", "abtt"
        and "unit" for the steps of `postprocess`. Files in w2v format keep it.
        """
        return tuple(step.name for step in self._changes.processing)

    def centered(self) -> KeyedVectors:
        """Return the vectors without their mean: the same as ``postprocess("center")``."""
        return self.postprocess("center")

    def postprocess(self, method: str, n: int | None = None) -> KeyedVectors:
        """Return a copy whose vectors went through one more step.

        Parameters
        ----------
        method : {"center", "abtt", "unit"}
            "center": subtract the mean of all vectors. "abtt", all-but-the-top: subtract the mean
            and the projections on the first `n` principal components (Mu and Viswanath, 2018,
            algorithm 1). "unit": scale each vector to length 1; a zero vector stays zero.
        n : int, optional
            For "abtt" only: number of components, from 1 to one less than dimensions and words;
            default ``vector_size // 100``, at least 1.

        Returns
        -------
        KeyedVectors
            With the words, counts, attributes and `subwords` of these; its vocabulary is not fixed.
            `processing` says what was done.

        Raises
        ------
        ValueError
            If `method` is unknown, `n` is out of range, there are no words, or a vector is not
            finite.
        TypeError
            If `n` is not an integer.

        Notes
        -----
        Everything that the copy returns and accepts is in its own space: ``made[word]``, a query
        such as ``made.most_similar(made["king"] - made["man"] + made["woman"])``, and vectors that
        are set or added. Vectors from elsewhere, in the space of these, are treated alike by
        `transform`, also after saving and loading. Words that are added do not change the mean.

        Examples
        --------
        >>> import numpy as np
        >>> wv = KeyedVectors(["a", "b"], np.array([[3, 1], [1, 1]], dtype=np.float32))
        >>> made = wv.centered()
        >>> made["a"], made.transform([5, 2])
        (array([1., 0.], dtype=float32), array([3., 1.], dtype=float32))
        """
        vectors = self._state.vectors
        step = make_step(vectors, self.index_to_key, method, n)
        return self._derived(apply_to_all(step, vectors), (step,))

    def transform(self, vectors: npt.ArrayLike) -> FloatArray:
        """Return vectors of the original space as the vectors here were treated.

        Parameters
        ----------
        vectors : array_like, shape (vector_size,) or (n, vector_size)
            One or several vectors in the space before all steps of `processing`: of a document, or
            of a word that was left out. (For combined vectors: in the space of the sums.)

        Returns
        -------
        ndarray of float32, of the same shape
            The vectors after the steps, for queries and for `add_vector`; without steps, a copy of
            the given ones.

        Raises
        ------
        TypeError, ValueError
            If `vectors` are not numbers, have another shape, or are not finite.
        """
        return transform(self._changes.processing, vectors, self.vector_size)

    def _derived(self, vectors: FloatArray, steps: Steps) -> KeyedVectors:
        """Return the same words with other vectors, made by further steps."""
        n = len(vectors)  # words that another thread is adding are left out
        counts = None if self.counts is None else self.counts[:n].copy()
        made: KeyedVectors = self._make(self.index_to_key[:n], vectors, counts)
        made._attributes.update((name, each[:n].copy()) for name, each in self._attributes.items())
        made.subwords = self.subwords
        made._changes.processing = self._changes.processing
        made._processed(steps)
        return made

    def _of_model(
        self,
        path: str | os.PathLike[str],
        kind: str,
        outputs: FloatArray | None,
        metadata: Mapping[str, str],
    ) -> KeyedVectors:
        """Return the output or combined vectors of the model file that these were read from."""
        settings = _settings(path, metadata)
        if outputs is None:
            problem = (
                "hierarchical softmax alone (hs=1, negative=0) trains none; use the input vectors"
                if settings
                else "the file has word vectors only; name a whole model, as Word2Vec.save() and "
                "`w2v train` write it"
            )
            raise ValueError(
                f"{os.fspath(path)}: expected a model with output vectors, for {kind!r}, but "
                f"{problem}"
            )
        return self._with_outputs(kind, outputs, Rule.of(settings))

    def _with_outputs(self, kind: str, outputs: FloatArray, rule: Rule) -> KeyedVectors:
        """Return copies of the output vectors, or of these combined with them."""
        if kind == "output":
            return self._derived(np.array(outputs, np.float32, order="C"), (Step("output"),))
        sums = rule.sums(self._state.vectors, outputs)
        steps: Steps = (rule.step(),)
        if rule.center:
            steps += (make_step(sums, self.index_to_key, "center"),)
            apply_to_all(steps[-1], sums, out=sums)
        return self._derived(sums, steps)

    # ---- Files of w2v and word2vec ----

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write words, vectors, counts and attributes of words to a safetensors file.

        `subwords` are not saved.

        Parameters
        ----------
        path : str or path-like
            Written atomically. An extension of another format, such as .txt, is an error: `export`
            writes the format of the extension.

        Warns
        -----
        UserWarning
            If an attribute is left out, since its values are neither numbers nor strings.

        Raises
        ------
        ValueError
            If the name is that of another format.
        OSError
            If the file cannot be written; an existing file is left unchanged.
        """
        if type(self) is KeyedVectors:  # a subclass may have names of its own
            use = f"use export({os.fspath(path)!r})"
            check_name(path, "save() writes safetensors format", remedy=use)
        self._save(path, self.index_to_key, self._state.vectors, {})

    def _save(
        self,
        path: str | os.PathLike[str],
        words: list[str],
        vectors: FloatArray,
        metadata: dict[str, str],
    ) -> None:
        remedy = "nothing was written; free some memory and save again"
        with explain_shortage(f"saving {os.fspath(path)}", packed_size(words), remedy):
            tensors = {"vectors": vectors, **word_tensors(words)}
            if self.counts is not None:
                tensors["counts"] = self.counts
            more, described = safetensors_file.attribute_tensors(path, self._attributes)
            steps, done = step_tensors(self._changes.processing)
            safetensors_file.write(
                path,
                {**tensors, **more, **steps},
                {"format": "w2v.vectors", **metadata, **described, **done},
            )

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, mmap: bool = False, vectors: str = "input"
    ) -> KeyedVectors:
        """Read a file that `save` wrote, or the word vectors of a whole model.

        Parameters
        ----------
        path : str or path-like
        mmap : bool, default False
            Map the file into memory, read-only: vectors are read when they are needed, processes
            share one copy, and words are decoded on first access.
        vectors : {"input", "output", "combined"}, default "input"
            Of a whole model: the input vectors, which are ``model.wv``, the output vectors, or both
            combined, as `Word2Vec.keyed_vectors` returns them. The last two are copies in memory.

        Returns
        -------
        KeyedVectors

        Warns
        -----
        UserWarning
            If a vector contains NaN or infinity; not checked with ``mmap=True``.

        Raises
        ------
        ValueError
            If the file is truncated, corrupt, of another format or of a newer version; or has no
            output vectors if they are asked for. With ``mmap=True``, corrupt or duplicate words
            are detected on first access.
        OSError
            If the file cannot be read.
        """
        kind = check_kind(vectors)
        found = safetensors_file.read_vectors(path, mmap=mmap, outputs=kind != "input")
        wv = cls._from_file(path, found.words, found.vectors, found.counts, check=not mmap)
        wv._attributes.update(found.attributes)
        wv._processed(found.processing)
        return wv if kind == "input" else wv._of_model(path, kind, found.outputs, found.metadata)

    def save_word2vec_format(self, path: str | os.PathLike[str], *, binary: bool = False) -> None:
        """Write word2vec text or binary format, which most tools can read.

        The format has no counts. Text contains the fewest digits that read back as the same
        numbers.

        Parameters
        ----------
        path : str or path-like
            Written atomically; compressed if the name ends in .gz, .bz2, .xz or .zst. An extension
            of another format is an error, such as .bin for text.
        binary : bool, default False

        Raises
        ------
        ValueError
            If a word is empty or contains white space, which the format cannot represent, or the
            name is that of another format.
        OSError
            If the file cannot be written; an existing file is left unchanged.
        """
        if type(self) is KeyedVectors:  # a subclass may have names of its own
            own: tuple[str, ...] = (".txt", ".vec")
            what = "binary=False writes word2vec text format"
            if binary:
                what, own = "binary=True writes word2vec binary format", (".bin",)
            remedy = f"use export({os.fspath(path)!r})"
            check_name(path, what, own, compressed=True, remedy=remedy)
        word2vec_format.write(path, self.index_to_key, self._state.vectors, binary=binary)

    @classmethod
    def load_word2vec_format(
        cls,
        path: str | os.PathLike[str],
        *,
        binary: bool = False,
        limit: int | None = None,
        errors: str = "strict",
    ) -> KeyedVectors:
        """Read word2vec text or binary format, written by any program.

        Parameters
        ----------
        path : str or path-like
        binary : bool, default False
        limit : int, optional
            Read only the first `limit` words; default all.
        errors : {"strict", "replace", "ignore"}
            For words that are not valid UTF-8: raise an error, replace the invalid bytes by U+FFFD,
            or drop these bytes.

        Returns
        -------
        KeyedVectors
            Without counts, which the format does not have.

        Warns
        -----
        UserWarning
            If a vector contains NaN or infinity.

        Raises
        ------
        ValueError
            If the content does not match the header, the file has another format, or a word is a
            duplicate or not valid UTF-8.
        OSError
            If the file cannot be read.
        """
        words, vectors = word2vec_format.read(path, binary=binary, limit=limit, errors=errors)
        return cls._from_file(path, words, vectors, None)

    @classmethod
    def _from_file(
        cls,
        path: str | os.PathLike[str],
        words: list[str] | MappedWords,
        vectors: FloatArray,
        counts: npt.NDArray[np.int64] | None,
        *,
        check: bool = True,
    ) -> KeyedVectors:
        """Return an object with the content of a file; messages name the file.

        With `check`, warn if a vector is not finite, at the line that called the calling method.
        """
        try:
            wv: KeyedVectors = cls._make(words, vectors, counts)
        except (ValueError, TypeError) as error:
            remedy = ""
            if str(error).startswith("duplicate word"):
                remedy = "; KeyedVectors.read(path, errors='skip') keeps the first"
            raise ValueError(f"{os.fspath(path)}: {error}{remedy}") from None
        rows, first = _vector_text.count_nonfinite_rows(vectors) if check else (0, 0)
        if rows:
            others = f" (the first of {rows:,} such words)" if rows > 1 else ""
            warn(
                f"{os.fspath(path)}: the vector of {wv.index_to_key[first]!r} (row {first:,}) "
                f"contains NaN or infinity{others}. The values are kept, and cosine similarities "
                "with such words are NaN; KeyedVectors.read(path, errors='skip') leaves them out",
            )
        return wv

    # ---- Other libraries ----

    def to_torch(self, *, freeze: bool = True, copy: bool | None = None) -> torch.nn.Embedding:
        """Return the vectors as a PyTorch embedding layer.

        Parameters
        ----------
        freeze : bool, default True
            Exclude the vectors from training.
        copy : bool, optional
            True copies the vectors. False shares memory with them, so that training the layer
            changes them here. By default, memory is shared unless the layer can be trained
            (``freeze=False``) or the vectors are read-only, for example memory-mapped.

        Returns
        -------
        torch.nn.Embedding
            Row ``key_to_index[word]`` is the vector of `word`.

        Raises
        ------
        ImportError
            If PyTorch is not installed.
        ValueError
            If the vectors are read-only and `copy` is False.
        """
        from w2v.vectors.interop import to_torch

        return to_torch(self, freeze=freeze, copy=copy)

    def to_gensim(self) -> Any:
        """Return a gensim KeyedVectors with a copy of the vectors and counts.

        Raises
        ------
        ImportError
            If gensim is not installed.
        """
        from w2v.vectors.interop import to_gensim

        return to_gensim(self)

    @classmethod
    def from_gensim(cls, kv: Any) -> KeyedVectors:
        """Return a copy of the words, vectors and counts of a gensim object.

        Parameters
        ----------
        kv : gensim.models.KeyedVectors or a model with a ``wv``
            From gensim 4.

        Raises
        ------
        TypeError
            If `kv` is something else, or has a key that is not a string.
        """
        from w2v.vectors.interop import from_gensim

        return from_gensim(kv, cls)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas DataFrame with a copy of the vectors and the words as its index.

        Returns
        -------
        pandas.DataFrame
            float32, shape (len(self), vector_size); the index is named "word", the columns are
            numbered from 0.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        from w2v.vectors.interop import to_pandas

        return to_pandas(self)

    def to_spacy(self, lang: str = "xx", *, nlp: Any = None) -> spacy.language.Language:
        """Return a spaCy pipeline with a copy of the vectors.

        Parameters
        ----------
        lang : str, default "xx"
            Language of a new, blank pipeline; its tokenizer should split text into the words of
            the vocabulary. "xx" is the multi-language pipeline.
        nlp : spacy.Language, optional
            Replace the vectors of this pipeline instead of creating one.

        Returns
        -------
        spacy.Language
            ``nlp(text)[0].vector`` is the vector of a token; ``nlp.to_disk(path)`` saves them.

        Raises
        ------
        ImportError
            If spaCy or a package that the language needs is not installed.
        ValueError
            If one of the words is empty.
        """
        from w2v.vectors.interop import to_spacy

        pipeline: spacy.language.Language = to_spacy(self, lang, nlp=nlp)
        return pipeline

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
        """Build an index for approximate search, for the `index` argument of `most_similar`.

        The index contains a copy of the vectors and a graph of neighbors (HNSW; Malkov and
        Yashunin, 2018). Save it with ``index.save(path)`` and read it with
        ``VectorIndex.load(path, wv, mmap=True)``. The index is a snapshot; build it again after
        changing the vectors.

        Parameters
        ----------
        metric : {"cosine", "dot", "euclidean"}
        dtype : {"float32", "float16", "int8"}
            Type of the numbers in the copy; "int8" only for cosines. Similarities returned are
            exact for all of them, but fewer bits find fewer neighbors.
        connectivity : int, default 16
            Neighbors of each row in the graph; more find more neighbors and use more memory.
        expansion_add, expansion_search : int, default 128 and 64
            Candidates kept while building and while searching; more find more neighbors and take
            longer. `expansion_search` can be changed later.
        workers : int, default 0
            Threads; 0: one per available processor. With 1, the same vectors always give the same
            index.

        Returns
        -------
        VectorIndex
            ``index.search(vector, k)`` returns rows and similarities.

        Raises
        ------
        ImportError
            If usearch is not installed; the extra ``ann`` installs it.
        ValueError
            If a parameter is out of range, or a vector is not finite.
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
        max_size: int | str | None = None,
        mmap: bool = False,
        vectors: str = "input",
    ) -> KeyedVectors:
        """Read vectors in any known format, which is detected from the content of the file.

        Parameters
        ----------
        path : str or path-like
            Text formats and word2vec binary can be compressed with gzip, bzip2, xz or zstd. What a
            pipe sends is copied to a temporary file first.
        format : str, optional
            Do not detect the format: "w2v", "word2vec", "word2vec-text" (also fastText .vec),
            "glove", "npz", "parquet", "arrow", "tensorboard", "fasttext" (.bin) or "gensim" (.kv,
            .model; nothing is unpickled).
        limit : int, optional
            Read only the first `limit` words; default all.
        errors : {"strict", "replace", "ignore", "skip"}
            For words that are not valid UTF-8: raise an error, replace the invalid bytes by U+FFFD,
            drop these bytes, or skip the word. "skip" also skips duplicate words, vectors with NaN
            or infinity, and the heading of a data frame. All except "strict" accept words that
            contain spaces, or other white space in binary files.
        max_size : int or str, optional
            Maximum decompressed size in bytes, such as ``"20GB"``, in every format that compresses;
            default 100 times the size of the file, at least 64 MiB.
        mmap : bool, default False
            Map a w2v file into memory, read-only; other formats are always loaded.
        vectors : {"input", "output", "combined"}, default "input"
            Of a whole model, also of gensim; see `load`.

        Returns
        -------
        KeyedVectors
            With counts, if the format has them, and with `subwords` for a fastText model.

        Warns
        -----
        UserWarning
            If a vector contains NaN or infinity; not checked in a mapped file.

        Raises
        ------
        ValueError
            If the file is truncated, corrupt or in an unknown format, or a word is a duplicate or
            not valid UTF-8.
        OSError
            If the file cannot be read.
        ImportError
            If pyarrow (for Parquet and Arrow; the extra ``arrow``) or zstandard (the extra
            ``zstd``) is needed and not installed.
        """
        from w2v.io import registry

        kind = check_kind(vectors)
        content = registry.read(
            path,
            format=format,
            limit=limit,
            errors=errors,
            max_size=max_size,
            mmap=mmap,
            outputs=kind != "input",
        )
        check = not isinstance(content.words, MappedWords)
        wv = cls._from_file(path, content.words, content.vectors, content.counts, check=check)
        wv.subwords = None if content.subwords is None else SubwordVectors(content.subwords)
        wv._attributes.update(content.attributes)
        wv._processed(content.processing)
        return (
            wv if kind == "input" else wv._of_model(path, kind, content.outputs, content.metadata)
        )

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        dtype: str = "float32",
        errors: str = "strict",
    ) -> None:
        """Write vectors in a format that other programs read.

        Parameters
        ----------
        path : str or path-like
            Written atomically. The extension determines the format: .safetensors, .bin (word2vec),
            .txt or .vec (word2vec text), .glove, .npz, .parquet, .arrow or .feather, .tsv
            (TensorBoard projector; NAME.metadata.tsv gets the words). A second extension, .gz,
            .bz2, .xz or .zst, compresses .bin and the text formats, except .tsv.
        format : str, optional
            Ignore the extension and write this format: "w2v", "word2vec", "word2vec-text", "glove",
            "npz", "parquet", "arrow" or "tensorboard".
        dtype : {"float32", "float16", "int8"}
            Type of the stored numbers; they are read as float32. "float16" is for w2v, npz,
            Parquet and Arrow files, "int8" (with a scale for each row) for w2v files.
        errors : {"strict", "replace", "skip"}
            For words that are empty, contain white space or are not valid Unicode, which the
            word2vec, GloVe and TensorBoard formats cannot represent: raise an error, replace
            the invalid characters by "_" or U+FFFD, or skip the word.

        Raises
        ------
        ValueError
            If the extension or format is unknown, or a word cannot be written.
        OSError
            If the file cannot be written; an existing file is left unchanged.
        ImportError
            If pyarrow (for Parquet and Arrow; the extra ``arrow``) or zstandard (the extra
            ``zstd``) is needed and not installed.
        """
        from w2v.io import registry

        registry.write(
            path,
            self.index_to_key,
            self._state.vectors,
            self.counts,
            format=format,
            dtype=dtype,
            errors=errors,
            processing=self._changes.processing,
        )

    # ---- Evaluation and clustering ----

    def evaluate_analogies(
        self,
        path: str | os.PathLike[str],
        *,
        method: str = "3cosadd",
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
    ) -> AnalogyReport:
        """Evaluate analogies, ``a : b = c : ?``.

        A question is evaluated if all its words are in the searched vocabulary. The answer is the
        best word other than a, b and c. Every accuracy is reported with its coverage.

        Parameters
        ----------
        path : str or path-like
            Questions in the format of Google (sections; four words per line), MSR (three words per
            line, with the answers in a file ``.answers`` beside it) or BATS (one word and its
            answers per line, ``album<TAB>albums/record``; a file or a directory of files). In BATS,
            each line is paired with every other, the first known answer is used as b, and any of
            the answers is correct.
        method : {"3cosadd", "3cosmul"}
            Maximize cos(x, b) - cos(x, a) + cos(x, c) (Mikolov, Yih and Zweig, 2013), or
            s(x, b) s(x, c) / s(x, a) with s = (1 + cos) / 2 (Levy and Goldberg, 2014).
        restrict_vocab : int or None, default 300,000
            Restrict questions and candidates to the first `restrict_vocab` words; None: all.
        case_insensitive : bool, default True
            Ignore case. A question uses the first of several spellings, which is the most frequent
            one if words are sorted by frequency; any of them is a correct answer.

        Returns
        -------
        AnalogyReport
            ``sections``, each with ``correct``, ``evaluated``, ``skipped``, ``accuracy`` and
            ``coverage``, and their ``total``. The first row wins a tie.

        Raises
        ------
        ValueError
            If a line is invalid, a vector is not finite, or a parameter is out of range.
        OSError
            If a file cannot be read.
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
        """Evaluate analogies with the arguments and the result of gensim.

        Parameters
        ----------
        analogies, restrict_vocab, case_insensitive
            As `path`, `restrict_vocab` and `case_insensitive` of `evaluate_analogies`.
        dummy4unknown : bool, default False
            Count questions with unknown words as incorrect instead of skipping them.
        similarity_function : {"most_similar", "most_similar_cosmul"}
            3CosAdd or 3CosMul; gensim ignores this argument.

        Returns
        -------
        score : float
            Fraction of correct answers over all sections; 0.0 if no question was evaluated.
        sections : list of dict
            For each section, and at last for "Total accuracy": its name as ``"section"``, and
            lists of questions as ``"correct"`` and ``"incorrect"``. A question is a tuple of four
            words, upper-cased with `case_insensitive`.

        Raises
        ------
        ValueError, OSError
            As for `evaluate_analogies`; gensim skips invalid lines.
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
        """Evaluate word similarity: the correlation of cosines with human scores of word pairs.

        Parameters
        ----------
        path : str or path-like
            Each line has two words and, after any other columns, a score. Lines that start with
            ``#`` and a header line are ignored.
        delimiter : str, optional
            Separator of columns; by default a tab, a comma if a line has no tab, or white space if
            it has neither.
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
            If a line is invalid, a vector is not finite, or a parameter is out of range.
        OSError
            If the file cannot be read.
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
        """Evaluate word similarity with the arguments and the result of gensim.

        Parameters
        ----------
        pairs, delimiter, encoding, restrict_vocab, case_insensitive
            As for `evaluate_pairs`; ``delimiter=None`` detects the delimiter.
        dummy4unknown : bool, default False
            Use cosine 0 for pairs with unknown words instead of skipping them.

        Returns
        -------
        pearson, spearman : tuple of (float, float)
            Each correlation and its two-sided p-value, as SciPy returns them.
        oov_ratio : float
            Percentage of pairs with unknown words.

        Raises
        ------
        ValueError, OSError
            As for `evaluate_pairs`, and if fewer than two pairs are known; gensim skips invalid
            lines.
        """
        from w2v.vectors import evaluation

        return evaluation.evaluate_word_pairs(
            self, pairs, delimiter, encoding, restrict_vocab, case_insensitive, dummy4unknown
        )

    def kmeans(self, k: int = 500, *, seed: int = 1, iterations: int = 20) -> npt.NDArray[np.int32]:
        """Cluster the words by spherical k-means (Dhillon and Modha, 2001).

        Starts from `k` random words and stops when fewer than one word in a thousand changes its
        cluster.

        Parameters
        ----------
        k : int, default 500
            Number of clusters.
        seed : int, default 1
            Random seed; the same seed gives the same clusters on the same machine.
        iterations : int, default 20
            Maximum number of iterations.

        Returns
        -------
        ndarray of int32, shape (len(self),)
            The cluster of each word. Clusters are numbered from 0 in the order of their first
            words. There are fewer than `k` if the vectors have fewer than `k` directions.

        Raises
        ------
        ValueError
            If `k` exceeds the number of words, a vector is not finite, or a parameter is out of
            range.

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
        """Rank the words of a set from outlier to typical.

        Parameters
        ----------
        words : iterable of str
            At least three.

        Returns
        -------
        list of (str, float)
            Each word and its mean cosine with the others, the smallest first (Camacho-Collados and
            Navigli, 2016); ties in the given order.

        Raises
        ------
        KeyError
            If a word is not in the vocabulary.
        TypeError, ValueError
            If `words` is a single string, or has fewer than three words.
        """
        from w2v.vectors import clustering

        return clustering.outliers(self, words)


def _settings(path: str | os.PathLike[str], metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the hyper-parameters in the metadata of a model; of other files, nothing."""
    try:
        return dict(json.loads(metadata.get("config", "{}")))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{os.fspath(path)}: the settings of the model are unreadable ({error}); the file is "
            "corrupt; copy or create it again"
        ) from error
