"""gensim's `Word2Vec` on top of w2v's: its arguments, defaults and attributes."""

from __future__ import annotations

import logging
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import w2v.training
from w2v._attributes import renamed
from w2v._cpu import available_cpus
from w2v._types import PathLike
from w2v.compat.gensim import utils
from w2v.compat.gensim.matutils import argsort
from w2v.compat.gensim.models import _texts
from w2v.compat.gensim.models._texts import (
    MAX_WORDS_IN_BATCH,
    BrownCorpus,
    LineSentence,
    PathLineSentences,
    Text8Corpus,
)
from w2v.compat.gensim.models.keyedvectors import KeyedVectors, assign
from w2v.config import TrainingConfig, parameters
from w2v.corpus.corpus import Corpus
from w2v.corpus.options import Reading
from w2v.io import gensim_pickle, registry
from w2v.training.blocks import cut_blocks
from w2v.training.weights import Weights, copy_rows, pad_rows
from w2v.vocab.huffman import HuffmanTree
from w2v.vocab.pruning import PruningRules, TrimRule, WordCounts, word_counts
from w2v.vocab.sampling import keep_probability, subsampling_thresholds
from w2v.vocab.vocabulary import Vocabulary

if TYPE_CHECKING:
    from typing_extensions import Self

    from w2v.compat.gensim.models.callbacks import CallbackAny2Vec

__all__ = [
    "FAST_VERSION",
    "MAX_WORDS_IN_BATCH",
    "BrownCorpus",
    "LineSentence",
    "PathLineSentences",
    "Text8Corpus",
    "Word2Vec",
]

FAST_VERSION = 1  # the loops are compiled

logger = logging.getLogger("gensim.models.word2vec")

# Attributes that are set when a model is made, and saved with it.
_SAVED = {
    "max_vocab_size": None,
    "sorted_vocab": 1,
    "batch_words": MAX_WORDS_IN_BATCH,
    "null_word": 0,
    "comment": None,
    "compute_loss": False,
    "min_alpha_yet_reached": 0.0,
    "effective_min_count": 0,
    "running_training_loss": 0.0,
    "train_count": 0,
    "total_train_time": 0.0,
}


_KEPT = {"syn1neg", "syn1", "layer1_size", "get_latest_training_loss", "init_sims"}


class LoadError(ValueError, AttributeError):
    """A file is not that of a model: an AttributeError in gensim, a ValueError elsewhere in w2v."""


