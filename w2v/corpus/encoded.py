"""EncodedCorpus: the four arrays of a corpus, in memory or mapped from a file.

Every reader returns one, phrases rewrite one, and the file format stores one; `Corpus` wraps it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v.io import _words, vocab_file
from w2v.io.corpus_file import CorpusArrays

_WORDS = 1 << 16  # words written at a time


@dataclass(frozen=True)
class EncodedCorpus:
    """Sentences as type numbers, and the words of these types.

    Attributes
    ----------
    ids : int32, shape (n_tokens + n_sentences,)
        The type number of each token in order, and -1 after each sentence; no sentence is empty.
    counts : int64, shape (n_types,)
        Occurrences of each type, at least 1. Types are numbered by first appearance.
    offsets : int64, shape (n_types + 1,)
        Type `t` is the word ``words[offsets[t]:offsets[t + 1]]``.
    words : uint8, shape (offsets[-1],)
        All words in UTF-8, concatenated.
    """

    ids: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint8]

    @property
    def n_types(self) -> int:
        """Number of distinct words."""
        return len(self.counts)

    @property
    def n_tokens(self) -> int:
        """Number of tokens."""
        return int(self.counts.sum())

    @property
    def n_sentences(self) -> int:
        """Number of sentences."""
        return len(self.ids) - self.n_tokens

    def decode(self, types: npt.NDArray[np.int64]) -> list[str]:
        """Return the words of the given types; IndexError if a number is not that of a type."""
        return _words.decode_rows(self.words, self.offsets, types)

    @property
    def arrays(self) -> CorpusArrays:
        """The four arrays, as the file format writes them."""
        return CorpusArrays(self.ids, self.counts, self.offsets, self.words)

    def write_counts(self, path: PathLike) -> None:
        """Write all words and their counts, the most frequent first; see `vocab_file.write`.

        Words of equal count are in order of first appearance.
        """
        order = np.argsort(-self.counts, kind="stable")
        chunks = (order[i : i + _WORDS] for i in range(0, len(order), _WORDS))
        vocab_file.write_chunks(path, ((self.decode(each), self.counts[each]) for each in chunks))
