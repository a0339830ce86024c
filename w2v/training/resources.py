"""The memory that a training run needs, computed, and its speed, measured.

Memory is what `Trainer` and `Word2Vec` allocate, by part; what the interpreter takes, and what
reading the text takes, are numbers of their own. Speed is that of short runs of the real loop on
this machine, so it holds as long as the load of the machine stays the same.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
import mmap
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v._cpu import available_cpus
from w2v._memory import format_size, free_memory, row_stride
from w2v._simd import ROW_FLOATS
from w2v.training import _hogwild, steps
from w2v.training.full_softmax import SoftmaxWorker, batch_size
from w2v.training.rounds import ShardedRun, next_round, patience_at
from w2v.training.runs import BlockRun, TrainingRun, Worker
from w2v.training.shards import Round, ShardPlan, Shards, count_shards, row_uses
from w2v.training.weights import MAX_SNAPSHOT_BYTES, Weights
from w2v.vocab.sampling import (
    SamplingTables,
    chosen_sample,
    dominant_row,
    largest_tables,
    noise_table_counts,
    sampling_tables,
    subsampling_thresholds,
)
from w2v.vocab.vocabulary import Vocabulary

if TYPE_CHECKING:
    from w2v.config import TrainingConfig
    from w2v.corpus.corpus import Corpus

MAPPED = "ids in the file"  # the name of mapped ids

# What the interpreter, NumPy and w2v take before anything is read (CPython 3.12 on Linux, x86-64),
# and what is loaded later: SciPy for the full softmax.
INTERPRETER_BYTES = 42 << 20
SCIPY_BYTES = 14 << 20

# What reading takes besides the ids, measured: for each type, and for each reading thread.
_BYTES_PER_READ_TYPE = 42
_BYTES_PER_JOINED_TYPE, _BYTES_PER_DOUBLING = 125, 55
_BYTES_PER_READER = 2 << 20
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")  # read by one thread

_BYTES_PER_MERGED_WORD = 48  # shares and uses of a word, while shards are merged
_DRAWN_ROWS, _COPIES = 4096, 5  # by all shards for a merge, and how often each is copied

_MOST_BYTES_PER_WORD = 1_000  # as Python objects, unless words are very long
_FILLED = 0.95  # of the free memory, by settings that fit
_LEAST_WORDS = 1_000  # a smaller vocabulary is not recommended

_LEAST_ROUNDS = 4  # that are measured
_GRID = 32  # sizes of rounds for which used rows are counted

_SECONDS = 0.6  # duration of a measurement
_PIECES = 3  # of the text, which are trained on
_FIRST_IDS = 250  # length of the first piece; it is increased until a piece is long enough
_EARLY = 0.5  # share of a measurement that goes to the first rounds of shards
_MAX_MATRIX_BYTES = 1 << 28  # words beyond it are left out: no cache is as large anyway


@dataclass(frozen=True)
class Throughput:
    """Measured speed of training, from short runs.

    Attributes
    ----------
    words_per_second : float
        In-vocabulary tokens per second; median of the runs.
    slowest, fastest : float
        Minimum and maximum over the runs, in the same unit.
    seconds : float
        Estimated duration of training, all epochs, at the median speed.
    predictions_per_word : float, default 0
        Predictions for each in-vocabulary token.
    setup_seconds : float, default 0
        Duration of what comes before: matrices and tables.
    """

    words_per_second: float
    slowest: float
    fastest: float
    seconds: float
    predictions_per_word: float = 0.0
    setup_seconds: float = 0.0


@dataclass(frozen=True)
class TimedRound:
    """A measured round of shards: its tokens, and the seconds of training and of merging."""

    tokens: int
    seconds: float
    merge_seconds: float
    replicas: int = 1

    @property
    def all_seconds(self) -> float:
        """Seconds of training and merging."""
        return self.seconds + self.merge_seconds


def estimate_memory(
    corpus: Corpus,
    vocabulary: Vocabulary,
    config: TrainingConfig,
    *,
    n_ids: int | None = None,
    held_out: float | Corpus | None = None,
) -> dict[str, int]:
    """Return the bytes that each part of a training run needs.

    Empty parts are left out. "ids in the file" are mapped: the operating system frees their memory
    when it is needed elsewhere.

    Parameters
    ----------
    corpus : Corpus
    vocabulary : Vocabulary
    config : TrainingConfig
    n_ids : int, optional
        Number of ids of the text, if `corpus` has only some of them.
    held_out : float or Corpus, optional
        Share of the sentences that are held out, or another text.
    """
    config = config.replace(workers=config.workers or available_cpus())
    tables = small_tables(corpus, vocabulary, config)
    encoded = corpus.encoded
    ids = corpus.ids.nbytes if n_ids is None else 4 * n_ids
    matrices = matrix_memory(len(vocabulary), config)
    own = table_memory(vocabulary, config) | {
        "other tables": tables.keep_threshold.nbytes
        + tables.index.nbytes
        + vocabulary.counts.nbytes,
        "words": word_memory(vocabulary),
        "types": encoded.counts.nbytes + encoded.offsets.nbytes + encoded.words.nbytes,
        MAPPED if is_mapped(corpus.ids) and n_ids is None else "ids": ids,
        "held-out text": _held_out_memory(corpus, ids, held_out),
    }
    plan = ShardPlan.of(
        vocabulary,
        config,
        tables,
        int(vocabulary.counts.sum()),
        reserved=sum(matrices.values()) + sum(table_memory(vocabulary, config).values()),
    )
    parts = {
        **matrices,
        "replicas of the shards": plan.memory(config, len(vocabulary)),
        "merging of the shards": _merging_memory(plan, vocabulary, config, tables),
        "copy in case of divergence": snapshot_memory(len(vocabulary), config),
        "batches of the full softmax": _softmax_memory(len(vocabulary), config),
        **own,
    }
    return {name: n_bytes for name, n_bytes in parts.items() if n_bytes}


def matrix_memory(n_words: int, config: TrainingConfig) -> dict[str, int]:
    """Return the bytes of the matrices of a model."""
    row = 4 * row_stride(config.vector_size)
    needed = Weights.needed(config)
    return {
        "vectors": n_words * row,
        "output vectors": n_words * row * needed["output_vectors"],
        "node vectors": (n_words - 1) * row * needed["node_vectors"],
    }


def table_memory(vocabulary: Vocabulary, config: TrainingConfig) -> dict[str, int]:
    """Return the bytes of the tables that only some objectives need."""
    noise = others = 0
    if config.uses_negative_sampling:
        exponent = config.ns_exponent
        noise = int(noise_table_counts(vocabulary.counts, exponent).sum())
        dominant = dominant_row(vocabulary.counts, exponent)
        if dominant is not None:
            others = int(noise_table_counts(vocabulary.counts, exponent, dominant).sum())
    tree = vocabulary.huffman_tree() if config.hs else None
    return {
        "noise table": 4 * noise,
        "noise table of the most frequent word": 4 * others,
        "Huffman tree": 0 if tree is None else tree.offsets.nbytes + tree.path.nbytes,
    }


def word_memory(vocabulary: Vocabulary) -> int:
    """Return the bytes of the words as Python objects: strings, two lists, a dict, numbers."""
    words = vocabulary.words
    lookup = dict.fromkeys(words)
    size = sum(map(sys.getsizeof, words)) + 2 * sys.getsizeof(words) + sys.getsizeof(lookup)
    return size + 32 * len(words)


def snapshot_memory(n_words: int, config: TrainingConfig) -> int:
    """Return what `Weights.snapshot` takes before the first training: outputs are zeros then."""
    n_bytes = 4 * row_stride(config.vector_size) * n_words
    return n_bytes if n_bytes <= MAX_SNAPSHOT_BYTES else 0


def _merging_memory(
    plan: ShardPlan, vocabulary: Vocabulary, config: TrainingConfig, tables: SamplingTables
) -> int:
    """Return about what shards need besides replicas: shares of words, and copies of drawn rows."""
    if plan.shards == 1 or plan.shares_rows:
        return 0
    samples = max(1, _DRAWN_ROWS // plan.shards)
    drawn, paths = _COPIES * samples + _DRAWN_ROWS, 0
    if tables.tree is not None:
        lengths = np.diff(tables.tree.offsets)
        drawn += int(samples * np.average(lengths, weights=vocabulary.counts))
        paths = 16 * len(tables.tree.path)
    copies = plan.threads(config) * drawn * 4 * row_stride(config.vector_size)
    return _BYTES_PER_MERGED_WORD * len(vocabulary) + paths + copies


def _softmax_memory(n_words: int, config: TrainingConfig) -> int:
    """Return what the batches of all workers and their updates of both matrices take."""
    if not config.softmax:
        return 0
    row = 4 * row_stride(config.vector_size)
    return (config.workers or 1) * n_words * (4 * batch_size(n_words) + 2 * row)


def _held_out_memory(corpus: Corpus, ids: int, held_out: float | Corpus | None) -> int:
    """Return the bytes of the held-out text, and of the copy that is trained on."""
    if held_out is None:
        return 0
    if not isinstance(held_out, float):
        encoded = held_out.encoded
        types = encoded.counts.nbytes + encoded.offsets.nbytes + encoded.words.nbytes
        return types + (0 if is_mapped(held_out.ids) else held_out.ids.nbytes)
    return ids + 2 * corpus.encoded.counts.nbytes


def check_memory(
    vocabulary: Vocabulary,
    config: TrainingConfig,
    allocated: int = 0,
    copies: Sequence[str] = (),
) -> None:
    """Raise a MemoryError if the matrices and tables of training cannot fit into memory.

    Memory that the system can swap out counts as free: slow is not impossible. The message has the
    parts, and settings that would fit. Matrices that the model has already are `allocated` bytes;
    `copies` are the names of further copies of all matrices.
    """
    free = free_memory()
    if free is None:
        return
    free += allocated
    config = config.replace(workers=config.workers or available_cpus())
    n = len(vocabulary)
    matrices = sum(matrix_memory(n, config).values())
    most = (
        matrices * (2 + (config.fixed_shards or 0) + len(copies))
        + _softmax_memory(n, config)
        + 2 * largest_tables(vocabulary, config)
        + _MOST_BYTES_PER_WORD * n
    )
    if most <= free:  # without a look at each word
        return
    parts = needed_memory(vocabulary, config) | dict.fromkeys(copies, matrices)
    if sum(parts.values()) > free:
        raise MemoryError(shortage(vocabulary, config, parts, free))


def needed_memory(vocabulary: Vocabulary, config: TrainingConfig) -> dict[str, int]:
    """Return the bytes of what training cannot do without, besides the text, by part.

    Replicas count if the number of shards is fixed; otherwise there are fewer where memory is
    short.
    """
    n = len(vocabulary)
    parts = {
        **matrix_memory(n, config),
        "replicas of the shards": _fixed_replicas(vocabulary.tokens, n, config),
        "copy in case of divergence": snapshot_memory(n, config),
        "batches of the full softmax": _softmax_memory(n, config),
        **table_memory(vocabulary, config),
        "words": word_memory(vocabulary),
    }
    return {name: n_bytes for name, n_bytes in parts.items() if n_bytes}


def shortage(
    vocabulary: Vocabulary, config: TrainingConfig, parts: Mapping[str, int], free: int
) -> str:
    """Return the message that training does not fit into `free` bytes, and what to set."""
    largest = sorted(parts.items(), key=lambda part: -part[1])
    listed = ", ".join(f"{name} {format_size(size)}" for name, size in largest[:4])
    own = needed_memory(vocabulary, config)
    others = sum(size for name, size in parts.items() if name not in own)
    remedies = settings_that_fit(vocabulary, config, free - others)
    advice = f"these would fit: {', or '.join(remedies)}" if remedies else "free some memory"
    return (
        f"training {len(vocabulary):,} words x {config.vector_size} dimensions needs about "
        f"{format_size(sum(parts.values()))} ({listed}), and only {format_size(free)} of memory "
        f"are free; {advice}"
    )


def settings_that_fit(vocabulary: Vocabulary, config: TrainingConfig, free: int) -> list[str]:
    """Return settings, each of which alone makes training fit into `free` bytes."""
    n, free = len(vocabulary), int(_FILLED * free)
    fixed = sum(table_memory(vocabulary, config).values())
    per_word = word_memory(vocabulary) / n

    def needed(n_words: int, config: TrainingConfig) -> int:
        return int(
            sum(matrix_memory(n_words, config).values())
            + _fixed_replicas(vocabulary.tokens, n_words, config)
            + snapshot_memory(n_words, config)
            + _softmax_memory(n_words, config)
            + fixed * n_words / n
            + per_word * n_words
        )

    found = []
    sizes = range(ROW_FLOATS, config.vector_size, ROW_FLOATS)
    at = bisect.bisect_right(sizes, free, key=lambda d: needed(n, config.replace(vector_size=d)))
    if at:
        found.append(f"vector_size={sizes[at - 1]}")
    words = bisect.bisect_right(range(n), free, key=lambda k: needed(max(2, k), config)) - 1
    if words >= _LEAST_WORDS:
        digits = 10 ** (len(str(words)) - 2)
        found.append(f"max_final_vocab={words // digits * digits}")
        count = int(vocabulary.counts[words]) + 1
        if count > config.min_count and np.all(np.diff(vocabulary.counts) <= 0):
            found.append(f"min_count={count}")
    if config.fixed_shards is not None:
        shards = range(1, config.fixed_shards)
        at = bisect.bisect_right(shards, free, key=lambda k: needed(n, config.replace(shards=k)))
        if at:
            found.append(f"shards={at}")
    return found


def _fixed_replicas(tokens: int, n_words: int, config: TrainingConfig) -> int:
    """Return the bytes of the replicas that training cannot do without."""
    if config.fixed_shards is None:
        return 0
    shards = count_shards(config, tokens, n_words)
    return shards * sum(matrix_memory(n_words, config).values()) if shards > 1 else 0


def reading_memory(corpus: Corpus, workers: int) -> int:
    """Return about how many bytes reading a text takes at its peak, besides the ids.

    Measured on texts with 36,000 to 440,000 types: one thread has a table of all words, several
    have tables and pieces of text of their own that are then joined.
    """
    if is_mapped(corpus.ids):
        return 0
    source = corpus.source
    if source.get("kind") == "text":
        names = [str(each["name"]).lower() for each in source.get("files", ())]
        if all(name.endswith(_COMPRESSED) for name in names):
            workers = 1
        workers = max(1, min(workers, int(source.get("bytes") or 0) >> 19))
    else:
        workers = 1
    if workers == 1:
        return _BYTES_PER_READ_TYPE * corpus.n_types
    per_type = _BYTES_PER_JOINED_TYPE + _BYTES_PER_DOUBLING * math.log2(workers)
    return workers * _BYTES_PER_READER + int(per_type * corpus.n_types)


def small_tables(corpus: Corpus, vocabulary: Vocabulary, config: TrainingConfig) -> SamplingTables:
    """Return all tables except that of noise words, which takes a while to shuffle."""
    tree = vocabulary.huffman_tree() if config.hs else None
    return SamplingTables(
        vocabulary.index(corpus),
        subsampling_thresholds(vocabulary.counts, chosen_sample(vocabulary.counts, config)),
        None,
        tree,
    )


def is_mapped(array: npt.NDArray[Any]) -> bool:
    """Return whether an array is in a memory-mapped file."""
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    return base is not None


def measure_throughput(
    corpus: Corpus,
    vocabulary: Vocabulary,
    config: TrainingConfig,
    *,
    seconds: float | None = None,
    tokens: int | None = None,
    most_bytes: int | None = None,
) -> Throughput | None:
    """Train on parts of a corpus for a fraction of a second; return None if nothing is trained.

    Parameters
    ----------
    corpus : Corpus
    vocabulary : Vocabulary
    config : TrainingConfig
    seconds : float, optional
        About how long to train; default 0.6.
    tokens : int, optional
        In-vocabulary tokens of an epoch, if `corpus` has only some of them.
    most_bytes : int, optional
        What the matrices may take with their replicas: the rarest words are left out beyond it.
        Default 256 MiB.
    """
    limit = _SECONDS if seconds is None else seconds
    tokens = vocabulary.tokens if tokens is None else tokens
    config = config.replace(workers=config.workers or available_cpus())
    began = time.perf_counter()
    probe = _ThroughputProbe(corpus, _frequent(vocabulary, config, most_bytes), config)
    setup = (time.perf_counter() - began) * len(vocabulary) / probe.n_words
    if probe.plan.rows:
        return _of_rounds(probe.rounds(limit), probe, len(vocabulary), tokens, setup)
    n_ids = _FIRST_IDS
    probe.run(0.0, n_ids)  # not measured: libraries are loaded, memory is touched
    while (measured := probe.run(0.0, n_ids))[0] < limit / _PIECES / 4:
        n_ids *= 4
        if not measured[1]:
            return None
    n_ids = max(1, int(n_ids * limit / _PIECES / measured[0]))
    speeds = []
    for i in range(_PIECES):
        taken, words = probe.run((i + 0.5) / _PIECES, n_ids)
        speeds.append(words / taken)
    slowest, middle, fastest = sorted(speeds)
    if not slowest:
        return None
    whole = tokens * config.epochs / middle
    return Throughput(middle, slowest, fastest, whole, probe.predictions_per_word, setup)


def _frequent(vocabulary: Vocabulary, config: TrainingConfig, most_bytes: int | None) -> Vocabulary:
    """Return as many of the most frequent words as matrices and replicas of this size have."""
    row = 4 * row_stride(config.vector_size)
    matrices = 1 + sum(Weights.needed(config).values())
    copies = config.fixed_shards or config.workers or 1
    limit = _MAX_MATRIX_BYTES if most_bytes is None else most_bytes
    n = max(2, limit // row // matrices // copies)
    if len(vocabulary) <= n:
        return vocabulary
    return Vocabulary(vocabulary.words[:n], vocabulary.counts[:n])


def _of_rounds(
    rounds: Sequence[TimedRound],
    probe: _ThroughputProbe,
    n_words: int,
    tokens: int,
    setup: float,
) -> Throughput | None:
    """Return the speed that measured rounds show."""
    if not rounds:
        return None
    config, shards = probe.config, probe.plan.shards
    uses = row_uses(probe.vocabulary, config, probe.tables)
    per_token = np.concatenate(list(uses.values())) / probe.tokens
    final = config.min_alpha / config.learning_rate
    start = steps.decay_start(config, probe.shape)
    planned = schedule(tokens, shards, n_words, config.epochs, final, start)
    threads = probe.plan.threads(config)
    seconds = sharded_seconds(rounds, planned, per_token, threads)
    speed = tokens * config.epochs / seconds
    largest = max(each.tokens for each in rounds)
    paces = [each.tokens / each.seconds for each in rounds if 2 * each.tokens > largest]
    middle = float(np.median(paces))
    slowest, fastest = (pace / middle * speed for pace in (min(paces), max(paces)))
    return Throughput(speed, slowest, fastest, seconds, probe.predictions_per_word, setup)


def schedule(
    tokens: int,
    shards: int,
    n_words: int,
    epochs: int,
    final_rate: float = 0.0,
    decay_start: float = 0.0,
) -> Iterator[tuple[Round, int]]:
    """Yield the rounds of a run, and how often each occurs: rounds of late epochs are all alike.

    `final_rate` is the learning rate at the end, relative to the first; it falls after the share
    `decay_start` of the run.
    """
    start = decay_start * epochs

    def patience(epoch: float) -> int:
        if epoch <= start:
            return patience_at(1.0)
        return patience_at(1 - (1 - final_rate) * min(1.0, (epoch - start) / (epochs - start)))

    def rounds_after(last: Round | None, epoch: int) -> list[Round]:
        listed: list[Round] = []
        while not listed or listed[-1].end < tokens:
            at = epoch + (listed[-1].end / tokens if listed else 0)
            last = next_round(tokens, shards, n_words, last, patience=patience(at))
            listed.append(last)
        return listed

    last, epoch = None, 0
    while epoch < epochs:
        listed, repeats = rounds_after(last, epoch), 1
        late = rounds_after(Round(10**9, 0, 0, tokens), epoch)
        if [dataclasses.replace(one, epoch=epoch) for one in late] == listed:
            # Up to the epoch in which the learning rate has fallen further.
            while epoch + repeats < epochs and patience(epoch + repeats + 1) == patience(epoch):
                repeats += 1
        yield from ((one, repeats) for one in listed)
        epoch += repeats
        last = dataclasses.replace(listed[-1], epoch=epoch - 1)


def sharded_seconds(
    rounds: Sequence[TimedRound],
    planned: Iterator[tuple[Round, int]],
    uses_per_token: npt.NDArray[np.float64],
    threads: int = 1,
) -> float:
    """Return the duration of planned rounds, by that of measured ones.

    A round takes time for each token, and for each row that a replica uses for the first time,
    which is copied and later merged. All rows are used in a long one. What a token, a row and a
    merge take is fitted to the measured rounds. All threads merge; each trains whole replicas.

    Parameters
    ----------
    rounds : sequence of TimedRound
    planned : iterator of (Round, int)
        And how often each occurs.
    uses_per_token : float64, shape (n,)
        How often each row is used, on average, for each token.
    threads : int
    """
    listed = [(each.end - each.begin, each.replicas, n) for each, n in planned]
    sizes, replicas, times = np.array(listed, np.float64).T
    means = _by_size(rounds[1:] or rounds)
    before = np.array([[rounds[0].tokens, rounds[0].replicas]], np.float64)
    every = np.concatenate([np.stack([sizes, replicas], axis=1), means[:, :2], before])
    lengths = every[:, 0] / every[:, 1]  # tokens of a replica
    ends = lengths.min(), lengths.max()
    grid = np.geomspace(*ends, _GRID) if ends[0] < ends[1] else np.array(ends[:1])
    used = [float(-np.expm1(-uses_per_token * n).sum()) for n in grid]

    def causes(
        tokens: npt.NDArray[np.float64], replicas: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        each = tokens / replicas
        rows = np.interp(np.log(each), np.log(grid), used)
        turns = np.ceil(replicas / threads)
        merged = np.stack([rows * replicas / threads, np.ones(len(rows))], axis=1)
        return np.stack([each * turns, rows * turns], axis=1), merged

    def of_rounds(
        tokens: npt.NDArray[np.float64], replicas: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        trained, merged = causes(tokens, replicas)
        each: npt.NDArray[np.float64] = trained @ train + merged @ merge
        return each

    trained, merged = causes(means[:, 0], means[:, 1])
    train, merge = _fit(trained, means[:, 2]), _fit(merged, means[:, 3])
    extra = rounds[0].all_seconds - float(of_rounds(before[:, 0], before[:, 1])[0])
    # In the first round, memory is touched.
    return float(of_rounds(sizes, replicas) @ times) + max(0.0, extra)


def _by_size(rounds: Sequence[TimedRound]) -> npt.NDArray[np.float64]:
    """Return tokens, replicas, seconds and seconds of merging of rounds of about the same size.

    Where a thread had to wait for a processor, a round took far longer than others: medians.
    """
    groups: dict[tuple[int, int], list[TimedRound]] = {}
    for each in rounds:
        groups.setdefault((each.replicas, each.tokens.bit_length()), []).append(each)
    found = []
    for (replicas, _), group in groups.items():
        tokens = float(np.mean([each.tokens for each in group]))
        pace = float(np.median([each.seconds / each.tokens for each in group]))
        merging = float(np.mean([each.merge_seconds for each in group]))
        found.append((tokens, replicas, pace * tokens, merging))
    return np.array(found)


def _fit(causes: npt.NDArray[Any], seconds: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the seconds of each of two causes, none negative, by least relative squares."""
    seconds = np.maximum(seconds, 1e-9)
    relative = causes / seconds[:, np.newaxis]
    best, least = np.zeros(2), math.inf
    for chosen in ([0, 1], [0], [1]):
        found = np.zeros(2)
        found[chosen] = np.linalg.lstsq(relative[:, chosen], np.ones(len(seconds)), rcond=None)[0]
        error = float(((relative @ found - 1) ** 2).sum())
        if (found >= 0).all() and error < least * (1 - 1e-9):
            best, least = found, error
    return best