class Word2Vec(w2v.training.Word2Vec):
    """Word vectors by skip-gram or CBOW, with the meanings and defaults of gensim.

    Everything that `w2v.Word2Vec` has is here too. docs/gensim.md has a table of the names of
    gensim, and what differs.

    Parameters
    ----------
    sentences : iterable of list of str, optional
        The text; anything else that `w2v.Corpus` reads, too. It is read once, not once per epoch.
    corpus_file : path, optional
        The text: a file with one sentence per line. Give either this or `sentences`.
    vector_size, window, min_count, sample, sg, hs, negative, ns_exponent, cbow_mean, epochs, \
max_final_vocab, shrink_windows
        As in `w2v.Word2Vec`, but **CBOW is the default** (``sg=0``). A `sample` of 1 or more is a
        number of occurrences.
    alpha, min_alpha : float, default 0.025 and 0.0001
        Initial and final learning rate.
    max_vocab_size : int, optional
        While words are counted, drop the rarest whenever there are more than this.
    seed : int or None, default 1
        None: another one each time.
    workers : int, default 3
        Number of training threads; less than 1: one per processor. (gensim trains nothing then.)
    trim_rule : callable, optional
        ``trim_rule(word, count, min_count)`` returns `utils.RULE_KEEP`, `RULE_DISCARD` or
        `RULE_DEFAULT`.
    sorted_vocab : {1, 0}, default 1
        Order words by frequency; 0: by first appearance.
    callbacks : iterable of CallbackAny2Vec, default ()
        Called at the beginning and end of training and of each epoch.
    comment : object, optional
        Saved with the model, if JSON can represent it.
    null_word : 0
        Other values are not supported.
    compute_loss, batch_words, hashfxn
        Accepted without effect: the loss is always computed, workers take blocks of the text, and
        initial vectors depend on `seed` alone.

    Raises
    ------
    RuntimeError
        If there is text, but no word of it remains in the vocabulary.
    TypeError, ValueError, OSError, FloatingPointError
        See `w2v.Word2Vec`.

    Examples
    --------
    >>> from w2v.compat.gensim.models import Word2Vec
    >>> model = Word2Vec([["sun", "moon"], ["bread", "milk"]] * 50, vector_size=10, min_count=1)
    >>> print(model)
    Word2Vec<vocab=4, vector_size=10, alpha=0.025>
    """

    max_vocab_size: int | None
    sorted_vocab: int
    batch_words: int
    null_word: int
    comment: Any
    compute_loss: bool
    min_alpha_yet_reached: float
    effective_min_count: int
    running_training_loss: float
    train_count: int
    total_train_time: float
    hashfxn: Any
    raw_vocab: dict[str, int]
    lifecycle_events: list[dict[str, Any]]

    _renamed = {  # noqa: RUF012 - a mapping that does not change
        name: use for name, use in w2v.training.Word2Vec._renamed.items() if name not in _KEPT
    }

    @renamed(size="vector_size", iter="epochs")
    def __init__(  # the order of gensim
        self,
        sentences: Any = None,
        corpus_file: PathLike | None = None,
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        sample: float = 1e-3,
        seed: int | None = 1,
        workers: int = 3,
        min_alpha: float = 0.0001,
        sg: int = 0,
        hs: int = 0,
        negative: int = 5,
        ns_exponent: float = 0.75,
        cbow_mean: int = 1,
        hashfxn: Any = hash,
        epochs: int = 5,
        null_word: int = 0,
        trim_rule: TrimRule | None = None,
        sorted_vocab: int = 1,
        batch_words: int = MAX_WORDS_IN_BATCH,
        compute_loss: bool = False,
        callbacks: Iterable[CallbackAny2Vec] = (),
        comment: Any = None,
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
    ) -> None:
        if null_word:
            raise ValueError(f"null_word={null_word!r}: expected 0; w2v has no null word")
        if seed is None:
            seed = int.from_bytes(os.urandom(4), "little")
        self._init_config(
            TrainingConfig(
                vector_size=int(vector_size),
                window=int(window),
                min_count=min_count,
                max_final_vocab=max_final_vocab,
                sample=sample if sample < 1 else 1.0,
                sg=int(sg),
                cbow_mean=int(cbow_mean),
                hs=int(hs),
                negative=int(negative),
                ns_exponent=ns_exponent,
                score_offsets=False,
                decay_start=0.0,
                shrink_windows=bool(shrink_windows),
                alpha=alpha,
                min_alpha=min(min_alpha, alpha),
                epochs=epochs,
                workers=_threads(workers),
                seed=seed,
            )
        )
        self._sample = sample
        self._rates = float(alpha), float(min_alpha)
        self.max_vocab_size, self.sorted_vocab = max_vocab_size, sorted_vocab
        self.batch_words, self.null_word, self.comment = batch_words, null_word, comment
        self.compute_loss = bool(compute_loss)
        self.hashfxn = hashfxn
        self.min_alpha_yet_reached = float(alpha)
        callbacks = tuple(callbacks)
        if sentences is None and corpus_file is None:
            if trim_rule is not None or callbacks:
                logger.warning(
                    "trim_rule and callbacks are not kept in the model, and there is no text: pass "
                    "them to build_vocab() and train()"
                )
            return
        corpus = _texts.read(sentences, corpus_file, self.workers)
        self._integers = _texts.has_integers(corpus, sentences)
        self._build(corpus, trim_rule=trim_rule)
        self.corpus_count = _texts.n_sentences(corpus, sentences)
        if corpus is None:
            raise RuntimeError(_NO_VOCABULARY)
        self.train(
            corpus,
            total_examples=self.corpus_count,
            total_words=self.corpus_total_words,
            epochs=self.epochs,
            compute_loss=compute_loss,
            callbacks=callbacks,
        )

    def _init_config(self, config: TrainingConfig) -> None:
        super()._init_config(config)
        self._sample = 1e-3 if config.sample is None else config.sample
        self._rates = config.learning_rate, config.min_alpha
        for name, value in _SAVED.items():
            setattr(self, name, value)
        self.min_alpha_yet_reached = config.learning_rate
        self.effective_min_count = config.min_count
        self.raw_vocab, self.lifecycle_events = {}, []
        self.hashfxn = hash
        self.random = np.random.RandomState(config.seed % 2**32)
        self._bare_vectors: KeyedVectors | None = None
        self._n_threads: int | None = None  # of the training that goes on
        self._integers = False  # whether the keys of `wv` are integers; the vocabulary has strings
        # A call on the object would return another model and leave this one unchanged.
        self.__dict__["load"] = utils.call_on_class_only

    def __str__(self) -> str:
        return (
            f"{type(self).__name__}<vocab={len(self.wv)}, vector_size={self.vector_size}, "
            f"alpha={self.alpha}>"
        )

    # ---- Settings that gensim accepts in any order -----------------------------------------------

    @property
    def alpha(self) -> float:
        """The initial learning rate."""
        return self._rates[0]

    @alpha.setter
    def alpha(self, value: float) -> None:
        self._set_rates(float(value), self._rates[1])

    @property
    def min_alpha(self) -> float:
        """The final learning rate."""
        return self._rates[1]

    @min_alpha.setter
    def min_alpha(self, value: float) -> None:
        self._set_rates(self._rates[0], float(value))

    def _set_rates(self, alpha: float, min_alpha: float) -> None:
        self._rates = alpha, min_alpha
        if 0 <= min_alpha <= alpha != 0:  # else one of the two is yet to be assigned
            self.config = self.config.replace(alpha=alpha, min_alpha=min_alpha)

    @property
    def sample(self) -> float:
        """Words that make up a larger fraction are subsampled; 1 or more: that occur more often."""
        return self._sample

    @sample.setter
    def sample(self, value: float) -> None:
        self.config = self.config.replace(sample=value if value < 1 else 1.0)
        self._sample = value

    @property
    def workers(self) -> int | None:
        """Number of training threads; None: one per processor."""
        return self.config.workers

    @workers.setter
    def workers(self, value: int | None) -> None:
        self.config = self.config.replace(workers=_threads(value))

    def _change_built(self, config: TrainingConfig) -> None:
        """Allow what chooses words: it holds for the next ``build_vocab(update=True)``."""
        now = self.config
        super()._change_built(
            config.replace(min_count=now.min_count, max_final_vocab=now.max_final_vocab)
        )

    @property
    def layer1_size(self) -> int:
        """The same as `vector_size`."""
        return self.vector_size

    def _settle(self) -> None:
        """Write to `config` what depends on several settings, or on the vocabulary."""
        alpha, min_alpha = self._rates
        total = 0 if self._vocabulary is None else self.vocabulary.tokens
        sample = _fraction(self._sample, total)
        self.config = self.config.replace(
            alpha=alpha, min_alpha=min(alpha, min_alpha), sample=sample
        )

    # ---- Words and matrices ----------------------------------------------------------------------

    @property
    def wv(self) -> KeyedVectors:
        """The words and their vectors; without words before `build_vocab`.

        Assign vectors to use the model for queries only. It cannot be trained then, unless they
        have the words of the model: in that case, the vectors are copied.
        """
        if self._vocabulary is not None:
            wv: Any = self._wv
            return wv  # type: ignore[no-any-return]
        if self._bare_vectors is None:
            self._bare_vectors = self._keyed_vectors(
                [], np.zeros((0, self.vector_size), np.float32), np.zeros(0, np.int64)
            )
        return self._bare_vectors

    @wv.setter
    def wv(self, value: Any) -> None:
        if not isinstance(value, w2v.vectors.KeyedVectors):
            raise TypeError(f"wv is of type {type(value).__name__}: expected KeyedVectors")
        if self._vocabulary is not None and value.index_to_key == self._wv.index_to_key:
            self.wv.vectors = value.vectors
            return
        self._vocabulary, self._bare_vectors = None, value  # type: ignore[assignment]

    def _set_weights(self, vocabulary: Vocabulary, weights: Weights) -> None:
        super()._set_weights(vocabulary, weights)
        self._share_tree()

    def _grow(
        self,
        vocabulary: Vocabulary,
        n_sentences: int,
        n_tokens: int,
        corpus: Corpus | None = None,
    ) -> None:
        super()._grow(vocabulary, n_sentences, n_tokens, corpus)
        self._share_tree()

    def _share_tree(self) -> None:
        """Let `wv` know the codes of words."""
        tree = None
        if self.hs and len(self.vocabulary) > 1:
            tree = self.vocabulary.huffman_tree()
        self.wv._tree = tree

    def _keyed_vectors(
        self, words: list[str], vectors: npt.NDArray[np.float32], counts: npt.NDArray[np.int64]
    ) -> KeyedVectors:
        wv = KeyedVectors.__new__(KeyedVectors)
        w2v.vectors.KeyedVectors.__init__(
            wv, self._keys(words), vectors, counts=counts, fixed_vocab=True
        )
        return wv

    @property
    def syn1neg(self) -> npt.NDArray[np.float32]:
        """The output vectors of negative sampling; a view. Assigned values are copied."""
        if self._vocabulary is None or self._weights.output_vectors is None:
            raise AttributeError("syn1neg: the model has no output vectors of words")
        return self.output_vectors

    @syn1neg.setter
    def syn1neg(self, value: npt.ArrayLike) -> None:
        assign("syn1neg", self.syn1neg, np.asarray(value))

    @property
    def syn1(self) -> npt.NDArray[np.float32]:
        """The vectors of inner nodes of the Huffman tree, as in gensim with an unused last row.

        A copy; `node_vectors` is a view.
        """
        if self._vocabulary is None or self._weights.node_vectors is None:
            raise AttributeError("syn1: the model is not trained by hierarchical softmax (hs=1)")
        nodes = np.zeros((len(self.vocabulary), self.vector_size), np.float32)
        nodes[:-1] = self.node_vectors
        return nodes

    @syn1.setter
    def syn1(self, value: npt.ArrayLike) -> None:
        now = self.syn1  # raises an AttributeError without hs=1
        assign("syn1", now, np.asarray(value))
        self.node_vectors[:] = now[:-1]

    @property
    def cum_table(self) -> npt.NDArray[np.uint32] | None:
        """The cumulative distribution of noise words, times 2**31 - 1; None without them."""
        if self._vocabulary is None or not self.negative:
            return None
        return _cum_table(self.vocabulary.counts, self.ns_exponent, 2**31 - 1)

    def make_cum_table(self, domain: int = 2**31 - 1) -> None:
        """Do nothing: `cum_table` is computed from the counts when it is asked for."""

    def create_binary_tree(self) -> None:
        """Do nothing: the Huffman tree is built when it is needed."""

    def init_sims(self, replace: bool = False) -> None:
        """Scale all vectors to length 1 if `replace` is set; otherwise do nothing."""
        if replace:
            self.wv.unit_normalize_all()

    # ---- Vocabulary ------------------------------------------------------------------------------

    def scan_vocab(
        self,
        corpus_iterable: Any = None,
        corpus_file: PathLike | None = None,
        progress_per: int = 10_000,
        workers: int | None = None,
        trim_rule: TrimRule | None = None,
    ) -> tuple[int, int]:
        """Count the words of a text: in `raw_vocab`, for `prepare_vocab`.

        Returns
        -------
        total_words, corpus_count : int
            Number of words and sentences.
        """
        corpus = _texts.read(corpus_iterable, corpus_file, _threads(workers) or self.workers)
        self._integers = _texts.has_integers(corpus, corpus_iterable)
        self.raw_vocab = self._count(corpus, trim_rule)
        words = 0 if corpus is None else corpus.n_tokens
        return words, _texts.n_sentences(corpus, corpus_iterable)

    def _count(self, corpus: Corpus | None, trim_rule: TrimRule | None) -> dict[str, int]:
        if corpus is None:
            return {}
        if self.max_vocab_size:
            rule = self._rule(trim_rule)
            counts = _texts.pruned_counts(corpus, self.max_vocab_size, rule)
            return dict(zip(self._keys(list(counts)), counts.values(), strict=True))
        return dict(zip(self._keys(corpus.words()), corpus.type_counts.tolist(), strict=True))

    def _keys(self, words: list[str]) -> list[Any]:
        return [int(word) for word in words] if self._integers else words

    def _rule(self, trim_rule: TrimRule | None) -> TrimRule | None:
        """Return the rule for words of the vocabulary."""
        if trim_rule is None or not self._integers:
            return trim_rule
        rule: Any = trim_rule
        return lambda word, count, least: rule(int(word), count, least)

    def prepare_vocab(
        self,
        update: bool = False,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        min_count: int | None = None,
        sample: float | None = None,
        dry_run: bool = False,
    ) -> dict[str, int]:
        """Choose words from `raw_vocab`.

        Parameters
        ----------
        update : bool, default False
            Add to the vocabulary that the model has.
        keep_raw_vocab : bool, default False
            Keep `raw_vocab`.
        trim_rule : callable, optional
            See `Word2Vec`.
        min_count, sample : int and float, optional
            In place of the attributes of these names.
        dry_run : bool, default False
            Only report what would be chosen.

        Returns
        -------
        dict of str to int
            ``drop_unique`` words are left out; ``num_retained_words`` are kept, with
            ``retain_total`` occurrences; ``downsample_unique`` of these are subsampled, which
            leaves ``downsample_total`` occurrences.
        """
        counted = _word_counts(self.raw_vocab)
        report = self._choose(counted, None, update, trim_rule, min_count, sample, dry_run)
        if not (keep_raw_vocab or dry_run):
            self.raw_vocab = {}
        return report

    def prepare_weights(self, update: bool = False) -> None:
        """Do nothing: the matrices are made with the vocabulary."""

    def init_weights(self) -> None:
        """Make all vectors random, and the other matrices zero, as before training."""
        if self._vocabulary is not None:
            fresh = Weights.untrained(len(self.vocabulary), self.config)
            self._weights.restore(fresh.matrices())
            self._wv.mark_changed()

    @renamed(sentences="corpus_iterable")
    def build_vocab(  # type: ignore[override]
        self,
        corpus_iterable: Any = None,
        corpus_file: PathLike | None = None,
        update: bool = False,
        progress_per: int = 10_000,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        min_count: int | None = None,
        sample: float | None = None,
        dry_run: bool = False,
    ) -> None:
        """Choose the words of a text, and initialize their vectors at random.

        Parameters
        ----------
        corpus_iterable, corpus_file
            See `Word2Vec`.
        update : bool, default False
            Add to the vocabulary that the model has; see `w2v.Word2Vec.build_vocab`.
        progress_per : int
            Ignored.
        keep_raw_vocab : bool, default False
            Keep the counts of all words in `raw_vocab`.
        trim_rule, min_count, sample, dry_run
            See `prepare_vocab`.

        Raises
        ------
        RuntimeError
            If there is no vocabulary to update.
        """
        corpus = _texts.read(corpus_iterable, corpus_file, self.workers)
        if not update:
            self._integers = _texts.has_integers(corpus, corpus_iterable)
        self._build(corpus, update, keep_raw_vocab, trim_rule, min_count, sample, dry_run)
        if not dry_run:
            self.corpus_count = _texts.n_sentences(corpus, corpus_iterable)

    def _build(
        self,
        corpus: Corpus | None,
        update: bool = False,
        keep_raw_vocab: bool = False,
        trim_rule: TrimRule | None = None,
        min_count: int | None = None,
        sample: float | None = None,
        dry_run: bool = False,
    ) -> None:
        self.raw_vocab = {}
        counted: WordCounts | None = None
        if corpus is not None:
            counted = WordCounts(corpus.type_counts, corpus.words)
        if self.max_vocab_size or keep_raw_vocab:
            self.raw_vocab = self._count(corpus, trim_rule)
        if self.max_vocab_size and corpus is not None:
            counted, corpus_of_counts = _word_counts(self.raw_vocab), None
        else:
            corpus_of_counts = corpus
        report = self._choose(
            counted, corpus_of_counts, update, trim_rule, min_count, sample, dry_run
        )
        if not keep_raw_vocab:
            self.raw_vocab = {}
        if dry_run:
            return
        self.corpus_total_words = 0 if corpus is None else corpus.n_tokens
        logger.info("%s words of the text are in the vocabulary", report["num_retained_words"])
        self.add_lifecycle_event("build_vocab", update=update, trim_rule=str(trim_rule))

    def build_vocab_from_freq(
        self,
        word_freq: Mapping[str, int] | Vocabulary,  # type: ignore[override]
        keep_raw_vocab: bool = False,
        corpus_count: int | None = None,
        trim_rule: TrimRule | None = None,
        update: bool = False,
    ) -> None:
        """Choose words that were counted elsewhere; see `w2v.Word2Vec.build_vocab_from_freq`."""
        if isinstance(word_freq, Vocabulary):
            word_freq = dict(zip(word_freq.words, word_freq.counts.tolist(), strict=True))
        self.raw_vocab = dict(word_freq)
        if not update:
            self._integers = all(isinstance(key, (int, np.integer)) for key in self.raw_vocab)
        self.corpus_count = corpus_count or 0
        self.prepare_vocab(update, keep_raw_vocab, trim_rule)

    def _choose(
        self,
        counted: WordCounts | None,
        corpus: Corpus | None,
        update: bool,
        trim_rule: TrimRule | None,
        min_count: int | None,
        sample: float | None,
        dry_run: bool,
    ) -> dict[str, int]:
        """Choose among counted words, those of `corpus` if there is one; see `prepare_vocab`."""
        rule = self._rule(trim_rule)
        if update and self._vocabulary is None:
            raise RuntimeError(
                "there is no vocabulary to update: call build_vocab() without update=True first"
            )
        least = self.min_count if min_count is None else min_count
        sample = self.sample if sample is None else sample
        counts = np.zeros(0, np.int64) if counted is None else counted.counts
        self.effective_min_count = least
        if self.max_final_vocab is not None:
            above = 1
            if self.max_final_vocab < len(counts):
                above = int(np.sort(counts)[::-1][self.max_final_vocab]) + 1
            self.effective_min_count = max(least, above)
        kept = np.zeros(0, np.int64)
        if counted is not None:
            kept = counted.select(PruningRules(self.effective_min_count, None, rule), 0)
        if not dry_run and min_count is not None and not update:
            self.min_count = min_count
        if not dry_run:
            self.sample = sample
            if update:
                self._update(counted, corpus, rule)
            else:
                self._start(counted, corpus, kept if self.sorted_vocab else np.sort(kept))
        return _report(counts, counts[kept], sample)

    def _start(
        self, counted: WordCounts | None, corpus: Corpus | None, kept: npt.NDArray[np.int64]
    ) -> None:
        """Begin with these words, and untrained vectors."""
        self._vocabulary = self._bare_vectors = None
        if counted is None or not len(kept):
            return
        vocabulary = Vocabulary(counted.words(kept), counted.counts[kept])
        reading = self._reading if corpus is None else corpus.reading
        tokens = int(counted.counts.sum())
        self._init_weights(vocabulary, self.corpus_count, tokens, reading)

    def _update(
        self, counted: WordCounts | None, corpus: Corpus | None, trim_rule: TrimRule | None
    ) -> None:
        if counted is None:
            return
        source: Any = corpus
        if corpus is None:
            words = counted.words(np.arange(len(counted.counts)))
            source = dict(zip(words, counted.counts.tolist(), strict=True))
        grown = self.vocabulary.grown(
            source, min_count=self.effective_min_count, trim_rule=trim_rule
        )
        before = self.corpus_count
        self.corpus_total_words = 0  # None in old files of gensim
        self._grow(grown, 0, int(counted.counts.sum()), corpus)
        self.corpus_count = before

    def reset_from(self, other_model: w2v.training.Word2Vec) -> None:
        """Take the vocabulary of another model, with untrained vectors."""
        self._integers = getattr(other_model, "_integers", False)
        self._init_weights(
            other_model.vocabulary,
            other_model.corpus_count,
            other_model.corpus_total_words,
            Reading(),
        )

    def estimate_memory(
        self, vocab_size: int | None = None, report: dict[str, int] | None = None
    ) -> dict[str, int]:
        """Return about how many bytes a model with this many words takes.

        Returns
        -------
        dict of str to int
            Bytes of the words (``vocab``), of each matrix, and the ``total``.
        """
        rows = vocab_size or len(self.wv)
        matrix = rows * self.vector_size * 4
        report = dict(report or {}, vocab=rows * 150, vectors=matrix)
        if self.hs:
            report["syn1"] = matrix
        if self.negative:
            report["syn1neg"] = matrix
        report["total"] = sum(report.values())
        return report

    # ---- Training --------------------------------------------------------------------------------

    @renamed(iter="epochs", sentences="corpus_iterable")
    def train(  # type: ignore[override]
        self,
        corpus_iterable: Any = None,
        corpus_file: PathLike | None = None,
        total_examples: int | None = None,
        total_words: int | None = None,
        epochs: int | None = None,
        start_alpha: float | None = None,
        end_alpha: float | None = None,
        word_count: int = 0,
        queue_factor: int = 2,
        report_delay: float = 1.0,
        compute_loss: bool = False,
        callbacks: Iterable[CallbackAny2Vec] = (),
    ) -> tuple[int, int]:
        """Train on a text.

        Parameters
        ----------
        corpus_iterable, corpus_file
            See `Word2Vec`.
        total_examples, total_words : int
            Number of sentences or words. One of them is required, and ignored: the text is counted.
        epochs : int
            Number of passes through the text; required.
        start_alpha, end_alpha : float, optional
            Learning rates, from now on; default `alpha` and `min_alpha`.
        word_count, queue_factor, report_delay
            Ignored.
        compute_loss : bool
            Ignored: `get_latest_training_loss` works always.
        callbacks : iterable of CallbackAny2Vec
            Objects whose methods are called. With callbacks, workers wait for each other at the
            end of an epoch.

        Returns
        -------
        trained, raw : int
            Words of the text that are in the vocabulary, and all words; each once per epoch.

        Raises
        ------
        ValueError
            If `epochs`, or both `total_examples` and `total_words`, are missing.
        RuntimeError
            If the model has no vocabulary.
        FloatingPointError, TrainingInterrupt
            See `w2v.Word2Vec.train`.
        """
        self.alpha, self.min_alpha = start_alpha or self.alpha, end_alpha or self.min_alpha
        self._check_training(epochs, total_examples, total_words)
        assert epochs is not None
        self.epochs = epochs
        corpus = _texts.read(corpus_iterable, corpus_file, self.workers)
        self.compute_loss, self.running_training_loss = bool(compute_loss), 0.0
        self._settle()
        callbacks = tuple(callbacks)
        for one in callbacks:
            one.on_train_begin(self)
        if (
            corpus is None
            or len(self.vocabulary) < 2
            or not (self.vocabulary.index(corpus) >= 0).any()
        ):
            logger.warning(
                "There is nothing to train on: the text is empty, none of its words is in the "
                "vocabulary, or this has fewer than two words."
            )
            trained = raw = 0
        else:
            trained, raw = self._train(corpus, callbacks), corpus.n_tokens * epochs
        self.min_alpha_yet_reached = min(self.min_alpha_yet_reached, self.config.min_alpha)
        self.train_count += 1
        for one in callbacks:
            one.on_train_end(self)
        self.add_lifecycle_event("train", msg=f"trained on {trained} of {raw} words")
        return trained, raw

    def _check_training(
        self, epochs: int | None, total_examples: int | None, total_words: int | None
    ) -> None:
        if self.hs and self.negative:
            logger.warning(
                "Both hierarchical softmax and negative sampling are activated. Set either hs=0 or "
                "negative=0 to train one of them."
            )
        if self.alpha > self.min_alpha_yet_reached:
            logger.warning("Effective 'alpha' higher than previous training cycles")
        if total_examples is None and total_words is None:
            raise ValueError(
                "train() needs total_examples or total_words: pass "
                "total_examples=model.corpus_count"
            )
        if not epochs:
            raise ValueError(f"epochs={epochs!r}: train() needs it; pass epochs=model.epochs")
        if self._vocabulary is None:
            raise RuntimeError(_NO_VOCABULARY)

    def _train(self, corpus: Corpus, callbacks: Sequence[CallbackAny2Vec]) -> int:
        left = self.epochs

        def next_epoch(model: Any) -> None:
            nonlocal left
            left -= 1
            for one in callbacks:
                one.on_epoch_end(self)
            for one in callbacks if left else ():
                one.on_epoch_begin(self)

        for one in callbacks:
            one.on_epoch_begin(self)
        # Workers of gensim share an epoch, never two: what fits one block is trained in order, with
        # the same result each time.
        blocks = len(cut_blocks(corpus.ids)) - 1
        self._n_threads = min(blocks, self.workers or available_cpus())
        try:
            result = super().train(
                corpus,
                trainable=_trainable(self.wv, len(self.vocabulary)),
                on_epoch_end=next_epoch if callbacks else None,
            )
        finally:
            self._n_threads = None
        self.total_train_time += result.seconds
        return result.tokens

    def _workers_used(self) -> int | None:
        return self._n_threads or self.workers

    def _record_epoch(self, loss: float, predictions: int) -> None:
        super()._record_epoch(loss, predictions)
        if predictions:
            self.running_training_loss += loss * predictions

    def get_latest_training_loss(self) -> float:
        """Return the sum of the losses of all predictions since `train` was called.

        `training_loss` has the mean loss of each epoch, which can be compared between texts.
        """
        return self.running_training_loss

    def add_lifecycle_event(
        self, event_name: str, log_level: int | None = logging.INFO, **event: Any
    ) -> None:
        """Append an event to `lifecycle_events`, which are not saved; log it unless None."""
        self.lifecycle_events.append({**event, "event": event_name})
        if log_level is not None:
            logger.log(log_level, "%s: %s", event_name, event)

    # ---- Using a model ---------------------------------------------------------------------------

    def score(  # type: ignore[override]
        self,
        sentences: Any,
        total_sentences: int = 1_000_000,
        chunksize: int = 100,
        queue_factor: int = 2,
        report_delay: float = 1,
    ) -> npt.NDArray[np.float32]:
        """Score each sentence by the training objective; see `w2v.Word2Vec.score`.

        Parameters
        ----------
        sentences : iterable of list of str
        total_sentences : int
            Maximum number of scores.
        chunksize, queue_factor, report_delay
            Ignored.

        Returns
        -------
        float32, shape (sentences,)
            As in gensim, 0.0 for a sentence in which nothing is predicted.
        """
        if self._vocabulary is None:
            raise RuntimeError(_NO_VOCABULARY)
        scores = super().score(sentences)[:total_sentences]
        return np.nan_to_num(scores, nan=0.0).astype(np.float32)

    def predict_output_word(  # type: ignore[override]
        self, context_words_list: Sequence[Any], topn: int | None = 10
    ) -> list[tuple[str, Any]] | None:
        """Return the most probable center words for a context, and their probabilities.

        Parameters
        ----------
        context_words_list : list of str or int
            The words around the center word, or their rows. Words outside the vocabulary are
            ignored.
        topn : int or None, default 10
            Number of words; None: all.

        Returns
        -------
        list of (str, float), or None if none of the words is known
            Probabilities are those of gensim: proportional to exp(score).

        Raises
        ------
        RuntimeError
            If the model is not trained by negative sampling.
        """
        if self._vocabulary is None or self._weights.output_vectors is None:
            raise RuntimeError(
                "predict_output_word() needs a model that is trained by negative sampling "
                "(negative above 0)"
            )
        index = self.wv.key_to_index
        rows = [
            row
            for word in context_words_list
            if (row := index.get(word, word if _is_row(word, len(index)) else -1)) >= 0
        ]
        if not rows:
            logger.warning("None of the context words is in the vocabulary.")
            return None
        hidden = self.wv.vectors[rows].sum(axis=0)
        if self.cbow_mean:
            hidden /= len(rows)
        scores = self.output_vectors @ hidden
        probabilities = np.exp(scores - scores.max())
        probabilities /= probabilities.sum()
        words = self.wv.index_to_key
        return [
            (words[row], probabilities[row]) for row in argsort(probabilities, topn, reverse=True)
        ]

    # ---- Files and copies ------------------------------------------------------------------------

    def save(
        self,
        fname_or_handle: Any,
        separately: Any = None,
        sep_limit: int = 10 * 1024**2,
        ignore: Any = frozenset(),
        pickle_protocol: int = 4,
    ) -> None:
        """Save the whole model in one safetensors file, whatever its name; see `w2v.Word2Vec.save`.

        Parameters
        ----------
        fname_or_handle : path, or file opened for writing bytes
        separately, sep_limit, ignore, pickle_protocol
            Ignored: large arrays are in the same file, which `load` maps into memory.
        """
        self._settle()
        self.corpus_total_words = self.corpus_total_words or 0
        if not hasattr(fname_or_handle, "write"):
            super().save(fname_or_handle)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model")
            super().save(path)
            with open(path, "rb") as file:
                shutil.copyfileobj(file, fname_or_handle)

    @classmethod
    def load(cls, fname: PathLike, mmap: str | None = None, *, rethrow: bool = False) -> Self:
        """Load a model that `save` or gensim has saved.

        Parameters
        ----------
        fname : path
        mmap, rethrow
            Ignored.

        Raises
        ------
        ValueError
            If the file is truncated, corrupt or not a model; it is an AttributeError, too, as in
            gensim.
        OSError
            If the file cannot be read.
        """
        try:
            if registry.detect(fname) == "gensim":
                return cls._from_gensim(gensim_pickle.read_model(fname))
            return super().load(fname)
        except ValueError as error:
            raise LoadError(*error.args) from None

    @classmethod
    def _from_gensim(cls, saved: gensim_pickle.GensimModel) -> Self:
        """Return the model that a file of gensim has."""
        content, settings = saved.content, saved.settings
        known = {name: settings[name] for name in parameters() if settings.get(name) is not None}
        sample = known.get("sample", 1e-3)
        known |= {
            "vector_size": content.vectors.shape[1],
            "sample": min(sample, 1.0),
            "workers": _threads(known.get("workers", 3)),
            "min_alpha": min(known.get("min_alpha", 1e-4), known.get("alpha", 0.025)),
        }
        model = cls.__new__(cls)
        model._init_config(
            TrainingConfig(
                **{"sg": 0, "alpha": 0.025, "score_offsets": False, "decay_start": 0.0} | known
            )
        )
        model._set_extra_state(
            {"gensim": settings | {"sample": sample, "rates": (model.alpha, model.min_alpha)}}
        )
        if content.words:
            counts = content.counts
            if counts is None:
                counts = np.ones(len(content.words), np.int64)
            words = content.words
            if not isinstance(words[0], str):
                model._integers, words = True, [str(int(word)) for word in words]
            vocabulary = Vocabulary(words, np.maximum(counts, 1))
            model._set_weights(vocabulary, _weights(saved, vocabulary, model.config))
            model.wv._attributes.update(content.attributes)
        if saved.locks is not None:
            model.wv.vectors_lockf = saved.locks
        model.corpus_count = settings.get("corpus_count") or 0
        model.corpus_total_words = settings.get("corpus_total_words")  # type: ignore[assignment]
        return model

    def _extra_state(self) -> dict[str, Any]:
        state = {name: getattr(self, name) for name in _SAVED}
        state |= {"sample": self._sample, "rates": self._rates, "integers": self._integers}
        if (locks := self.wv._locks_as_runs()) is not None:
            state["vectors_lockf"] = locks
        return {"gensim": state}

    def _set_extra_state(self, state: dict[str, Any]) -> None:
        saved = dict(state.get("gensim", {}))
        for name in _SAVED.keys() & saved.keys():
            setattr(self, name, saved[name])
        self._sample = saved.get("sample", self._sample)
        alpha, min_alpha = saved.get("rates", self._rates)
        self._rates = float(alpha), float(min_alpha)
        if saved.get("integers"):
            self._integers = True
            attributes = self.wv._attributes
            self._set_weights(self.vocabulary, self._weights)
            self.wv._attributes.update(attributes)
        if "vectors_lockf" in saved:
            self.wv._set_lock_runs(saved["vectors_lockf"])

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if self._vocabulary is not None:
            state["_locks"] = self.wv.vectors_lockf
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        locks = state.pop("_locks", None)
        super().__setstate__(state)
        if locks is not None:
            self.wv.vectors_lockf = locks


