"""Words packed into two arrays, as files keep them: UTF-8 bytes, and the offset of each word."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._types import IntArray, PathLike
from w2v.io import _words

_PART = 1 << 14  # words that are encoded at a time

Tensors = dict[str, npt.NDArray[Any]]


def pack_words(
    words: Sequence[str], errors: str = "strict"
) -> tuple[IntArray, npt.NDArray[np.uint8]]:
    """Pack words into bytes.

    Parameters
    ----------
    words : sequence of str
    errors : str, default "strict"
        How lone surrogates are encoded; see `str.encode`.

    Returns
    -------
    offsets : ndarray of int64, shape (len(words) + 1,)
        Word `i` is ``data[offsets[i]:offsets[i + 1]]``.
    data : ndarray of uint8, shape (offsets[-1],)
        All words in UTF-8, one after the other.
    """
    # A part at a time: every word as a bytes object would need many times the memory of the result.
    offsets = np.zeros(len(words) + 1, np.int64)
    for first in range(0, len(words), _PART):
        part = words[first : first + _PART]
        lengths = [len(word.encode("utf-8", errors)) for word in part]
        offsets[first + 1 : first + 1 + len(part)] = lengths
    np.cumsum(offsets, out=offsets)
    data = np.empty(int(offsets[-1]), np.uint8)
    for first in range(0, len(words), _PART):
        joined = b"".join([w.encode("utf-8", errors) for w in words[first : first + _PART]])
        start = int(offsets[first])
        data[start : start + len(joined)] = np.frombuffer(joined, np.uint8)
    return offsets, data


def packed_size(words: Sequence[str]) -> int:
    """Return about how many bytes `pack_words` needs."""
    return sum(map(len, words)) + 8 * len(words) + (1 << 20)


def word_tensors(words: Sequence[str]) -> Tensors:
    """Pack words into the tensors "words" (uint8) and "word_offsets" (int64).

    Lone surrogates are encoded like other code points ("surrogatepass"): one invalid word must not
    prevent saving a model that took hours to train.
    """
    offsets, data = pack_words(words, "surrogatepass")
    return {"words": data, "word_offsets": offsets}


def unpack_words(tensors: Mapping[str, npt.NDArray[Any]], path: PathLike = "") -> list[str]:
    """Return the words of `word_tensors`.

    Raises
    ------
    ValueError
        A word is not UTF-8; the message names `path`.
    """
    data, offsets = tensors["words"], tensors["word_offsets"]
    spans = np.stack([offsets[:-1], offsets[1:]], axis=1)
    words: list[str] = []
    while len(words) < len(spans):
        words += _words.decode_spans(data, spans[len(words) :], len(spans) - len(words))
        if len(words) == len(spans):
            break
        start, end = spans[len(words)].tolist()  # a lone surrogate, or not UTF-8
        try:
            words.append(data[start:end].tobytes().decode("utf-8", "surrogatepass"))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{os.fspath(path) or 'the words'}: word {len(words)} is not UTF-8 "
                f"({data[start:end].tobytes()[:40]!r}); the file is corrupt; copy or create it "
                "again"
            ) from error
    return words


def check_offsets(
    path: PathLike, offsets: npt.NDArray[Any], size: int, *, complete: bool = True
) -> None:
    """Raise a ValueError unless `offsets` rise from 0 to `size` bytes of words.

    If not `complete`, the offsets are only those of the first words.
    """
    last = int(offsets[-1])
    fit = last == size if complete else last <= size
    if offsets[0] != 0 or not fit or (offsets[1:] < offsets[:-1]).any():
        raise ValueError(
            f"{os.fspath(path)}: 'word_offsets' do not rise from 0 to {size}, the number of bytes "
            "in 'words'; the file is corrupt; copy or create it again"
        )


class MappedWords:
    """The words of a memory-mapped file, decoded only on request."""

    def __init__(self, path: PathLike, tensors: Tensors) -> None:
        self.path = os.fspath(path)
        self._tensors = {name: tensors[name] for name in ("words", "word_offsets")}

    def __len__(self) -> int:
        return len(self._tensors["word_offsets"]) - 1

    def find(self, word: str) -> npt.NDArray[np.intp]:
        """Return the rows of a word: none or one, more only in a corrupt file."""
        data, offsets = self._tensors["words"], self._tensors["word_offsets"]
        wanted = word.encode("utf-8", "surrogatepass")
        rows = np.flatnonzero(np.diff(offsets) == len(wanted))
        for position, byte in enumerate(wanted):
            rows = rows[data[offsets[rows] + position] == byte]
        return rows

    def unpack(self) -> list[str]:
        """Return all words; a ValueError names the file if one is not UTF-8."""
        return unpack_words(self._tensors, self.path)
