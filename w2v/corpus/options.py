"""How text is read: tokenizer, lower case, invalid bytes, threads, memory.

Also what a tokenizer is, for whatever else splits text: one check, and the built-in ``"unicode"``
rules for a single string. `Reading` is what a model remembers of the options.
"""

from __future__ import annotations

import numbers
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

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
    """How to read text; the parameters of `Corpus` that all sources share.

    With `inherited`, tokenizer and lower case are those of a model, not of the caller: they are
    ignored where there is nothing to split, not refused.
    """

    tokenizer: str | Tokenizer | None = None
    lowercase: bool = False
    errors: str = "strict"
    workers: int | None = None
    memory: int | str | None = None
    inherited: bool = False

    def __post_init__(self) -> None:
        if self.errors not in POLICIES:
            raise ValueError(f"errors={self.errors!r}: expected 'strict', 'replace' or 'ignore'")
        check_tokenizer(self.tokenizer)
        if not isinstance(self.lowercase, (bool, np.bool_)):
            raise TypeError(f"lowercase={self.lowercase!r}: expected True or False")
        object.__setattr__(self, "lowercase", bool(self.lowercase))
        workers: Any = self.workers
        if workers is not None and (
            isinstance(workers, bool) or not isinstance(workers, numbers.Integral) or workers < 1
        ):
            raise ValueError(f"workers={workers!r}: expected an integer, at least 1, or None")
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
        return function_name(self.tokenizer)


class MissingTokenizer:
    """In place of a function that a file does not contain; raises when there is text to split."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<the function {self.name}, which a file does not contain>"

    def __call__(self, text: str, /) -> NoReturn:
        """Raise a ValueError that says what to do."""
        raise ValueError(
            f"the model was trained on text that a function, {self.name!r}, split into words, and "
            "a file does not contain the function: set model.tokenizer to it, pass "
            "Corpus(text, tokenizer=...), or pass lists of words"
        )


@dataclass(frozen=True)
class Reading:
    """How the text of a model became words: what other text for this model has to be read with.

    Attributes
    ----------
    tokenizer : None, "unicode" or callable
    lowercase : bool
    errors : {"strict", "replace", "ignore"}
        For files.
    """

    tokenizer: str | Tokenizer | None = None
    lowercase: bool = False
    errors: str = "strict"

    def options(self, errors: str | None, workers: int | None) -> Options:
        """Return options for other text; `errors` None: those of the model."""
        chosen = self.errors if errors is None else errors
        return Options(self.tokenizer, self.lowercase, chosen, workers, inherited=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the options as JSON can represent them: of a function only its name."""
        tokenizer: Any = self.tokenizer
        if callable(tokenizer):
            tokenizer = {"callable": function_name(tokenizer)}
        return {"tokenizer": tokenizer, "lowercase": self.lowercase, "errors": self.errors}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Reading:
        """Return the options that `to_dict` returned, or raise a ValueError or TypeError."""
        tokenizer = saved.get("tokenizer")
        if isinstance(tokenizer, Mapping):
            tokenizer = MissingTokenizer(str(tokenizer.get("callable")))
        options = Options(tokenizer, saved.get("lowercase", False), saved.get("errors", "strict"))
        return cls(tokenizer, options.lowercase, options.errors)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out a function that no other process could import, such as a lambda."""
        if callable(self.tokenizer) and not is_importable(self.tokenizer):
            return {**self.__dict__, "tokenizer": MissingTokenizer(function_name(self.tokenizer))}
        return self.__dict__

    def __deepcopy__(self, memo: object) -> Reading:
        """Return the object itself, which never changes: a tokenizer can be large."""
        return self


def function_name(tokenizer: Any) -> str:
    """Return the name of a tokenizer, for files and messages."""
    if isinstance(tokenizer, MissingTokenizer):
        return tokenizer.name
    return str(getattr(tokenizer, "__qualname__", type(tokenizer).__name__))


def is_importable(tokenizer: Any) -> bool:
    """Return whether pickle can store a function as its module and name."""
    if tokenizer is None or isinstance(tokenizer, MissingTokenizer):
        return True
    found: Any = sys.modules.get(getattr(tokenizer, "__module__", None) or "")
    for name in getattr(tokenizer, "__qualname__", "<locals>").split("."):
        found = getattr(found, name, None)
    return found is tokenizer


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