class _End:
    """Ends a run; see `Observer`."""

    next_tokens, at_epoch_end = math.inf, False

    def __init__(self, at: float, limit: float) -> None:
        self.next_time = at
        self.latest = at + limit

    def __call__(self, run: TrainingRun, /) -> bool:
        """Return whether enough has been measured, or twice the time is over."""
        assert isinstance(run, _SampledRun)
        return len(run.measured) >= _LEAST_ROUNDS or time.perf_counter() > self.latest


class _SampledRun(ShardedRun):
    """A run that notes how long its first rounds take, and then that of as large a one as it can.

    Parameters
    ----------
    shards, config
        See `ShardedRun`.
    limit : float
        Seconds after which no other round begins.
    """

    def __init__(self, shards: Shards, config: TrainingConfig, limit: float) -> None:
        super().__init__(shards, config, 0, math.inf)
        self.measured: list[TimedRound] = []
        self.limit = limit
        self.jumped = False
        self.began_round = self.trained = 0.0
        self.until = time.perf_counter() + limit
        self.observers = [_End(self.until, limit)]

    def begin_round(self) -> None:
        """Go to the next round, which may be a later one."""
        left = self.until - time.perf_counter()
        if self.measured and not self.jumped and left < (1 - _EARLY) * self.limit:
            self.jumped = True
            self.jump(left)
        super().begin_round()
        self.began_round = time.perf_counter()

    def jump(self, left: float) -> None:
        """Go to a round that takes about as many seconds as are left."""
        recent = self.measured[-3:]
        spent = sum(each.all_seconds for each in recent)
        wanted = int(sum(each.tokens for each in recent) * left / spent)
        at = Round(0, 0, 0, 0)
        n_words, epochs = len(self.parts.base.vectors), min(self.epochs, 100)
        for each, _ in schedule(self.tokens, self.shards, n_words, epochs, final_rate=1.0):
            if each.end - each.begin > max(wanted, recent[-1].tokens):
                break
            at = each
        if at.end - at.begin > recent[-1].tokens:
            done = at.epoch * self.tokens + at.begin
            epoch, end = divmod(done, self.tokens)
            if end == 0:
                epoch, end = epoch - 1, self.tokens
            self.last = Round(epoch, at.number, 0, end)

    def end_training(self) -> None:
        """Note when the round was trained."""
        self.trained = time.perf_counter()
        super().end_training()

    def end_round(self) -> None:
        """Note what the round took."""
        if self.round is not None:
            now, tokens = time.perf_counter(), self.round.end - self.round.begin
            train, merge = self.trained - self.began_round, now - self.trained
            self.measured.append(TimedRound(tokens, train, merge, self.round.replicas))
        super().end_round()


