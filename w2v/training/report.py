"""A report on a corpus before training: its size, its likely mistakes, the resources it needs.

Combines w2v/corpus/statistics.py and w2v/corpus/diagnostics.py with the memory and time that
training would take (resources.py) and the fraction of tokens that subsampling would keep.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from w2v._cpu import available_cpus
from w2v._format import format_bytes, format_duration
from w2v.config import QUALITIES, TrainingConfig
from w2v.corpus import diagnostics, statistics
from w2v.corpus.corpus import Corpus
from w2v.corpus.diagnostics import CorpusIssue
from w2v.corpus.statistics import Coverage, WordFrequency
from w2v.training import resources, steps
from w2v.training.resources import Throughput
from w2v.training.shards import count_shards
from w2v.vocab.sampling import (
    chosen_sample,
    keep_probability,
    sampling_tables,
    subsampling_thresholds,
)
from w2v.vocab.vocabulary import Vocabulary

_SAMPLES = (1e-3, 1e-4, 1e-5)

# What a named set of settings gained over the defaults in analogies and in similarity (the mean of
# WordSim-353 and SimLex-999) on the one text it was measured on; see docs/performance.md.
_GAINS = {"fast": (-0.04, -0.01), "balanced": (0.0, 0.0), "best": (0.09, 0.03)}
_MEASURED_ON = "English Wikipedia"


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
class QualityEstimate:
    """What a named set of settings takes on this corpus, and what it gained on another one.

    Attributes
    ----------
    name : {"fast", "balanced", "best"}
        As in ``Word2Vec(quality=name)``.
    seconds : float
        Estimated duration of training on this machine.
    analogies, similarity : float
        Accuracy on analogies and correlation with human similarity ratings (mean of two sets),
        minus that of the defaults, measured once on 17 million words of English Wikipedia. Other
        texts gain more or less.
    """

    name: str
    seconds: float
    analogies: float
    similarity: float

    def __str__(self) -> str:
        text = f"about {format_duration(self.seconds)}"
        if self.name == "balanced":
            return f"{text}; the defaults"
        return (
            f"{text}; analogies {self.analogies:+.2f}, similarity {self.similarity:+.2f} "
            f"(measured on one text, {_MEASURED_ON})"
        )


@dataclass(frozen=True)
class CorpusReport:
    """Result of `corpus_report`; ``print(report)`` shows it as a table.

    Attributes
    ----------
    tokens, types, sentences : int
        Number of words, of distinct words, and of sentences with at least one word.
    source : dict
        Where the corpus comes from, as in ``corpus.source``.
    lengths : dict
        Words per sentence: "min", "5%", "25%", "median", "75%", "95%", "max" and "mean". A
        percentile is the smallest length that this fraction of the sentences does not exceed.
    coverage : tuple of Coverage
        Words and tokens kept by `min_count` 1, 2, 5, 10, 20, 50 and 100, and by that of `config`.
    most_frequent : tuple of WordFrequency
        The most frequent words.
    retention : tuple of SubsamplingRetention
        Fraction of tokens kept by `sample` 1e-3, 1e-4 and 1e-5, among the words that `config`
        trains.
    config : TrainingConfig
        The hyper-parameters on which the following attributes depend.
    words, trained_tokens : int
        Number of words that would be trained, and of their tokens in one epoch.
    memory : dict of str to int
        Bytes that a training run needs, by part; empty if there is nothing to train.
    throughput : Throughput or None
        Training speed measured on this machine; None if not measured or if there is nothing to
        train.
    issues : tuple of CorpusIssue
        Likely mistakes in the data.
    shards : int
        Number of parts of the text that are trained alone and merged; see docs/performance.md. 0
        if there is nothing to train.
    qualities : tuple of QualityEstimate
        What each named set of settings would take; empty if speed was not measured.
    alpha : float
        Initial learning rate: that of `config`, or if it is None there, the default for such a
        text; see docs/objectives.md. 0 if there is nothing to train.
    sample : float
        Subsampling: `sample` of `config`, or if it is None there, what is chosen for this text. 0
        if there is nothing to train.
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
    throughput: Throughput | None
    issues: tuple[CorpusIssue, ...]
    shards: int = 0
    qualities: tuple[QualityEstimate, ...] = ()
    alpha: float = 0.0
    sample: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain Python values, which `json.dumps` accepts."""
        return dataclasses.asdict(self)

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield the rows of the table: name and figures."""
        yield from _source_rows(self.source)
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
            "training",
            f"{self.words:,} words of {config.vector_size} dimensions, {config.epochs} epochs of "
            f"{self.trained_tokens:,} tokens, {config.workers} workers"
            + (f", {self.shards} shards" if self.shards else "")
            + (f", learning rate {self.alpha:.3g}, sample {self.sample:g}" if self.words else ""),
        )
        if self.memory:
            parts = sorted(self.memory.items(), key=lambda part: -part[1])
            own = [part for part in parts if part[0] != resources.MAPPED]
            details = ", ".join(f"{name} {format_bytes(size)}" for name, size in own)
            yield "memory", f"{format_bytes(sum(size for _, size in own))}: {details}"
            if len(own) < len(parts):
                mapped = format_bytes(self.memory[resources.MAPPED])
                yield resources.MAPPED, f"{mapped}, cached as memory allows"
        if self.throughput is not None:
            measured = self.throughput
            tokens = measured.seconds * measured.words_per_second
            fastest, slowest = (
                format_duration(tokens / speed) for speed in (measured.fastest, measured.slowest)
            )
            yield (
                "time",
                f"about {format_duration(measured.seconds)} ({fastest} to {slowest}) at "
                f"{measured.words_per_second:,.0f} words/s, briefly measured on this machine",
            )
        for quality in self.qualities:
            yield f"quality {quality.name}", str(quality)
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
    """Report the size, statistics and likely mistakes of a corpus, and what training it would take.

    The ids are read once, a block at a time, so that a corpus opened from a file of any size needs
    little memory.

    Parameters
    ----------
    corpus : Corpus
    config : TrainingConfig, optional
        Hyper-parameters for which words, memory and time are computed; default
        ``TrainingConfig()``.
    top : int, default 10
        Number of most frequent words to list; at least 0.
    measure : bool, default True
        Train temporary vectors on parts of the corpus for about two seconds, to estimate the
        duration of a run, and of one with each named set of settings. Other load on the machine
        makes the estimates wrong.

    Returns
    -------
    CorpusReport

    Raises
    ------
    TypeError, ValueError
        If `corpus` is not a `Corpus`, or `top` is negative.

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
        raise ValueError(f"top={top}: expected an integer of at least 0")
    config = config or TrainingConfig()
    config = config.replace(workers=config.workers or available_cpus())
    vocabulary = _vocabulary(corpus, config)
    shape = steps.LARGE
    if vocabulary is not None:
        tables = sampling_tables(vocabulary, corpus, config)
        shape = steps.TextShape.of(corpus, vocabulary, tables)
    lengths, sentences = statistics.sentence_lengths(corpus.ids)
    issues = [
        *diagnostics.check_sentence_lengths(lengths, sentences),
        *diagnostics.check_size(
            corpus.n_tokens,
            0 if vocabulary is None else len(vocabulary),
            config.vector_size,
            config.min_count,
        ),
        *diagnostics.check_epochs(
            corpus.n_tokens,
            steps.updates_per_word(config, shape),
            config.epochs,
            steps.enough_epochs(config, shape),
        ),
        *diagnostics.check_words(corpus.encoded, config.min_count),
    ]
    throughput: Throughput | None = None
    qualities: tuple[QualityEstimate, ...] = ()
    if vocabulary and measure:
        throughput = resources.measure_throughput(corpus, vocabulary, config)
        qualities = estimate_qualities(corpus, vocabulary, config, throughput)
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
        memory={} if vocabulary is None else resources.estimate_memory(corpus, vocabulary, config),
        throughput=throughput,
        issues=tuple(issues),
        shards=0
        if vocabulary is None
        else count_shards(config, vocabulary.tokens, len(vocabulary)),
        qualities=qualities,
        alpha=0.0 if vocabulary is None else steps.learning_rate(config, shape),
        sample=0.0 if vocabulary is None else chosen_sample(vocabulary.counts, config),
    )


def estimate_qualities(
    corpus: Corpus,
    vocabulary: Vocabulary,
    config: TrainingConfig,
    measured: Throughput | None,
    **measuring: Any,
) -> tuple[QualityEstimate, ...]:
    """Return an estimate for each named set; only settings that have another speed are measured.

    Where shards are merged, short measurements show too little of that: then one worker is measured
    with both settings, and what they differ by is taken for the difference of the whole.

    `measuring` are arguments of `resources.measure_throughput`.
    """

    def pace(config: TrainingConfig) -> TrainingConfig:
        return dataclasses.replace(config, quality=None, epochs=1, alpha=None)

    def measure(config: TrainingConfig) -> Throughput | None:
        if config.workers == 1 and config.fixed_shards is None:
            return resources.measure_throughput(corpus, vocabulary, config, **measuring)
        alone = {"workers": 1, "shards": None, "deterministic": False}
        two = [
            resources.measure_throughput(corpus, vocabulary, each.replace(**alone), **measuring)
            for each in (own, config)
        ]
        if measured is None or two[0] is None or two[1] is None:
            return None
        ratio = two[1].words_per_second / two[0].words_per_second
        return dataclasses.replace(measured, words_per_second=measured.words_per_second * ratio)

    known, own = {pace(config): measured}, config
    named = {"quality", "min_alpha"}.union(*QUALITIES.values())
    kept = {name: value for name, value in config.to_dict().items() if name not in named}
    found = []
    for name in QUALITIES:
        chosen = TrainingConfig(quality=name, **kept)
        if pace(chosen) not in known:
            known[pace(chosen)] = measure(chosen)
        throughput = known[pace(chosen)]
        if throughput is not None:
            seconds = vocabulary.tokens * chosen.epochs / throughput.words_per_second
            found.append(QualityEstimate(name, seconds, *_GAINS[name]))
    return tuple(found)


def _source_rows(source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the rows about where a corpus comes from."""
    for name, value in source.items():
        if name == "kind":
            yield "made from", str(value)
        elif name == "files":
            more = source.get("n_files", len(value)) - len(value)
            names = ", ".join(str(each["name"]) for each in value)
            yield "source files", names + (f" and {more:,} more" if more else "")
        elif name == "bytes":
            if value:  # unknown for pipes
                yield "source size", f"{value:,} bytes"
        elif name != "n_files" and value not in (None, False):
            yield name, str(value)


def _vocabulary(corpus: Corpus, config: TrainingConfig) -> Vocabulary | None:
    try:
        return Vocabulary.from_corpus(
            corpus, min_count=config.min_count, max_final_vocab=config.max_final_vocab
        )
    except ValueError:  # fewer than two words remain, which is reported as an issue
        return None


def _retention(vocabulary: Vocabulary) -> tuple[SubsamplingRetention, ...]:
    found = []
    for sample in _SAMPLES:
        kept = keep_probability(subsampling_thresholds(vocabulary.counts, sample))
        found.append(
            SubsamplingRetention(sample, float(vocabulary.counts @ kept) / vocabulary.tokens)
        )
    return tuple(found)
