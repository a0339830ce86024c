"""Iterables of sentences: lists of tokens, or lines of text that a tokenizer splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from w2v.corpus import _text_encoder
from w2v.corpus.id_buffer import IdBuffer
from w2v.corpus.options import Options, ReadProgress, Tokenizer

_TOKENS = 1 << 16  # between two reports of progress, and chances for Ctrl-C


def encode_sentences(
    encoder: _text_encoder.Encoder,
    sentences: Iterator[Any],
    options: Options,
    ids: IdBuffer,
    progress: ReadProgress | None,
) -> None:
    """Encode the sentences of an iterator."""
    if options.callable_tokenizer is not None:
        sentences = _tokenized(sentences, options.callable_tokenizer, options.inherited)
    more = True
    while more:
        more = encoder.add_sentences(sentences, _TOKENS)
        ids.flush_if_over_budget(encoder)
        if progress is not None:
            progress(encoder.items, 0)


def _tokenized(sentences: Iterator[Any], tokenizer: Tokenizer, lists: bool) -> Iterator[list[str]]:
    """Yield the tokens of each text; with `lists`, lists of tokens are yielded as they are."""
    for i, sentence in enumerate(sentences):
        if not isinstance(sentence, str):
            if lists:
                yield sentence
                continue
            raise TypeError(
                f"sentence {i} (counted from 0): expected a str for the tokenizer to split, found "
                f"{type(sentence).__name__}; lists of tokens need no tokenizer"
            )
        yield apply_tokenizer(tokenizer, sentence, f"sentence {i} (counted from 0)")


def apply_tokenizer(tokenizer: Tokenizer, text: str, location: str) -> list[str]:
    """Return the tokens of a text, without those of white space only."""
    tokens = tokenizer(text)
    if isinstance(tokens, str) or not isinstance(tokens, Iterable):
        raise TypeError(
            f"{location}: the tokenizer returned {type(tokens).__name__} {tokens!r:.80}, expected "
            "a list of str"
        )
    return [t for t in tokens if not isinstance(t, str) or (t and not t.isspace())]