class _ThroughputProbe:
    """Short runs that share matrices and tables."""

    def __init__(self, corpus: Corpus, vocabulary: Vocabulary, config: TrainingConfig) -> None:
        self.config, self.corpus, self.vocabulary = config, corpus, vocabulary
        self.ids = corpus.ids
        self.n_words = len(vocabulary)
        self.weights = Weights.untrained(len(vocabulary), config)
        self.tables = sampling_tables(vocabulary, corpus, config)
        self.tokens = int(vocabulary.counts.sum())
        self.plan = ShardPlan.of(vocabulary, config, self.tables, self.tokens)
        self.shape = steps.TextShape.of(corpus, vocabulary, self.tables)
        self.predictions = self.trained = 0

    @property
    def predictions_per_word(self) -> float:
        """Predictions for each in-vocabulary token, so far."""
        return self.predictions / self.trained if self.trained else 0.0

    def _job(self, config: TrainingConfig, ids: npt.NDArray[np.int32], total: int) -> Any:
        at_once = steps.contexts_per_step(self.config, self.shape)
        return _hogwild.SharedState(config, self.weights, ids, self.tables, total, at_once)

    def rounds(self, limit: float) -> list[TimedRound]:
        """Train and merge shards for some seconds; return what each round took."""
        config, total = self.config, self.tokens * self.config.epochs
        job = self._job(config.replace(workers=self.plan.shards), self.ids, total)
        contexts = self.shape.contexts(config)
        shards = Shards(
            job, self.weights, self.vocabulary, config, self.ids, self.tables, self.plan, contexts
        )
        run = _SampledRun(shards, config, limit)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # if there is nothing to train on
            result = run.run()
        self.predictions, self.trained = result.predictions, result.tokens
        return run.measured if result.predictions else []

    def run(self, position: float, n_ids: int) -> tuple[float, int]:
        """Train on about `n_ids` ids; return seconds and words.

        Parameters
        ----------
        position : float
            Where in the corpus to start, from 0 to 1.
        n_ids : int
        """
        epochs = -(-n_ids // len(self.ids))
        size = min(n_ids, len(self.ids))
        start = int(position * (len(self.ids) - size))
        ids = np.append(self.ids[start : start + size], np.int32(-1))  # a sentence may be cut
        config = self.config.replace(epochs=epochs, workers=self.plan.threads(self.config))
        job = self._job(config, ids, max(self.tokens * self.config.epochs, n_ids))
        workers: list[Worker] = [
            SoftmaxWorker(job, self.weights, config) if config.softmax else _hogwild.Worker(job)
            for _ in range(config.workers or 1)
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # if there is nothing to train on
            result = BlockRun(job, workers, config, ids, self.tokens, 0).run()
        self.predictions += result.predictions
        self.trained += result.tokens
        return result.seconds, result.tokens
