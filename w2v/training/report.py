"""Looking at a corpus before training on it: how large, how long, how frequent, how clean.

Puts together what w2v/corpus/statistics.py and w2v/corpus/diagnostics.py find in the corpus, the
memory and time that training it would take (resources.py), and what subsampling would keep.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from w2v._cpu import available_cpus
from w2v.config import TrainingConfig
from w2v.corpus import diagnostics, statistics
from w2v.corpus.corpus import Corpus
from w2v.corpus.diagnostics import CorpusIssue
from w2v.corpus.statistics import Coverage, WordFrequency
from w2v.training import resources
from w2v.training.resources import Speed
from w2v.vocab.vocabulary import Vocabulary

_SAMPLES = (1e-3, 1e-4, 1e-5)


@dataclass(frozen=True)
class SubsamplingRetention:
    """Fraction of the vocabulary's tokens that remain after subsampling with `sample`.

    Attributes
    ----------
    sample : float
    token_fraction : float
        From 0 to 1.
    """

    sample: float
    token_fraction: float


@dataclass(frozen=True)
class CorpusReport:
    """What `corpus_report` found; ``print(report)`` shows it as a table.

    Attributes
    ----------
    tokens, types, sentences : int
        Words, different words, and sentences with at least one word.
    source : dict
        What the corpus was made from, as ``corpus.source`` says.
    lengths : dict
        Words in a sentence: "min", "5%", "25%", "median", "75%", "95%", "max" and "mean". A
        percentile is the least length that so many per cent of the sentences do not exceed.
    coverage : tuple of Coverage
        For `min_count` 1, 2, 5, 10, 20, 50 and 100, and that of `config`.
    most_frequent : tuple of WordFrequency
        The most frequent words.
    retention : tuple of SubsamplingRetention
        For `sample` 1e-3, 1e-4 and 1e-5, of the words that `config` trains.
    config : TrainingConfig
        The settings that the figures below are for.
    words, trained_tokens : int
        Words that would be trained, and their tokens in one epoch.
    memory : dict of str to int
        Bytes that a training run holds, by part; empty if there is nothing to train.
    speed : Speed or None
        As measured on this machine; None if it was not, or if there is nothing to train.
    issues : tuple of CorpusIssue
        Likely mistakes in the data.
    """

    tokens: int
    types: int
    sentences: int
    source: Mapping[str, Any]
    lengths: Mapping[str, float]
    coverage: tuple[Coverage, ...]
    most_frequent: tuple[WordFrequency, ...]
    retention: tuple[SubsamplingRetention, ...]
    config: TrainingConfig
    words: int
    trained_tokens: int
    memory: Mapping[str, int]
    speed: Speed | None
    issues: tuple[CorpusIssue, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python values, as `json.dumps` takes them."""
        return dataclasses.asdict(self)

    def rows(self) -> Iterator[tuple[str, str]]:
        """Give the table's rows: what it is, and the figures."""
        yield from _origin(self.source)
        yield "tokens", f"{self.tokens:,}"
        yield "types", f"{self.types:,}"
        yield "sentences", f"{self.sentences:,}"
        lengths = {**self.lengths, "mean": round(self.lengths["mean"], 1)}
        yield "sentence length", ", ".join(f"{name} {n:,}" for name, n in lengths.items())
        for kept in self.coverage:
            yield (
                f"min_count {kept.min_count}",
                f"{kept.words:,} words, {kept.token_fraction:.2%} of tokens",
            )
        frequent = ", ".join(
            f"{each.word} {each.token_fraction:.2%}" for each in self.most_frequent
        )
        yield "most frequent", frequent
        for kept_of in self.retention:
            yield (
                f"sample {kept_of.sample:g}",
                f"{kept_of.token_fraction:.1%} of tokens remain",
            )
        config = self.config
        yield (
            "to be trained",
            f"{self.words:,} words of {config.vector_size} dimensions, {config.epochs} epochs of "
            f"{self.trained_tokens:,} tokens, {config.workers} workers",
        )
        if self.memory:
            parts = sorted(self.memory.items(), key=lambda part: -part[1])
            own = [part for part in parts if part[0] != resources.MAPPED]
            told = ", ".join(f"{name} {_bytes(size)}" for name, size in own)
            yield "memory", f"{_bytes(sum(size for _, size in own))}: {told}"
            if len(own) < len(parts):
                yield resources.MAPPED, f"{_bytes(self.memory[resources.MAPPED])}, as memory allows"
        if self.speed is not None:
            fast = self.speed
            seconds = (fast.seconds * fast.words_per_second / each for each in _ends(fast))
            yield (
                "time",
                f"about {_duration(fast.seconds)} ({' to '.join(map(_duration, seconds))}) at "
                f"{fast.words_per_second:,.0f} words/s, as measured in a moment on this machine",
            )
        for issue in self.issues:
            yield "warning", f"{issue.name}: {issue.message}"

    def __str__(self) -> str:
        rows = list(self.rows())
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:{width}}  {text}" for name, text in rows)