_NO_VOCABULARY = "you must first build vocabulary before training the model: call build_vocab()"


def _weights(
    saved: gensim_pickle.GensimModel, vocabulary: Vocabulary, config: TrainingConfig
) -> Weights:
    """Return the matrices of a file of gensim; one that it lacks is untrained."""
    words = len(vocabulary)
    output, nodes = Weights.untrained_outputs(words, config)
    if output is not None and saved.output_vectors is not None:
        copy_rows(saved.output_vectors[:words], output)
    if nodes is not None and saved.node_vectors is not None:
        paths, codes = saved.content.nodes or [None], saved.content.codes or [None]
        if any(one is None for one in (*paths, *codes)):
            logger.warning("The Huffman tree is missing: the vectors of its nodes are untrained.")
        else:
            vocabulary.given_tree = HuffmanTree.from_paths(paths, codes)
            copy_rows(saved.node_vectors[: words - 1], nodes)
    return Weights(pad_rows(saved.content.vectors), output, nodes)


def _threads(workers: int | None) -> int | None:
    """Return a number of workers as w2v has it: less than 1 means one per processor, None."""
    return int(workers) if workers is not None and workers >= 1 else None


def _trainable(wv: KeyedVectors, n_words: int) -> npt.NDArray[np.bool_] | None:
    """Return which rows to train, from `vectors_lockf`: one factor for each, or one for all."""
    factors = np.asarray(getattr(wv, "vectors_lockf", 1.0)).ravel()
    if (factors == 1).all():  # of any number of words: the vocabulary may have grown
        return None
    if not np.isin(factors, (0, 1)).all() or len(factors) not in (1, n_words):
        raise ValueError(
            "vectors_lockf: expected one factor, or one for each word, of 0 (keep the vector as it "
            "is) or 1 (train it); w2v has no factors in between"
        )
    return np.broadcast_to(factors != 0, n_words)


