"""The same model trained several times with different seeds, on one encoded corpus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from w2v._memory import explain_shortage
from w2v._validation import at_least
from w2v.config import TrainingConfig
from w2v.corpus.options import Options
from w2v.progress import Progress, Reporter, as_reporter
from w2v.training.interrupt import TrainingInterrupt
from w2v.training.texts import read_text
from w2v.training.word2vec import Word2Vec
from w2v.vectors.comparing import NEIGHBORS_AMONG
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vectors.stability import Stability

if TYPE_CHECKING:
    from w2v.corpus.corpus import Corpus
    from w2v.corpus.options import Tokenizer
    from w2v.training.texts import Source

_LAST_SEED = 2**64 - 1


def stability(
    corpus: Source,
    runs: int = 5,
    *,
    k: int = 10,
    neighbors_among: int | None = NEIGHBORS_AMONG,
    progress: bool | Reporter = False,
    tokenizer: str | Tokenizer | None = None,
    lowercase: bool = False,
    column: str | None = None,
    errors: str = "strict",
    **settings: Any,
) -> Stability:
    """Train several models that differ in their seed alone, and measure what they agree on.

    A neighbor that most runs agree on is due to the text; one of a single run is due to chance.

    Parameters
    ----------
    corpus : Corpus or text
        Read once; every run trains on the same ids.
    runs : int, default 5
        Number of models, at least 2. Their seeds are ``seed``, ``seed + 1``, ...
    k : int, default 10
        Neighbors of each word that are compared, from 1 to 100.
    neighbors_among : int or None, default 5,000
        They are looked for among this many of the most frequent words; None: all.
    progress : bool or callable, default False
        True shows a progress bar for all runs. A callable receives a `Progress`.
    tokenizer, lowercase, column, errors
        How text is read; as in `Word2Vec`.
    settings
        The hyper-parameters of `Word2Vec`, `seed` among them.

    Returns
    -------
    Stability

    Raises
    ------
    StabilityInterrupt
        After Ctrl-C: a `KeyboardInterrupt` whose attribute `stability` is the result for the runs
        that had ended, if there are two.
    TypeError, ValueError, OSError, FloatingPointError
        As `Word2Vec` does.

    Notes
    -----
    Memory: the input vectors of all runs in float32, ``4 * runs * words * vector_size`` bytes, and
    one model at a time.

    Examples
    --------
    >>> import w2v
    >>> sentences = [["sun", "moon", "star"], ["bread", "milk", "egg"]] * 50
    >>> found = w2v.stability(sentences, runs=3, k=2, vector_size=10, min_count=1, sample=0,
    ...                       epochs=20, workers=1)
    >>> found["moon"], [one.word for one in found.neighbors("moon")]
    (1.0, ['star', 'sun'])
    """
    at_least(2, "runs", runs)
    config = TrainingConfig(**settings)
    if config.seed + runs - 1 > _LAST_SEED:
        raise ValueError(f"seed={config.seed}: expected at most 2**64 - {runs}, for {runs} runs")
    options = Options(tokenizer, lowercase, errors, config.workers)
    with as_reporter(progress) as report:
        text = read_text(corpus, None, options, column, report)
        return _collected(_train(text, config, runs, report), config.seed, k, neighbors_among)


def _collected(
    runs: Iterator[KeyedVectors], seed: int, k: int, neighbors_among: int | None
) -> Stability:
    done: list[KeyedVectors] = []

    def result() -> Stability:
        names = [f"seed {seed + i}" for i in range(len(done))]
        return Stability(done, names, k=k, neighbors_among=neighbors_among)

    try:
        for wv in runs:
            done.append(wv)
    except TrainingInterrupt as interrupt:
        raise StabilityInterrupt(result() if len(done) > 1 else None, len(done)) from interrupt
    return result()


def _train(
    corpus: Corpus, config: TrainingConfig, runs: int, report: Reporter | None
) -> Iterator[KeyedVectors]:
    """Train one model after another, and yield a copy of the input vectors of each."""
    given = {name: value for name, value in config.to_dict().items() if name != "seed"}
    began = time.perf_counter()
    for run in range(runs):
        model = Word2Vec(**given, seed=config.seed + run)
        model.build_vocab(corpus)
        n_bytes = 4 * len(model.wv) * config.vector_size
        progress = None if report is None else _OfAllRuns(report, run, runs, began)
        model.train(corpus, progress=progress or False)
        with explain_shortage("the vectors of a run", n_bytes, "choose fewer runs or dimensions"):
            vectors = np.array(model.wv.vectors, np.float32, order="C")
        yield KeyedVectors(model.wv.index_to_key, vectors, counts=model.wv.counts)


class _OfAllRuns:
    """Passes the progress of one run on as a part of that of all."""

    def __init__(self, report: Reporter, run: int, runs: int, began: float) -> None:
        self.report, self.run, self.runs, self.began = report, run, runs, began

    def __call__(self, progress: Progress) -> None:
        if progress.phase != "training":
            self.report(progress)
            return
        self.report(
            replace(
                progress,
                done=self.run * progress.total + progress.done,
                total=self.runs * progress.total,
                seconds=time.perf_counter() - self.began,
                run=self.run + 1,
                runs=self.runs,
            )
        )


class StabilityInterrupt(KeyboardInterrupt):
    """Ctrl-C ended the training of several runs; those that had ended are kept.

    Parameters
    ----------
    stability : Stability or None
        Of the runs that had ended; None if there are fewer than two.
    runs : int
        Number of runs that had ended.

    Attributes
    ----------
    stability : Stability or None
    runs : int
    """

    def __init__(self, stability: Stability | None, runs: int) -> None:
        kept = "catch w2v.StabilityInterrupt to use them" if stability else "too few to compare"
        super().__init__(f"training was interrupted after {runs} whole runs; {kept}")
        self.stability, self.runs = stability, runs

    def __reduce__(self) -> Any:
        return type(self), (self.stability, self.runs)