def corpus_report(
    corpus: Corpus,
    config: TrainingConfig | None = None,
    *,
    top: int = 10,
    measure: bool = True,
) -> CorpusReport:
    """Look at a corpus: sizes, lengths, coverage, frequencies, and what usually goes wrong.

    The ids are read once, a block at a time: a corpus opened from a file of any size takes little
    memory for itself. The types are held as training holds them.

    Parameters
    ----------
    corpus : Corpus
        What to look at.
    config : TrainingConfig, optional
        What it would be trained with: for which words, memory and time are told; the defaults by
        default.
    top : int, default 10
        How many of the most frequent words to show.
    measure : bool, default True
        Train for about a second on parts of the corpus, with vectors of their own, to tell how long
        a run takes. The figure is the machine's of that second: one that is busy with something
        else, then or later, makes it wrong by as much.

    Returns
    -------
    CorpusReport

    Raises
    ------
    TypeError, ValueError
        If `corpus` is no `Corpus`, or `top` is negative.

    Examples
    --------
    >>> report = corpus_report(Corpus(["a rose is a rose", "is it"]), measure=False)
    >>> report.tokens, report.types, report.lengths["median"]
    (7, 4, 2)
    >>> report.most_frequent[0]
    WordFrequency(word='a', count=2, token_fraction=0.2857142857142857)
    """
    if not isinstance(corpus, Corpus):
        raise TypeError(
            f"corpus: expected a Corpus, found {type(corpus).__name__}; make one with Corpus(...)"
        )
    if top < 0:
        raise ValueError(f"top={top}: expected a number of words, 0 or more")
    config = config or TrainingConfig()
    config = config.replace(workers=config.workers or available_cpus())
    vocabulary = _vocabulary(corpus, config)
    lengths, sentences = statistics.sentence_lengths(corpus.ids)
    issues = [
        *diagnostics.check_sentence_lengths(lengths, sentences),
        *diagnostics.check_size(
            corpus.n_tokens,
            0 if vocabulary is None else len(vocabulary),
            config.vector_size,
            config.min_count,
        ),
        *diagnostics.check_words(corpus.encoded, config.min_count),
    ]
    return CorpusReport(
        tokens=corpus.n_tokens,
        types=corpus.n_types,
        sentences=corpus.n_sentences,
        source=corpus.source,
        lengths=statistics.summarize_lengths(lengths, sentences),
        coverage=statistics.coverage(corpus.type_counts, config.min_count),
        most_frequent=statistics.most_frequent(corpus, top),
        retention=() if vocabulary is None else _retention(vocabulary),
        config=config,
        words=0 if vocabulary is None else len(vocabulary),
        trained_tokens=0 if vocabulary is None else vocabulary.tokens,
        memory={} if vocabulary is None else resources.memory(corpus, vocabulary, config),
        speed=resources.speed(corpus, vocabulary, config) if vocabulary and measure else None,
        issues=tuple(issues),
    )


def _origin(source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give rows that tell what a corpus was made from."""
    for name, value in source.items():
        if name == "kind":
            yield "made from", str(value)
        elif name == "files":
            more = source.get("n_files", len(value)) - len(value)
            names = ", ".join(str(each["name"]) for each in value)
            yield "source files", names + (f" and {more:,} more" if more else "")
        elif name == "bytes":
            if value:  # of pipes it is not known
                yield "source size", f"{value:,} bytes"
        elif name != "n_files" and value not in (None, False):
            yield name, str(value)


def _vocabulary(corpus: Corpus, config: TrainingConfig) -> Vocabulary | None:
    try:
        return Vocabulary.from_corpus(
            corpus, min_count=config.min_count, max_final_vocab=config.max_final_vocab
        )
    except ValueError:  # fewer than two words are left, which is reported as an issue
        return None


def _retention(vocabulary: Vocabulary) -> tuple[SubsamplingRetention, ...]:
    found = []
    for sample in _SAMPLES:
        kept = (vocabulary.keep_thresholds(sample) + 1.0) / 2**32
        found.append(
            SubsamplingRetention(sample, float(vocabulary.counts @ kept) / vocabulary.tokens)
        )
    return tuple(found)


def _ends(speed: Speed) -> tuple[float, float]:
    return speed.fastest, speed.slowest


def _bytes(size: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size} bytes"


def _duration(seconds: float) -> str:
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:,.1f} {name}"
    return f"{seconds:,.1f} s"
