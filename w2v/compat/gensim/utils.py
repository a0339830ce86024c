"""The helpers of gensim that its users call: tokens, texts, rules for words, files."""

from __future__ import annotations

import builtins
import bz2
import gzip
import itertools
import logging
import lzma
import os
import re
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import IO, Any, NoReturn

import numpy as np

from w2v._types import PathLike
from w2v.vocab.pruning import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP, TrimRule

__all__ = [
    "RULE_DEFAULT",
    "RULE_DISCARD",
    "RULE_KEEP",
    "ClippedCorpus",
    "RepeatCorpus",
    "RepeatCorpusNTimes",
    "SaveLoad",
    "any2unicode",
    "any2utf8",
    "call_on_class_only",
    "check_output",
    "deaccent",
    "file_or_filename",
    "get_random_state",
    "keep_vocab_item",
    "open",
    "save_as_line_sentence",
    "simple_preprocess",
    "simple_tokenize",
    "to_unicode",
    "to_utf8",
    "tokenize",
]

logger = logging.getLogger("gensim.utils")

PAT_ALPHABETIC = re.compile(r"[^\W\d]+")

# ---- Text ----------------------------------------------------------------------------------------


def any2unicode(text: str | bytes, encoding: str = "utf8", errors: str = "strict") -> str:
    """Return text as `str`; bytes are decoded."""
    return text if isinstance(text, str) else str(text, encoding, errors=errors)


def any2utf8(text: str | bytes, errors: str = "strict", encoding: str = "utf8") -> bytes:
    """Return text as bytes in UTF-8; bytes are in `encoding`."""
    return any2unicode(text, encoding, errors).encode("utf8")


to_unicode = any2unicode
to_utf8 = any2utf8


def deaccent(text: str | bytes) -> str:
    """Return text without accents and other marks that combine with letters."""
    apart = unicodedata.normalize("NFD", any2unicode(text))
    bare = "".join(char for char in apart if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFC", bare)


def tokenize(
    text: str | bytes,
    lowercase: bool = False,
    deacc: bool = False,
    encoding: str = "utf8",
    errors: str = "strict",
    to_lower: bool = False,
    lower: bool = False,
) -> Iterator[str]:
    """Return the words of a text: the longest runs of letters and underscores.

    Parameters
    ----------
    text : str or bytes
    lowercase, to_lower, lower : bool, default False
        Lower-case the text; three names of one option.
    deacc : bool, default False
        Remove accents.
    encoding, errors : str
        How bytes are decoded.
    """
    words = any2unicode(text, encoding, errors)
    if lowercase or to_lower or lower:
        words = words.lower()
    if deacc:
        words = deaccent(words)
    return simple_tokenize(words)


def simple_tokenize(text: str) -> Iterator[str]:
    """Return the longest runs of letters and underscores of a text."""
    return (match.group() for match in PAT_ALPHABETIC.finditer(text))


def simple_preprocess(
    doc: str | bytes, deacc: bool = False, min_len: int = 2, max_len: int = 15
) -> list[str]:
    """Return the lower-case words of a text, as `tokenize` finds them.

    Words shorter than `min_len` or longer than `max_len` are left out, and those that begin with an
    underscore.
    """
    return [
        word
        for word in tokenize(doc, lower=True, deacc=deacc, errors="ignore")
        if min_len <= len(word) <= max_len and not word.startswith("_")
    ]


# ---- Rules for words -----------------------------------------------------------------------------


def keep_vocab_item(
    word: str, count: int, min_count: int, trim_rule: TrimRule | None = None
) -> bool:
    """Return whether a word stays in the vocabulary, by a rule and its count."""
    if trim_rule is not None:
        answer = trim_rule(word, count, min_count)
        if answer == RULE_KEEP:
            return True
        if answer == RULE_DISCARD:
            return False
    return count >= min_count


# ---- Corpora -------------------------------------------------------------------------------------


class RepeatCorpus:
    """The first `reps` documents of a corpus that is repeated as often as needed; none if empty."""

    def __init__(self, corpus: Iterable[Any], reps: int) -> None:
        self.corpus, self.reps = corpus, reps

    def __iter__(self) -> Iterator[Any]:
        left, before = self.reps, 0
        while left > 0 and left != before:
            before = left
            for document in itertools.islice(self.corpus, left):
                left -= 1
                yield document


class RepeatCorpusNTimes:
    """A corpus, `n` times."""

    def __init__(self, corpus: Iterable[Any], n: int) -> None:
        self.corpus, self.n = corpus, n

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain.from_iterable(itertools.repeat(self.corpus, self.n))


class ClippedCorpus:
    """The first `max_docs` documents of a corpus; all if it is None."""

    def __init__(self, corpus: Iterable[Any], max_docs: int | None = None) -> None:
        self.corpus, self.max_docs = corpus, max_docs

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(self.corpus, self.max_docs)


def save_as_line_sentence(corpus: Iterable[Iterable[str | bytes]], filename: PathLike) -> None:
    """Write a file of sentences, one in a line, words separated by spaces."""
    with open(filename, "wb") as file:
        for sentence in corpus:
            file.write(any2utf8(" ".join(map(any2unicode, sentence)) + "\n"))


# ---- Files ---------------------------------------------------------------------------------------

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def open(uri: PathLike, mode: str = "r", encoding: str | None = None, **options: Any) -> IO[Any]:
    """Open a file; one whose name ends in .gz, .bz2 or .xz is compressed.

    Parameters
    ----------
    uri : str or path-like
        A file of this machine.
    mode, encoding, **options
        As for the built-in `open`.
    """
    extension = os.path.splitext(os.fspath(uri))[1].lower()
    opener: Any = _OPENERS.get(extension, builtins.open)
    if opener is not builtins.open and "b" not in mode:
        mode = mode.replace("t", "") + "t"
    opened: IO[Any] = opener(uri, mode, encoding=encoding, **options)
    return opened


def file_or_filename(source: Any) -> AbstractContextManager[Any]:
    """Return a context manager that gives a file to read: that of a name, or the given one."""
    if isinstance(source, (str, os.PathLike)):
        return open(source, "rb")
    source.seek(0)
    return nullcontext(source)


class SaveLoad:
    """Base of objects of gensim that have `save` and `load`; here for `isinstance` only.

    gensim saves with pickle, which can run code when a file is read. The classes of w2v save
    safetensors or text instead, each in its own way.
    """

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raise: a class of your own has to say how it is saved."""
        raise NotImplementedError(
            f"{type(self).__name__}.save(): w2v does not write pickles; use pickle.dump(), or save "
            "what the object is made of"
        )

    @classmethod
    def load(cls, *args: Any, **kwargs: Any) -> Any:
        """Raise: a class of your own has to say how it is read."""
        raise NotImplementedError(
            f"{cls.__name__}.load(): w2v does not read pickles of classes that it does not know; "
            "use pickle.load() for a file that you trust"
        )


def call_on_class_only(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise: `load` was called on an object, which would have been left unchanged."""
    raise AttributeError("load() is a method of the class: call it as Word2Vec.load(path)")


def check_output(stdout: Any = subprocess.PIPE, *popenargs: Any, **kwargs: Any) -> bytes:
    """Run a command and return what it writes to its standard output, as bytes.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    options: Any = {**kwargs, "stdout": stdout, "check": True}
    output: bytes = subprocess.run(*popenargs, **options).stdout
    return output


def get_random_state(seed: int | np.random.RandomState | None) -> np.random.RandomState:
    """Return a generator of random numbers for a seed, or the one that is given."""
    if isinstance(seed, np.random.RandomState):
        return seed
    return np.random.RandomState(seed)
