"""What a training run will take: `plan`, before anything is trained.

Memory is computed from what each part of a run allocates (resources.py); time is measured by
training scratch matrices for at most two seconds.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._cpu import available_cpus
from w2v._format import format_bytes, format_duration
from w2v._memory import available_memory, format_size
from w2v._types import PathLike
from w2v.config import TrainingConfig, parameters
from w2v.corpus import diagnostics, statistics
from w2v.corpus.corpus import Corpus
from w2v.corpus.diagnostics import CorpusIssue
from w2v.corpus.encoded import EncodedCorpus
from w2v.io.words import pack_words
from w2v.progress import as_reporter
from w2v.training import resources, steps
from w2v.training.full_softmax import check_softmax_vocab
from w2v.training.report import QualityEstimate, estimate_qualities
from w2v.training.resources import Throughput
from w2v.training.shards import ShardPlan
from w2v.training.texts import Source, read_text, split_held_out
from w2v.training.validation import share_of
from w2v.training.watching import CONTROLS, Control
from w2v.training.word2vec import Word2Vec
from w2v.vocab.sampling import chosen_sample
from w2v.vocab.vocabulary import Vocabulary

if TYPE_CHECKING:
    from w2v.training.steps import TextShape
    from w2v.vocab.pruning import TrimRule

_SECONDS = 1.2  # of the sample, for these settings,
_SECONDS_OF_QUALITIES = 0.2  # and for each named set that has another speed
_FREE_SHARE = 0.5  # of free memory, for the matrices of the sample

# A text of which only counts are known: how long its sentences are taken to be, and how many words
# are drawn for the sample.
_SENTENCE_LENGTH = 20
_DRAWN_TOKENS = 1_000_000
_STREAM = 6  # the first number of the seed of draws

_TEXT_CHARACTERS = 11.6  # of a number in word2vec's text format, the blank included; measured
_HEADER_BYTES = {"model": 1280, "vectors": 448}  # of files in safetensors format, about
_RARE_COUNT = 5
_RARE_SHARE = 0.5  # of the vocabulary
_NUMBERS_PER_TOKEN = 4  # numbers to learn for each token: with more, there is little to learn from


@dataclass(frozen=True)
class TrainingPlan:
    """What a training run will take; ``print(plan)`` shows it as a table.

    Attributes
    ----------
    config : TrainingConfig
        The hyper-parameters; `workers` is the number of threads.
    tokens, types, sentences : int
        Size of the text. Of counts, the number of sentences is not known: 20 words each are taken.
    words : int
        Size of the vocabulary, after `min_count` and `max_final_vocab`.
    trained_tokens, kept_tokens : int
        In-vocabulary tokens of one epoch, and how many of them subsampling keeps.
    predictions : int
        About how many predictions all epochs make; see `TrainingResult.predictions`.
    alpha : float
        Initial learning rate.
    sample : float
        Subsampling, as chosen by the text where it is not given.
    decay_start : float
        Share of training after which the learning rate falls.
    shards : ShardPlan
        Number of parts of the text that are trained alone and merged, and of which rows each has
        replicas.
    memory : int
        Bytes at the peak of a fresh process that does ``Word2Vec(source, ...)``, as ``ru_maxrss``
        counts them: with the interpreter and its libraries, with a source that is in memory, and
        with the pages of a mapped corpus.
    memory_parts : dict of str to int
        Bytes of each part at that peak. "ids in the file" are freed when their memory is needed
        elsewhere.
    peaks : dict of str to int
        Bytes at the peaks of "reading" and "training"; `memory` is the larger one.
    free_memory : int or None
        Bytes that are free now, without what this plan itself has read; None if unknown.
    sample_memory : int
        Bytes that measuring the time took; they are free again.
    seconds : float or None
        Duration of ``Word2Vec(source, ...)``, about. None if it was not measured.
    time_parts : dict of str to float
        Seconds of each part: "reading" (of a text that was read now), "building", "training", and
        "held-out loss".
    throughput : Throughput or None
        The measured speed of training.
    files : dict of str to int
        Bytes of the files that saving writes: of the whole "model", and of the vectors alone as
        "safetensors", "word2vec binary" and "word2vec text".
    qualities : tuple of QualityEstimate
        What each named set of settings would take, and gain; empty if it was not measured, or for
        other objectives than skip-gram with negative sampling.
    warnings : tuple of CorpusIssue
        What is likely to go wrong.
    """

    config: TrainingConfig
    tokens: int
    types: int
    sentences: int
    words: int
    trained_tokens: int
    kept_tokens: int
    predictions: int
    alpha: float
    sample: float
    decay_start: float
    shards: ShardPlan
    memory: int
    memory_parts: Mapping[str, int]
    peaks: Mapping[str, int]
    free_memory: int | None
    sample_memory: int
    seconds: float | None
    time_parts: Mapping[str, float]
    throughput: Throughput | None
    files: Mapping[str, int]
    qualities: tuple[QualityEstimate, ...]
    warnings: tuple[CorpusIssue, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain Python values, which `json.dumps` accepts."""
        return dataclasses.asdict(self)

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield the rows of the table: name and figures."""
        config, tokens = self.config, self.trained_tokens
        yield "text", f"{self.tokens:,} tokens, {self.types:,} types, {self.sentences:,} sentences"
        share = tokens / self.tokens
        yield "vocabulary", f"{self.words:,} words, {tokens:,} tokens ({share:.1%})"
        kept = self.kept_tokens / tokens if tokens else 0.0
        remain = f"{self.kept_tokens:,} tokens remain ({kept:.1%}, sample {self.sample:g})"
        yield "subsampling", remain
        yield (
            "training",
            f"{objective(config)}, {config.vector_size} dimensions, {config.epochs} epochs, "
            f"{self.predictions:,} predictions, learning rate {self.alpha:.3g}",
        )
        yield "workers", f"{config.workers}{_describe_shards(self.shards)}"
        peak = "reading" if self.peaks["reading"] == self.memory else "training"
        free = "" if self.free_memory is None else f"; {format_bytes(self.free_memory)} are free"
        yield "memory", f"{format_bytes(self.memory)} at the peak, in {peak}{free}"
        for name, size in sorted(self.memory_parts.items(), key=lambda part: -part[1]):
            freed = ", freed where memory is short" if name == resources.MAPPED else ""
            yield f"  {name}", f"{format_bytes(size)}{freed}"
        if self.seconds is not None and self.throughput is not None:
            measured = self.throughput
            yield "time", f"about {format_duration(self.seconds)}"
            for name, seconds in self.time_parts.items():
                pace = f", {measured.words_per_second:,.0f} words/s" if name == "training" else ""
                yield f"  {name}", f"{format_duration(seconds)}{pace}"
            sampled = f"took {format_bytes(self.sample_memory)} for a moment"
            yield "  measured", f"by a sample on this machine, as loaded as it is; it {sampled}"
        for name, size in self.files.items():
            yield f"file: {name}", format_bytes(size)
        for quality in self.qualities:
            yield f"quality {quality.name}", str(quality)
        for issue in self.warnings:
            yield "warning", f"{issue.name}: {issue.message}"

    def __str__(self) -> str:
        rows = list(self.rows())
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:{width}}  {text}" for name, text in rows)


def plan(
    source: Source | Mapping[str, int] | Vocabulary,
    *,
    measure: bool = True,
    output: PathLike | None = None,
    **settings: Any,
) -> TrainingPlan:
    """Plan a training run: what memory, time and disk it will take, and what may go wrong.

    Nothing of the caller is changed. A generator can be read only once: make a `Corpus` of it
    first, for `plan` and `Word2Vec`.

    Parameters
    ----------
    source : Corpus, path, iterable, mapping of str to int, or Vocabulary
        The text, as for `Word2Vec`, which is read and counted; or words with their counts, of a
        text that is elsewhere. Then words are drawn by their counts to measure the time, which is
        less exact, and sentences of 20 words are assumed.
    measure : bool, default True
        Train scratch matrices for at most two seconds, with these settings and with those of the
        named sets of settings (`quality`), to estimate the time. It takes the memory that training
        would take (or half of what is free); if that is too little, nothing is measured. Other load
        on the machine makes the estimate wrong.
    output : path-like, optional
        Where the model will be saved: a file or a folder whose disk is looked at. Default: the
        current folder.
    **settings
        Those of `Word2Vec`, with the same defaults, such as `vector_size`, `quality`, `workers`,
        `deterministic`, `validation`, `tokenizer`, `trim_rule`.

    Returns
    -------
    TrainingPlan

    Raises
    ------
    TypeError, ValueError, OSError
        As `Word2Vec` does for the same source and settings.

    Examples
    --------
    >>> import w2v
    >>> plan = w2v.plan({"sun": 900, "moon": 700, "star": 50}, vector_size=10, measure=False)
    >>> plan.words, plan.tokens, plan.files["word2vec binary"]
    (3, 1650, 146)
    """
    model, rest = split_settings(settings)
    nothing = dict.fromkeys(CONTROLS) | {"callbacks": ()}
    control = Control.of({name: rest.get(name, nothing[name]) for name in CONTROLS}, model.config)
    config = model.config.replace(workers=model.config.workers or available_cpus())
    text = _Text.of(source, model, rest)
    check_softmax_vocab(len(text.vocabulary), config, text.tokens)
    return _Planner(text, config, control, output).plan(measure)


def split_settings(settings: Mapping[str, Any]) -> tuple[Word2Vec, dict[str, Any]]:
    """Return an empty model with the settings that it takes, and those that need a text."""
    known = set(inspect.signature(Word2Vec.__init__).parameters) - {"sentences", "corpus_file"}
    own = {*parameters(), "tokenizer", "lowercase", "errors"}
    for name in ("sentences", "corpus_file"):
        if name in settings:
            raise TypeError(f"{name}=: plan() takes the text as its first argument")
    rest = {name: value for name, value in settings.items() if name in known - own}
    # What is not known is for `Word2Vec` to reject, as it does elsewhere.
    return Word2Vec(**{name: x for name, x in settings.items() if name not in rest}), rest


@dataclass(frozen=True)
class _Text:
    """The text of a plan.

    Attributes
    ----------
    corpus : Corpus
        What is trained on; of counts, words that were drawn.
    vocabulary : Vocabulary
    tokens, types, sentences, n_ids : int
        Sizes of the whole text, with what is held out.
    trained : int64, shape (V,)
        Occurrences of each word in an epoch.
    held_out : float, Corpus or None
        Share of the sentences that is held out, or another text.
    memory : int
        Bytes of the source itself.
    seconds : dict of str to float
        What reading and counting took.
    drawn : bool
        Whether only counts are known.
    """

    corpus: Corpus
    vocabulary: Vocabulary
    tokens: int
    types: int
    sentences: int
    n_ids: int
    trained: npt.NDArray[np.int64]
    held_out: float | Corpus | None
    memory: int
    seconds: dict[str, float]
    drawn: bool

    @classmethod
    def of(cls, source: Any, model: Word2Vec, rest: Mapping[str, Any]) -> _Text:
        """Read a source, or draw words by their counts."""
        if isinstance(source, Mapping | Vocabulary):
            return cls._of_counts(source, model, rest)
        began = time.perf_counter()
        given = isinstance(source, Corpus)
        memory = 0 if given else source_memory(source)
        options = model._reading.options(None, model.config.workers)
        column = rest.get("column")
        build = model._vocabulary_builder(rest.get("trim_rule"), rest.get("vocabulary"))
        with as_reporter(rest.get("progress", False)) as report:
            corpus = read_text(source, None, options, column, report)
        read = time.perf_counter()
        vocabulary = build(corpus)
        built = time.perf_counter()
        validation = rest.get("validation")
        trained, held_out = split_held_out(corpus, validation, model.config.seed, options, column)
        known = vocabulary.index(trained)
        counts = np.zeros(len(vocabulary), np.int64)
        counts[known[known >= 0]] = trained.type_counts[known >= 0]
        share = share_of(validation)
        seconds = {} if given else {"reading": read - began}
        return cls(
            trained,
            vocabulary,
            corpus.n_tokens,
            corpus.n_types,
            corpus.n_sentences,
            len(corpus.ids),
            counts,
            held_out if share is None else share,
            memory,
            seconds | {"building": built - read},
            drawn=False,
        )

    @classmethod
    def _of_counts(cls, source: Any, model: Word2Vec, rest: Mapping[str, Any]) -> _Text:
        for name in ("vocabulary", "column"):
            if rest.get(name) is not None:
                raise ValueError(f"{name}= needs a text; the source has counts of words only")
        rule: TrimRule | None = rest.get("trim_rule")
        config = model.config
        every = Vocabulary.from_counts(source, min_count=1)
        vocabulary = Vocabulary.from_counts(
            source,
            min_count=config.min_count,
            max_final_vocab=config.max_final_vocab,
            trim_rule=rule,
        )
        validation = rest.get("validation")
        share = share_of(validation)
        held_out: float | Corpus | None = share
        if share is None and validation not in (None, False):
            options = model._reading.options(None, config.workers)
            held_out = read_text(validation, None, options, None, None)
        tokens = every.tokens
        sentences = max(1, tokens // _SENTENCE_LENGTH)
        trained = np.asarray(np.ceil(vocabulary.counts * (1 - (share or 0.0))), np.int64)
        return cls(
            draw_text(every, min(tokens, _DRAWN_TOKENS), config.seed),
            vocabulary,
            tokens,
            len(every),
            sentences,
            tokens + sentences,
            trained,
            held_out,
            0,
            {},
            drawn=True,
        )


def draw_text(counts: Vocabulary, n_tokens: int, seed: int) -> Corpus:
    """Return a corpus of sentences whose words are drawn by their counts, with all words."""
    rng = np.random.default_rng([_STREAM, seed])
    cumulative = np.cumsum(counts.counts)
    drawn = np.searchsorted(cumulative, rng.random(n_tokens) * cumulative[-1], side="right")
    types = np.minimum(drawn, len(counts) - 1).astype(np.int32)
    ends = np.arange(_SENTENCE_LENGTH, n_tokens, _SENTENCE_LENGTH)
    ids = np.append(np.insert(types, ends, -1), np.int32(-1))
    offsets, words = pack_words(counts.words, "surrogatepass")
    occurrences = np.bincount(types, minlength=len(counts))
    return Corpus.from_encoded(EncodedCorpus(ids, occurrences, offsets, words))


def source_memory(source: object) -> int:
    """Return about how many bytes a source takes that is in memory: a list, or an array.

    Sentences of a long list are looked at in part. Other objects, and generators, count as nothing.
    """
    if isinstance(source, str | os.PathLike):
        return 0
    size = getattr(source, "nbytes", None)  # arrays, tables of Arrow
    if isinstance(size, int):
        return size
    if not isinstance(source, list | tuple) or not source:
        return 0
    step = -(-len(source) // 2_000)
    seen: set[int] = set()
    total = sum(_object_size(sentence, seen) for sentence in source[::step])
    return sys.getsizeof(source) + int(total * len(source) / len(source[::step]))


def _object_size(item: object, seen: set[int]) -> int:
    """Return the bytes of a sentence and its words, each object once."""
    if id(item) in seen:
        return 0
    seen.add(id(item))
    size = -(-sys.getsizeof(item) // 16) * 16
    if isinstance(item, list | tuple):
        size += 16  # of the garbage collector
        size += sum(_object_size(each, seen) for each in item)
    return size


class _Planner:
    """Computes the parts of a plan.

    Parameters
    ----------
    text : _Text
    config : TrainingConfig
    control : Control
        What ends training early, and what keeps weights.
    output : path-like, optional
        Where the model is saved.
    """

    def __init__(
        self,
        text: _Text,
        config: TrainingConfig,
        control: Control,
        output: PathLike | None,
    ) -> None:
        self.text, self.config = text, config
        self.vocabulary = text.vocabulary
        self.control, self.output = control, output
        self.tables = resources.small_tables(text.corpus, self.vocabulary, config)
        self.keep = self.tables.keep_probability
        self.free = available_memory()
        if self.free is not None and text.drawn:
            self.free = max(0, self.free - 4 * text.n_ids)

    @property
    def n_words(self) -> int:
        return len(self.vocabulary)

    def plan(self, measure: bool) -> TrainingPlan:
        """Return the whole plan."""
        text, config = self.text, self.config
        kept = text.trained * self.keep
        sentences = text.sentences * float(text.trained.sum()) / max(1, self.vocabulary.tokens)
        shape = steps.TextShape(
            steps.perplexity(self.vocabulary.counts * self.keep),
            float(kept.sum()) / max(1.0, sentences),
            float(kept.sum()),
            max(1, int((text.trained > 0).sum())),
        )
        parts, peaks = self.memory()
        needed = sum(resources.needed_memory(self.vocabulary, config).values())
        fits = self.free is None or needed <= self.free
        throughput, sampled = self.measure(parts) if measure and fits else (None, 0)
        seconds = dict(text.seconds)
        if throughput is not None:
            seconds |= self.time(throughput)
        per_word = throughput.predictions_per_word if throughput else self.predictions_per_word()
        qualities: tuple[QualityEstimate, ...] = ()
        if throughput is not None and config.sg and not (config.hs or config.softmax):
            qualities = estimate_qualities(
                text.corpus,
                self.vocabulary,
                config,
                throughput,
                seconds=_SECONDS_OF_QUALITIES,
                most_bytes=self.most_bytes(),
            )
        files = file_sizes(self.vocabulary, config)
        return TrainingPlan(
            config=config,
            tokens=text.tokens,
            types=text.types,
            sentences=text.sentences,
            words=self.n_words,
            trained_tokens=int(text.trained.sum()),
            kept_tokens=int(kept.sum()),
            predictions=int(per_word * float(text.trained.sum()) * config.epochs),
            alpha=steps.learning_rate(config, shape),
            sample=chosen_sample(self.vocabulary.counts, config),
            decay_start=steps.decay_start(config, shape),
            shards=self.shards(),
            memory=max(peaks.values()),
            memory_parts=parts,
            peaks=peaks,
            free_memory=self.free,
            sample_memory=sampled,
            seconds=None if throughput is None else sum(seconds.values()),
            time_parts=seconds,
            throughput=throughput,
            files=files,
            qualities=qualities,
            warnings=tuple(self.warn(shape, files, needed)),
        )

    # ---- Memory ----------------------------------------------------------------------------------

    def shards(self) -> ShardPlan:
        """Return the plan of the shards, with the memory that is free then."""
        reserved = sum(resources.matrix_memory(self.n_words, self.config).values())
        tokens = int(self.text.trained.sum())
        return ShardPlan.of(self.vocabulary, self.config, self.tables, tokens, reserved)

    def memory(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return the bytes of each part at the peak, and both peaks."""
        text = self.text
        base = {"Python and its libraries": resources.INTERPRETER_BYTES}
        if self.config.softmax:
            base["Python and its libraries"] += resources.SCIPY_BYTES
        if text.memory:
            base["source"] = text.memory
        training = base | resources.estimate_memory(
            text.corpus,
            self.vocabulary,
            self.config,
            n_ids=text.n_ids if text.drawn or isinstance(text.held_out, float) else None,
            held_out=text.held_out,
        )
        matrices = sum(resources.matrix_memory(self.n_words, self.config).values())
        if self.control.early_stopping is not None:
            training["best weights"] = matrices
        if self.control.checkpoint is not None:
            training["copy for checkpoints"] = matrices
        kept = {
            name: training[name] for name in ("ids", resources.MAPPED, "types") if name in training
        }
        buffers = resources.reading_memory(text.corpus, self.config.workers or 1)
        reading = base | kept | ({"buffers of reading": buffers} if buffers else {})
        peaks = {"reading": sum(reading.values()), "training": sum(training.values())}
        larger = reading if peaks["reading"] > peaks["training"] else training
        return larger, peaks

    # ---- Time ------------------------------------------------------------------------------------

    def most_bytes(self) -> int | None:
        """Return what the matrices of the sample may take."""
        return None if self.free is None else int(_FREE_SHARE * self.free)

    def measure(self, parts: Mapping[str, int]) -> tuple[Throughput | None, int]:
        """Train scratch matrices; return the speed, and the bytes that this took."""
        names = ("vectors", "output vectors", "node vectors", "replicas of the shards")
        scratch = sum(parts.get(name, 0) for name in names)
        most = self.most_bytes()
        if most is not None:
            scratch = min(scratch, most)
        others = ("merging of the shards", "noise table", "batches of the full softmax")
        scratch += sum(parts.get(name, 0) for name in others)
        measured = resources.measure_throughput(
            self.text.corpus,
            self.vocabulary,
            self.config,
            seconds=_SECONDS,
            tokens=int(self.text.trained.sum()),
            most_bytes=most,
        )
        return measured, scratch if measured is not None else 0

    def time(self, measured: Throughput) -> dict[str, float]:
        """Return the seconds of what comes after reading."""
        training = measured.seconds
        if self.control.max_seconds is not None:
            training = min(training, self.control.max_seconds)
        building = self.text.seconds.get("building", 0.0) + measured.setup_seconds
        parts = {"building": building, "training": training}
        held_out, tokens = self.text.held_out, 0.0
        if isinstance(held_out, float):
            tokens = held_out * self.vocabulary.tokens
        elif held_out is not None:
            tokens = held_out.n_tokens
        if tokens:
            parts["held-out loss"] = tokens * self.config.epochs / measured.words_per_second
        return parts

    def predictions_per_word(self) -> float:
        """Return the predictions for each in-vocabulary token, computed from sentence lengths."""
        text, config = self.text, self.config
        share = float((text.trained * self.keep).sum()) / max(1, text.tokens)
        lengths, sentences = np.array([_SENTENCE_LENGTH]), np.array([text.sentences])
        if not text.drawn:
            lengths, sentences = statistics.sentence_lengths(text.corpus.ids)
        kept = lengths * share
        if not config.sg:
            return float(kept[kept > 1] @ sentences[kept > 1]) / max(1, int(text.trained.sum()))
        made = 0.0
        for distance in range(1, config.window + 1):
            left = np.maximum(0, kept - distance)
            if not left.any():
                break
            drawn = 1 - (distance - 1) / config.window if config.shrink_windows else 1.0
            made += 2 * drawn * float(left @ sentences)
        return made / max(1, int(text.trained.sum()))

    # ---- Warnings --------------------------------------------------------------------------------

    def warn(
        self, shape: TextShape, files: Mapping[str, int], needed: int
    ) -> Iterator[CorpusIssue]:
        """Yield what is likely to go wrong."""
        config, tokens = self.config, int(self.text.trained.sum())
        yield from diagnostics.check_size(
            self.text.tokens, self.n_words, config.vector_size, config.min_count
        )
        yield from diagnostics.check_epochs(
            self.text.tokens,
            steps.updates_per_word(config, shape),
            config.epochs,
            steps.enough_epochs(config, shape),
        )
        numbers = self.n_words * config.vector_size
        if numbers > _NUMBERS_PER_TOKEN * tokens:
            fitting = max(10, _NUMBERS_PER_TOKEN * tokens // self.n_words // 10 * 10)
            yield CorpusIssue(
                "few tokens for the dimensions",
                f"{self.n_words:,} vectors of {config.vector_size} dimensions are to be learned "
                f"from {tokens:,} tokens; use more text, raise min_count, or lower vector_size to "
                f"{min(fitting, config.vector_size)}",
            )
        counts = self.vocabulary.counts
        rare = int((counts <= _RARE_COUNT).sum())
        if rare > _RARE_SHARE * self.n_words:
            yield CorpusIssue(
                "rare words",
                f"{rare:,} of the {self.n_words:,} words occur {_RARE_COUNT} times or less, too "
                "seldom for good vectors; raise min_count above "
                f"{max(config.min_count, _RARE_COUNT)}",
            )
        if self.free is not None and needed > self.free:
            parts = resources.needed_memory(self.vocabulary, config)
            yield CorpusIssue(
                "memory", resources.shortage(self.vocabulary, config, parts, self.free)
            )
        folder = _folder(self.output)
        disk = shutil.disk_usage(folder).free
        if files["model"] > disk:
            yield CorpusIssue(
                "disk",
                f"the model takes {format_size(files['model'])}, but the disk of {folder} has only "
                f"{format_size(disk)} free; save it elsewhere",
            )


def file_sizes(vocabulary: Vocabulary, config: TrainingConfig) -> dict[str, int]:
    """Return the bytes of the files that saving a model, or its vectors, writes."""
    n, dim = len(vocabulary), config.vector_size
    letters = sum(len(word.encode("utf-8", "surrogatepass")) for word in vocabulary.words)
    packed = letters + 8 * (n + 1) + vocabulary.counts.nbytes
    numbers = 4 * n * dim
    rows = n
    if config.uses_negative_sampling or config.softmax:
        rows += n
    if config.hs:
        rows += n - 1
    first = len(f"{n} {dim}\n")
    return {
        "model": _HEADER_BYTES["model"] + packed + 4 * rows * dim,
        "safetensors": _HEADER_BYTES["vectors"] + packed + numbers,
        "word2vec binary": first + letters + 2 * n + numbers,
        "word2vec text": first + letters + n + int(_TEXT_CHARACTERS * n * dim),
    }


def objective(config: TrainingConfig) -> str:
    """Return the architecture and the objective in words."""
    kinds = {
        "full softmax": config.softmax,
        "hierarchical softmax": config.hs,
        f"{config.negative} noise words": config.uses_negative_sampling,
    }
    used = " and ".join(name for name, on in kinds.items() if on)
    return f"{'skip-gram' if config.sg else 'CBOW'} with {used}"


def _describe_shards(plan: ShardPlan) -> str:
    if plan.shares_rows:
        return ", which train the same rows"
    if plan.shards == 1:
        return ""
    rows = "all rows" if plan.complete else f"{plan.replica_rows:,} rows each"
    return f"; {plan.shards} shards with replicas of {rows}"


def _folder(output: PathLike | None) -> str:
    """Return the nearest folder that exists: of an output, or the current one."""
    folder = os.path.abspath(os.curdir if output is None else os.fspath(output))
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder
