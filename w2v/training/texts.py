"""The texts that a model is given: to build its vocabulary, to train on, to measure, to score."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from w2v._types import PathLike
from w2v.corpus.corpus import Corpus
from w2v.corpus.integer_reader import copy_row
from w2v.corpus.options import Options, Tokenizer, split_words
from w2v.corpus.sentences import apply_tokenizer
from w2v.progress import Reporter, corpus_progress
from w2v.training.validation import hold_out, share_of

Source = Corpus | PathLike | Iterable[Any]


def read_text(
    sentences: Source | None,
    corpus_file: PathLike | Iterable[PathLike] | None,
    options: Options,
    column: str | None,
    report: Reporter | None,
) -> Corpus:
    """Return the corpus that was given, or read one."""
    if (sentences is None) == (corpus_file is None):
        given = "both were given" if sentences is not None else "neither was given"
        raise ValueError(f"expected either sentences or corpus_file: {given}")
    if isinstance(sentences, Corpus):
        chosen = not options.inherited and (options.tokenizer is not None or options.lowercase)
        if chosen or column is not None:
            raise ValueError(
                "the text is a Corpus, which is read already: pass tokenizer=, lowercase= and "
                "column= to Corpus(...) instead"
            )
        return sentences
    source: Any = sentences
    if corpus_file is not None:
        source = corpus_file
        if not isinstance(corpus_file, (str, os.PathLike)):
            from pathlib import Path  # not at import time: it takes long

            source = [Path(path) for path in corpus_file]
    return Corpus.read_with(source, options, column=column, progress=corpus_progress(report))


def split_held_out(
    corpus: Corpus,
    validation: bool | float | Source | None,
    seed: int,
    options: Options,
    column: str | None,
) -> tuple[Corpus, Corpus | None]:
    """Return the corpus to train on, and the one whose loss is measured."""
    if validation is None or validation is False:
        return corpus, None
    share = share_of(validation)
    if share is not None:
        return hold_out(corpus, share, seed)
    text: Any = validation
    if not isinstance(text, Corpus):
        text = Corpus.read_with(text, options, column=column)
    return corpus, text


def is_single_source(source: object) -> bool:
    """Return whether a source is anything but an iterable of sentences."""
    kinds = (Corpus, str, os.PathLike, Mapping, bytes, bytearray, memoryview, set, frozenset)
    tables = ("__arrow_c_stream__", "__arrow_c_array__", "__dataframe__", "column_names")
    return (
        isinstance(source, kinds)
        or not hasattr(source, "__iter__")
        or any(hasattr(type(source), name) for name in ("__array__", "tocsr", *tables))
    )


def readable_twice(sentence: Any, tokenizer: str | Tokenizer | None) -> Any:
    """Return a sentence that `has_tokens` and `Corpus` can both read."""
    if isinstance(sentence, str):
        if callable(tokenizer):
            return apply_tokenizer(tokenizer, sentence, f"sentence {sentence!r:.80}")
        return sentence
    return list(sentence) if hasattr(sentence, "__next__") else copy_row(sentence)


def has_tokens(sentence: Any, tokenizer: str | Tokenizer | None) -> bool:
    """Return whether a sentence has any token, as `Corpus` would read it."""
    if isinstance(sentence, str):
        return bool(sentence.split() if tokenizer is None else split_words(sentence))
    return any(not isinstance(token, str) or token for token in sentence)  # 0 is a valid token id
