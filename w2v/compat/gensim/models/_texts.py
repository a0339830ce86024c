"""Texts in gensim's sense: its iterables of sentences, and how a model reads what it is given."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from w2v._types import PathLike
from w2v._validation import at_least
from w2v.compat.gensim import utils
from w2v.corpus.corpus import Corpus
from w2v.training.texts import is_single_source

MAX_WORDS_IN_BATCH = 10_000

_NOTHING = object()

logger = logging.getLogger("gensim.models.word2vec")


class LineSentence:
    """The sentences of a file, one in a line; words are separated by white space.

    Parameters
    ----------
    source : path, or file opened for reading
        A name that ends in .gz, .bz2 or .xz is that of a compressed file.
    max_sentence_length : int, default 10,000
        Longer lines are cut into several sentences.
    limit : int, optional
        Read only this many lines; default all.
    """

    def __init__(
        self,
        source: Any,
        max_sentence_length: int = MAX_WORDS_IN_BATCH,
        limit: int | None = None,
    ) -> None:
        self.source, self.limit = source, limit
        self.max_sentence_length = at_least(1, "max_sentence_length", max_sentence_length)

    def __iter__(self) -> Iterator[list[str]]:
        with utils.file_or_filename(self.source) as file:
            for line in itertools.islice(file, self.limit):
                yield from _cut(utils.to_unicode(line).split(), self.max_sentence_length)


class PathLineSentences:
    """The sentences of all files of a folder, in the order of their names; see `LineSentence`.

    Parameters
    ----------
    source : path
        A folder, or a single file. Folders inside it are not read.
    max_sentence_length, limit
        See `LineSentence`; for each file.
    """

    def __init__(
        self,
        source: PathLike,
        max_sentence_length: int = MAX_WORDS_IN_BATCH,
        limit: int | None = None,
    ) -> None:
        self.source = os.fspath(source)
        self.max_sentence_length = at_least(1, "max_sentence_length", max_sentence_length)
        self.limit = limit
        path = Path(source)
        if path.is_file():
            found = [path]
        elif path.is_dir():
            found = sorted(one for one in path.iterdir() if one.is_file())
        else:
            raise ValueError(f"{self.source}: expected a file or a folder of files")
        self.input_files = [str(one) for one in found]

    def __iter__(self) -> Iterator[list[str]]:
        for name in self.input_files:
            yield from LineSentence(name, self.max_sentence_length, self.limit)


class Text8Corpus:
    """The words of a file of a single line, such as text8, in sentences of equal length.

    Parameters
    ----------
    fname : path
    max_sentence_length : int, default 10,000
        Words of a sentence.
    """

    def __init__(self, fname: PathLike, max_sentence_length: int = MAX_WORDS_IN_BATCH) -> None:
        self.fname = fname
        self.max_sentence_length = at_least(1, "max_sentence_length", max_sentence_length)

    def __iter__(self) -> Iterator[list[str]]:
        sentence: list[str] = []
        rest = ""
        with utils.open(self.fname, "r", encoding="utf8") as file:
            while text := file.read(1 << 16):
                text = rest + text
                words = text.split()
                rest = "" if text[-1].isspace() or not words else words.pop()
                sentence += words
                while len(sentence) >= self.max_sentence_length:
                    yield sentence[: self.max_sentence_length]
                    del sentence[: self.max_sentence_length]
        yield from _cut([*sentence, *rest.split()], self.max_sentence_length)


class BrownCorpus:
    """The sentences of the Brown corpus: words in lower case with the first letters of their tags.

    Parameters
    ----------
    dirname : path
        The folder of its files, whose lines consist of words and tags, as in ``The/at``.
    """

    def __init__(self, dirname: PathLike) -> None:
        self.dirname = os.fspath(dirname)

    def __iter__(self) -> Iterator[list[str]]:
        for path in sorted(Path(self.dirname).iterdir()):
            if not path.is_file():
                continue
            with utils.open(path, "rb") as file:
                for line in file:
                    pairs = (token.split("/") for token in utils.to_unicode(line).split())
                    words = [
                        f"{pair[0].lower()}/{pair[1][:2]}"
                        for pair in pairs
                        if len(pair) == 2 and pair[1][:2].isalpha()
                    ]
                    if words:
                        yield words


def _cut(words: list[str], length: int) -> Iterator[list[str]]:
    for first in range(0, len(words), length):
        yield words[first : first + length]


# ---- What a model reads --------------------------------------------------------------------------


def read(corpus_iterable: Any, corpus_file: PathLike | None, workers: int | None) -> Corpus | None:
    """Encode the text that a model is given; None if it has no sentence.

    Raises
    ------
    TypeError
        If both or neither are given, or they have the wrong type.
    """
    if (corpus_iterable is None) == (corpus_file is None):
        given = "both were given" if corpus_file is not None else "neither was given"
        raise TypeError(f"expected either corpus_iterable or corpus_file: {given}")
    if corpus_file is not None:
        if not isinstance(corpus_file, (str, os.PathLike)):
            raise TypeError(
                f"corpus_file is of type {type(corpus_file).__name__}: expected the path of a file"
            )
        return Corpus(Path(corpus_file), workers=workers)
    if isinstance(corpus_iterable, Corpus):
        return corpus_iterable
    source = _paths(corpus_iterable)
    if source is None:
        source = _sentences(corpus_iterable)
    return None if source is None else Corpus(source, workers=workers)


def n_sentences(corpus: Corpus | None, source: Any) -> int:
    """Return the number of sentences of a text; of a list, with empty ones."""
    if isinstance(source, (list, tuple)):
        return len(source)
    return 0 if corpus is None else corpus.n_sentences


def has_integers(corpus: Corpus | None, source: Any) -> bool:
    """Return whether the words of a text are integers, which are the keys then."""
    given = isinstance(source, Corpus)  # has words for them
    return corpus is not None and corpus.source.get("kind") == "integers" and not given


def _paths(sentences: Any) -> Any:
    """Return the files of an iterable of lines, which compiled code reads; None for any other."""
    kind = type(sentences)
    if kind is LineSentence and sentences.limit is None:
        source = sentences.source
        return Path(source) if isinstance(source, (str, os.PathLike)) else None
    if kind is PathLineSentences and sentences.limit is None and sentences.input_files:
        return [Path(name) for name in sentences.input_files]
    if kind is Text8Corpus:
        return Path(sentences.fname)
    return None


def _sentences(sentences: Any) -> Any:
    """Return what `Corpus` reads in gensim's sense; None if there is no sentence."""
    if is_single_source(sentences):
        return sentences
    lists = iter(sentences)
    first = next(lists, _NOTHING)
    if first is _NOTHING:
        return None
    if lists is sentences:  # an iterator, which cannot start again
        sentences = itertools.chain([first], lists)
    if isinstance(first, str):
        logger.warning(
            "Each 'sentences' item should be a list of words (usually unicode strings). First item "
            "here is instead plain %s, which is read as a list of characters.",
            type(first),
        )
        return map(list, sentences)
    return sentences


def pruned_counts(
    sentences: Iterable[list[str]], max_vocab_size: int, trim_rule: Any
) -> dict[str, int]:
    """Count words, and drop the rarest whenever there are more than `max_vocab_size`.

    As in gensim: the first time none, then words that occur once, then twice, ... are dropped, so
    that counts are approximate.
    """
    counts: dict[str, int] = {}
    least = 1
    for sentence in sentences:
        for word in sentence:
            counts[word] = counts.get(word, 0) + 1
        if len(counts) > max_vocab_size:
            counts = {
                word: count
                for word, count in counts.items()
                if utils.keep_vocab_item(word, count, least, trim_rule)
            }
            least += 1
    return counts
