"""EncodedCorpus: what every kind of source becomes, and all that a corpus holds.

Four arrays, in memory or mapped from a file. Readers, phrases and the file format make them;
`Corpus` is the public face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2v._types import PathLike
from w2v.io import _words, vocab_file
from w2v.io.corpus_file import CorpusArrays

_PIECE = 1 << 16  # words written at a time


@dataclass(frozen=True)
class EncodedCorpus:
    """Sentences as type numbers, and the types they stand for.

    Attributes
    ----------
    ids : int32, shape (n_tokens + n_sentences,)
        The type number of each token in order, and -1 after each sentence; none is empty.
    counts : int64, shape (n_types,)
        Occurrences of each type, at least 1. Types are numbered by first appearance.
    offsets : int64, shape (n_types + 1,)
        Type `t` is the word ``words[offsets[t]:offsets[t + 1]]``.
    words : uint8, shape (offsets[-1],)
        All words in UTF-8, one after the other.
    """

    ids: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint8]

    @property
    def n_types(self) -> int:
        """How many different words there are."""
        return len(self.counts)

    @property
    def n_tokens(self) -> int:
        """How many words there are."""
        return int(self.counts.sum())

    @property
    def n_sentences(self) -> int:
        """How many sentences there are."""
        return len(self.ids) - self.n_tokens

    def decode(self, types: npt.NDArray[np.int64]) -> list[str]:
        """Return the words of the given types; an IndexError for a number that is no type's."""
        return _words.decode_rows(self.words, self.offsets, types)

    @property
    def arrays(self) -> CorpusArrays:
        """The four arrays, as the file format takes them."""
        return CorpusArrays(self.ids, self.counts, self.offsets, self.words)

    def write_counts(self, path: PathLike) -> None:
        """Write all words and their counts, the most frequent first; see `vocab_file.write`.

        Words of equal count stand in order of first appearance.
        """
        order = np.argsort(-self.counts, kind="stable")
        pieces = (order[i : i + _PIECE] for i in range(0, len(order), _PIECE))
        vocab_file.write_chunks(path, ((self.decode(each), self.counts[each]) for each in pieces))
