"""Texts to padded batches of ids: tokenizing, encoding, and batches of texts of similar length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch

from w2v._types import IntArray
from w2v._validation import require_list
from w2v.corpus.options import check_tokenizer, split_words
from w2v.sequence.embedding import FIRST, PADDING, UNKNOWN, Embedding

Text = str | Sequence[str]
Tokenizer = Callable[[str], Iterable[str]]

_POOL_BATCHES = 50  # texts are sorted by length within pools of this many batches
_MAX_BATCH_IDS = 1 << 18  # ids in a batch, padding included; larger batches are split


def pad(ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad lists of ids to equal length.

    Parameters
    ----------
    ids : sequence of sequences of int

    Returns
    -------
    ids : tensor of int64, shape (batch, max_length)
        Padded with 0 at the end.
    lengths : tensor of int64, shape (batch,)
        Length of each list.

    Examples
    --------
    >>> pad([[2, 3, 4], [5]])
    (tensor([[2, 3, 4],
            [5, 0, 0]]), tensor([3, 1]))
    """
    return EncodedTexts(ids).batch(np.arange(len(ids)))


class EncodedTexts:
    """Texts as ids in one flat array, from which batches are gathered without a Python loop.

    Parameters
    ----------
    ids : sequence of sequences of int
        The ids of each text.

    Attributes
    ----------
    ids : ndarray of int64, shape (sum of lengths,)
    lengths : ndarray of int64, shape (texts,)
    """

    def __init__(self, ids: Sequence[Sequence[int]]) -> None:
        self.lengths: IntArray = np.fromiter(map(len, ids), np.int64, len(ids))
        self.ids: IntArray = np.fromiter(
            (i for text in ids for i in text), np.int64, int(self.lengths.sum())
        )
        self._starts: IntArray = np.cumsum(self.lengths) - self.lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, rows: IntArray) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ids of these texts, padded with 0 to the longest, and their lengths."""
        lengths = self.lengths[rows]
        steps = np.arange(lengths.max(initial=0))
        inside = steps < lengths[:, None]
        positions = self._starts[rows][:, None] + steps
        padded = np.full(positions.shape, PADDING, np.int64)
        padded[inside] = self.ids[positions[inside]]
        return torch.from_numpy(padded), torch.from_numpy(lengths)

    def shuffled_batches(
        self, rows: IntArray, size: int, random: np.random.Generator
    ) -> Iterator[IntArray]:
        """Yield every row once, in random batches of texts of similar length.

        Texts are drawn at random into pools of 50 batches and sorted by length within a pool; the
        batches of a pool are yielded in random order. This keeps padding small and the order
        random.

        Parameters
        ----------
        rows : ndarray of int64
        size : int
            Texts per batch. Batches that would exceed 262,144 ids are split.
        random : numpy.random.Generator
        """
        rows = random.permutation(rows)
        for first in range(0, len(rows), size * _POOL_BATCHES):
            pool = rows[first : first + size * _POOL_BATCHES]
            pool = pool[np.argsort(self.lengths[pool], kind="stable")]
            batches = [pool[start : start + size] for start in range(0, len(pool), size)]
            for i in random.permutation(len(batches)).tolist():
                yield from self._split_large(batches[i])

    def sorted_batches(self, rows: IntArray, size: int) -> Iterator[IntArray]:
        """Yield every row once, in batches ordered by length."""
        rows = rows[np.argsort(self.lengths[rows], kind="stable")]
        for start in range(0, len(rows), size):
            yield from self._split_large(rows[start : start + size])

    def _split_large(self, rows: IntArray) -> Iterator[IntArray]:
        """Yield rows sorted by length as batches of at most `_MAX_BATCH_IDS` ids, or one text."""
        if len(rows) > 1 and len(rows) * int(self.lengths[rows].max()) > _MAX_BATCH_IDS:
            half = len(rows) // 2
            yield from self._split_large(rows[:half])
            yield from self._split_large(rows[half:])
        else:
            yield rows


def encode_texts(
    texts: Iterable[Text],
    embedding: Embedding,
    *,
    tokenizer: Tokenizer | str | None = None,
    lowercase: bool = False,
    max_length: int | None = None,
) -> tuple[EncodedTexts, list[int], list[int]]:
    """Convert texts to ids.

    Parameters
    ----------
    texts : iterable of str or of sequences of str
        An empty text becomes a single unknown word.
    embedding : Embedding
    tokenizer, lowercase
        See `tokenize`.
    max_length : int, optional
        Truncate texts to this many words.

    Returns
    -------
    texts : EncodedTexts
    without_known_words : list of int
        Indices of the texts in which no word is known.
    truncated : list of int
        Indices of the texts that were longer than `max_length`.

    Raises
    ------
    TypeError
        If a text is neither a string nor a list of strings.
    KeyError
        If a word is unknown and the embedding has ``unknown="error"``.
    """
    ids, without_known_words, truncated = [], [], []
    for number, words in enumerate(tokenize(texts, tokenizer, lowercase)):
        if max_length is not None and len(words) > max_length:
            words = words[:max_length]
            truncated.append(number)
        try:
            encoded = embedding.encode(words)
        except KeyError as error:
            raise KeyError(f"text {number:,}: {error.args[0]}") from None
        if max(encoded, default=UNKNOWN) < FIRST:
            without_known_words.append(number)
        ids.append(encoded or [UNKNOWN])
    return EncodedTexts(ids), without_known_words, truncated


def tokenize(
    texts: Iterable[Text], tokenizer: Tokenizer | str | None = None, lowercase: bool = False
) -> Iterator[list[str]]:
    """Yield the words of each text.

    Parameters
    ----------
    texts : iterable of str or of sequences of str
        A sequence is already split into words.
    tokenizer : None, "unicode" or callable
        How to split strings: at white space, at Unicode word boundaries as `Corpus` does, or by
        calling a function.
    lowercase : bool
        Convert to lower case first.

    Raises
    ------
    TypeError
        If a text is neither a string nor a list of strings, or `texts` is a single string.
    ValueError
        If `tokenizer` is unknown.
    """
    require_list("texts", texts, "texts")
    check_tokenizer(tokenizer)
    try:
        numbered = enumerate(texts)
    except TypeError:
        raise TypeError(
            f"texts is of type {type(texts).__name__}: expected a list of strings or of lists of "
            "words"
        ) from None
    for number, text in numbered:
        if isinstance(text, str):
            text = text.lower() if lowercase else text
            if tokenizer is None:
                yield text.split()
            elif callable(tokenizer):
                words = tokenizer(text)
                if isinstance(words, (str, bytes)):
                    raise TypeError(
                        f"tokenizer returned a single string, {words[:40]!r}, for text "
                        f"{number:,}: expected a list of words"
                    )
                yield list(words)
            else:
                yield split_words(text)
            continue
        found = type(text).__name__
        if isinstance(text, Iterable) and not isinstance(text, bytes):
            words = list(text)
            bad = [word for word in words if not isinstance(word, str)]
            if not bad:
                yield [word.lower() for word in words] if lowercase else words
                continue
            found += f" containing {bad[0]!r}"
        raise TypeError(
            f"text {number:,} is of type {found}: expected a string, or a list of words (str)"
        )
