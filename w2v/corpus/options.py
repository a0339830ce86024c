"""How text is read: tokenizer, lower case, invalid bytes, threads, memory.

Also what a tokenizer is, for whatever else splits text: one check, and the built-in ``"unicode"``
rules for a single string.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from w2v._validation import parse_size
from w2v.corpus import _text_encoder
from w2v.io import _words

POLICIES = {
    "strict": _text_encoder.STRICT,
    "replace": _text_encoder.REPLACE,
    "ignore": _text_encoder.IGNORE,
}

ReadProgress = Callable[[int, int], object]  # progress(done, total)


class Tokenizer(Protocol):
    """Splits a string into tokens, as ``jieba.lcut`` does."""

    def __call__(self, text: str, /) -> Iterable[str]:
        """Return the tokens of a text."""


@dataclass(frozen=True)
class Options:
    """How to read text; the parameters of `Corpus` that all sources share."""

    tokenizer: str | Tokenizer | None = None
    lowercase: bool = False
    errors: str = "strict"
    workers: int | None = None
    memory: int | str | None = None

    def __post_init__(self) -> None:
        if self.errors not in POLICIES:
            raise ValueError(f"errors={self.errors!r}: expected 'strict', 'replace' or 'ignore'")
        check_tokenizer(self.tokenizer)
        if not isinstance(self.lowercase, bool):
            raise TypeError(f"lowercase={self.lowercase!r}: expected True or False")
        if self.workers is not None and (
            isinstance(self.workers, bool) or not isinstance(self.workers, int) or self.workers < 1
        ):
            raise ValueError(f"workers={self.workers!r}: expected an integer, at least 1, or None")
        if self.memory is not None:
            parse_size(self.memory)

    def encoder(self) -> _text_encoder.Encoder:
        """Return a new encoder with these options."""
        return _text_encoder.Encoder(
            POLICIES[self.errors], unicode=self.tokenizer == "unicode", lowercase=self.lowercase
        )

    @property
    def budget(self) -> int | None:
        """Bytes that ids and types may take; None for no limit."""
        return None if self.memory is None else parse_size(self.memory)

    @property
    def callable_tokenizer(self) -> Tokenizer | None:
        """The tokenizer, if it is Python code."""
        return None if isinstance(self.tokenizer, str) else self.tokenizer

    @property
    def tokenizer_name(self) -> str | None:
        """The tokenizer, as the metadata of a corpus names it."""
        if self.tokenizer is None or isinstance(self.tokenizer, str):
            return self.tokenizer
        return getattr(self.tokenizer, "__qualname__", type(self.tokenizer).__name__)


def check_tokenizer(tokenizer: object) -> None:
    """Raise a ValueError or TypeError unless `tokenizer` is None, ``"unicode"`` or a callable."""
    if tokenizer is None or tokenizer == "unicode" or callable(tokenizer):
        return
    error = ValueError if isinstance(tokenizer, str) else TypeError
    raise error(
        f"tokenizer={tokenizer!r}: expected None (white space), 'unicode' or a callable that takes "
        "a str and returns tokens"
    )


def split_words(text: str) -> list[str]:
    """Split a string as ``tokenizer="unicode"`` does.

    Raises
    ------
    ValueError
        If the text contains a lone surrogate.

    Examples
    --------
    >>> split_words("It's 3.14, isn't it?")
    ["It's", '3.14', "isn't", 'it']
    """
    encoder = Options("unicode").encoder()
    encoder.add_sentences(iter([text]), 1)
    ids, _, offsets, words = encoder.finish()
    if not len(memoryview(ids)):
        return []
    types = np.frombuffer(memoryview(ids), np.int32)[:-1].astype(np.int64)
    return _words.decode_rows(
        np.frombuffer(memoryview(words), np.uint8),
        np.frombuffer(memoryview(offsets), np.int64),
        types,
    )
