"""Texts to batches of ids: tokens, encoding, padding, and texts of like length side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from w2v.corpus.corpus import Corpus
from w2v.sequence.embedding import FIRST, PADDING, UNKNOWN, Embedding

Ints = npt.NDArray[np.int64]
Text = str | Sequence[str]
Tokenizer = Callable[[str], Iterable[str]]

_POOL = 50  # batches whose texts are sorted by length together
_LARGEST = 1 << 18  # ids in a batch, padding included; what would be larger is split


def pad(ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Put lists of ids of unequal length into one tensor.

    Parameters
    ----------
    ids : sequence of sequences of int

    Returns
    -------
    ids : tensor of int64, shape (batch, longest)
        0 beyond the end of a list.
    lengths : tensor of int64, shape (batch,)

    Examples
    --------
    >>> pad([[2, 3, 4], [5]])
    (tensor([[2, 3, 4],
            [5, 0, 0]]), tensor([3, 1]))
    """
    return Texts(ids).batch(np.arange(len(ids)))


class Texts:
    """Texts as ids, all in one array: a batch is cut out of it without a loop.

    Parameters
    ----------
    ids : sequence of sequences of int

    Attributes
    ----------
    ids : ndarray of int64, shape (sum of lengths,)
    lengths : ndarray of int64, shape (texts,)
    """

    def __init__(self, ids: Sequence[Sequence[int]]) -> None:
        self.lengths: Ints = np.fromiter(map(len, ids), np.int64, len(ids))
        self.ids: Ints = np.fromiter(
            (i for one in ids for i in one), np.int64, int(self.lengths.sum())
        )
        self._starts: Ints = np.cumsum(self.lengths) - self.lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, rows: Ints) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ids of these texts, padded with 0 to the longest, and their lengths."""
        lengths = self.lengths[rows]
        steps = np.arange(lengths.max(initial=0))
        inside = steps < lengths[:, None]
        places = self._starts[rows][:, None] + steps
        padded = np.full(places.shape, PADDING, np.int64)
        padded[inside] = self.ids[places[inside]]
        return torch.from_numpy(padded), torch.from_numpy(lengths)

    def shuffled(self, rows: Ints, size: int, random: np.random.Generator) -> Iterator[Ints]:
        """Give the rows once each, in random batches of texts of like length.

        Texts are drawn at random into pools of fifty batches, sorted by length there, and the
        pool's batches are given in random order: little padding, and no order to be learned.

        Parameters
        ----------
        rows : ndarray of int64
        size : int
            Texts in a batch; fewer where they are so long that memory could fail.
        random : numpy.random.Generator
        """
        rows = random.permutation(rows)
        for first in range(0, len(rows), size * _POOL):
            pool = rows[first : first + size * _POOL]
            pool = pool[np.argsort(self.lengths[pool], kind="stable")]
            batches = [pool[start : start + size] for start in range(0, len(pool), size)]
            for i in random.permutation(len(batches)).tolist():
                yield from self._bounded(batches[i])

    def sorted(self, rows: Ints, size: int) -> Iterator[Ints]:
        """Give the rows once each, in batches by length."""
        rows = rows[np.argsort(self.lengths[rows], kind="stable")]
        for start in range(0, len(rows), size):
            yield from self._bounded(rows[start : start + size])

    def _bounded(self, rows: Ints) -> Iterator[Ints]:
        """Give the rows, by length, in as many batches as `_LARGEST` asks for."""
        if len(rows) > 1 and len(rows) * int(self.lengths[rows].max()) > _LARGEST:
            half = len(rows) // 2
            yield from self._bounded(rows[:half])
            yield from self._bounded(rows[half:])
        else:
            yield rows


def encode(
    texts: Iterable[Text],
    embedding: Embedding,
    *,
    tokenizer: Tokenizer | str | None = None,
    lowercase: bool = False,
    max_length: int | None = None,
) -> tuple[Texts, list[int], list[int]]:
    """Turn texts into ids.

    Parameters
    ----------
    texts : iterable of str or of sequences of str
        An empty one is read as one unknown word.
    embedding : Embedding
    tokenizer, lowercase
        See `tokens`.
    max_length : int, optional
        Words of a text beyond so many are left out.

    Returns
    -------
    texts : Texts
    strange : list of int
        The numbers of the texts without a known word.
    cut : list of int
        The numbers of those that were longer.

    Raises
    ------
    TypeError
        A text is neither a string nor a list of strings.
    KeyError
        A word is unknown, where the layer allows none.
    """
    ids, strange, cut = [], [], []
    for number, words in enumerate(tokens(texts, tokenizer, lowercase)):
        if max_length is not None and len(words) > max_length:
            words = words[:max_length]
            cut.append(number)
        try:
            found = embedding.encode(words)
        except KeyError as error:
            raise KeyError(f"text {number:,}: {error.args[0]}") from None
        if max(found, default=UNKNOWN) < FIRST:
            strange.append(number)
        ids.append(found or [UNKNOWN])
    return Texts(ids), strange, cut


def tokens(
    texts: Iterable[Text], tokenizer: Tokenizer | str | None = None, lowercase: bool = False
) -> Iterator[list[str]]:
    """Give the words of each text.

    Parameters
    ----------
    texts : iterable of str or of sequences of str
        Sequences are taken for words already.
    tokenizer : None, "unicode" or callable
        Of strings: split at white space, at Unicode's word boundaries as `Corpus` does, or
        what the callable returns.
    lowercase : bool

    Raises
    ------
    TypeError
        A text is neither, or all of them are one string.
    ValueError
        `tokenizer` is unknown.
    """
    if isinstance(texts, (str, bytes)):
        raise TypeError("texts is a single string: expected a list of them")
    if not (tokenizer in (None, "unicode") or callable(tokenizer)):
        raise ValueError(
            f"tokenizer={tokenizer!r}: expected None (white space), 'unicode' or a callable"
        )
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
                yield _at_boundaries(text)
            continue
        found = type(text).__name__
        if isinstance(text, Iterable) and not isinstance(text, bytes):
            words = list(text)
            odd = [word for word in words if not isinstance(word, str)]
            if not odd:
                yield [word.lower() for word in words] if lowercase else words
                continue
            found += f" holding {odd[0]!r}"
        raise TypeError(
            f"text {number:,} is of type {found}: expected a string, or a list of words (str)"
        )


def _at_boundaries(text: str) -> list[str]:
    # The encoder passes over sentences without words, so the text is never alone.
    lines = Corpus(["0 " + text], tokenizer="unicode", workers=1)
    return [word for line in lines for word in line][1:]