def _word_counts(raw_vocab: Mapping[Any, int]) -> WordCounts | None:
    """Return words and counts, of integers too; None for an empty mapping."""
    return word_counts({str(key): n for key, n in raw_vocab.items()}) if raw_vocab else None


def _is_row(word: Any, rows: int) -> bool:
    return isinstance(word, (int, np.integer)) and 0 <= int(word) < rows


def _cum_table(
    counts: npt.NDArray[np.int64], ns_exponent: float, domain: int
) -> npt.NDArray[np.uint32]:
    weights = np.cumsum(counts.astype(np.float64) ** ns_exponent)
    return np.asarray(np.rint(weights / weights[-1] * domain), np.uint32)


def _fraction(sample: float, total: int) -> float:
    """Return a `sample` as a fraction of all words; from 1 on it is a number of occurrences."""
    if sample < 1:
        return sample
    return min(1.0, int(sample * (3 + math.sqrt(5)) / 2) / max(1, total))


def _report(
    counts: npt.NDArray[np.int64], kept: npt.NDArray[np.int64], sample: float
) -> dict[str, int]:
    """Return what `prepare_vocab` reports, for the counts of all words and of those kept."""
    total = int(kept.sum())
    thresholds = subsampling_thresholds(kept, _fraction(sample, total)) if total else None
    probability = kept if thresholds is None else keep_probability(thresholds)
    return {
        "drop_unique": len(counts) - len(kept),
        "retain_total": total,
        "downsample_unique": int((probability < 1).sum()),
        "downsample_total": int((kept * probability).sum()),
        "num_retained_words": len(kept),
    }
