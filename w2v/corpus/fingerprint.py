"""Fingerprints: whether a text is the one that it was before."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2v.io.corpus_file import ids_checksum, types_checksum

if TYPE_CHECKING:
    from w2v.corpus.corpus import Corpus


@dataclass(frozen=True)
class Fingerprint:
    """What a corpus is recognized by: the same text has the same, wherever it was read from.

    Attributes
    ----------
    tokens, types, sentences : int
    order : str
        Checksum of all ids, with the ends of sentences.
    words : str
        Checksum of the words and their counts.
    """

    tokens: int
    types: int
    sentences: int
    order: str
    words: str

    @classmethod
    def of(cls, corpus: Corpus) -> Fingerprint:
        """Return the fingerprint of a corpus; reads all of it, at several GB/s from memory."""
        encoded = corpus.encoded
        return cls(
            corpus.n_tokens,
            corpus.n_types,
            corpus.n_sentences,
            ids_checksum(encoded.ids),
            types_checksum(encoded.counts, encoded.offsets, encoded.words),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return values that JSON has."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Fingerprint:
        """Return what `to_dict` described, or raise a KeyError, TypeError or ValueError."""
        return cls(
            int(values["tokens"]),
            int(values["types"]),
            int(values["sentences"]),
            str(values["order"]),
            str(values["words"]),
        )

    def difference(self, before: Fingerprint) -> str | None:
        """Return in words how the text differs from one before; None if it does not."""
        if self == before:
            return None
        sizes = [(one.tokens, one.types, one.sentences) for one in (self, before)]
        if sizes[0] != sizes[1]:
            now, then = (
                f"{tokens:,} tokens of {types:,} types in {sentences:,} sentences"
                for tokens, types, sentences in sizes
            )
            return f"it has {now}, the other one {then}"
        if self.words != before.words:
            return f"it has as many tokens ({self.tokens:,}), but other words or counts"
        return f"it has the same {self.tokens:,} tokens in another order"
