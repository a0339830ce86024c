"""The `Word2Vec` model."""

from __future__ import annotations

import copy
import numbers
import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, overload

import numpy as np
import numpy.typing as npt

from w2v._attributes import WriteOnce, renamed
from w2v._types import PathLike
from w2v._validation import as_array, require_list
from w2v._warnings import warn
from w2v.config import TrainingConfig, parameters, with_named_settings
from w2v.corpus.corpus import Corpus
from w2v.corpus.integer_reader import copy_row
from w2v.corpus.options import Options, Reading, Tokenizer
from w2v.io.names import check_name
from w2v.io.reading import reading
from w2v.progress import Reporter, as_reporter
from w2v.training import gensim_names
from w2v.training.anchors import Anchor, strengths_of
from w2v.training.checkpoint import Checkpoint
from w2v.training.checkpointing import Checkpointer
from w2v.training.early_stopping import EarlyStopping
from w2v.training.full_softmax import check_softmax_vocab
from w2v.training.given_vectors import GivenVectors
from w2v.training.history import EpochRecord
from w2v.training.model_runs import ModelRun, resume
from w2v.training.prediction import Predictor, most_probable
from w2v.training.resources import check_memory
from w2v.training.resuming import RunSettings
from w2v.training.runs import TrainingResult
from w2v.training.starts import Starts
from w2v.training.texts import (
    Source,
    has_tokens,
    is_single_source,
    read_text,
    readable_twice,
    split_held_out,
)
from w2v.training.watching import CONTROLS, Control
from w2v.training.weights import Weights, pad_rows
from w2v.vectors.combining import Rule, check_kind
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vocab.pruning import Counts, PruningRules, TrimRule, WordList, word_list
from w2v.vocab.vocabulary import Vocabulary, counted_words

if TYPE_CHECKING:
    from typing_extensions import Self

EpochCallback = Callable[["Word2Vec"], object]


class Word2Vec(WriteOnce):
    """Word vectors by skip-gram or CBOW (Mikolov et al., 2013).

    Skip-gram predicts a context word from each center word, CBOW predicts the center word from all
    its context words together; either by negative sampling, hierarchical softmax, both, or the full
    softmax. **The default is skip-gram** (``sg=1``), whereas gensim defaults to CBOW: set ``sg=0``
    for what gensim trains by default.

    If text is given, the model is trained at once. Otherwise call `build_vocab` and `train`.

    Parameters
    ----------
    sentences : Corpus, path, or iterable, optional
        The text: a `Corpus`, or anything that `Corpus` accepts, such as text files, lists of
        tokens, lines, tables or arrays of integers.
    corpus_file : path or list of paths, optional
        The text, from text files only. Give either this or `sentences`.
    trim_rule : callable, optional
        ``trim_rule(word, count, min_count)`` decides for each word whether it is trained. It
        returns `w2v.RULE_KEEP`, `w2v.RULE_DISCARD`, or `w2v.RULE_DEFAULT` to apply `min_count`; see
        `Vocabulary.from_corpus`. It is not saved with the model.
    vocabulary : iterable of str, path, or Vocabulary, optional
        Train exactly these words: a list, a text file with one word per line, or the words of a
        `Vocabulary`. `min_count` does not apply. Words that do not occur in the text are left out
        with a warning; see `Vocabulary.from_words`.
    init : KeyedVectors, path, or Word2Vec, optional
        Vectors to begin with, of as many dimensions: those of words that are in the vocabulary,
        spelled alike. The others begin with random numbers. A file may have any format that
        `KeyedVectors.read` knows. A model also gives its output vectors, which begin at zero
        otherwise, if it has the same objective. See docs/trust.md.
    quality : {None, "fast", "balanced", "best"}, default None
        A named set of settings: "fast" is 3 epochs with an initial learning rate of 0.05 (that of
        the objective, if it is not skip-gram with negative sampling), "best" 15 epochs and 200
        dimensions, and "balanced" the defaults. Settings that are given too win over it. See
        docs/performance.md for the accuracy and the time of each.
    vector_size : int, default 100
        Number of dimensions of a word vector, from 1 to 65,536.
    window : int, default 5
        Maximum distance in words between a center word and its context, from 1 to 10,000.
    min_count : int, default 5
        Words that occur less often are left out; at least 0.
    max_final_vocab : int or None, default None
        Maximum number of words, the most frequent ones; at least 1. None: no maximum.
    sample : float or None, default None
        Words that make up a larger fraction of the corpus are subsampled, from 0 to 1. Smaller
        values drop more of the frequent words; 0 drops none. None: 1e-3, but on a long text 1e-4
        for skip-gram and 3e-5 for CBOW, with negative sampling alone. See docs/objectives.md.
    sg : {1, 0}, default 1
        1: skip-gram. 0: CBOW, which is the default of gensim.
    cbow_mean : {1, 0}, default 1
        CBOW: 1 averages the context vectors, 0 adds them up.
    cbow_gradient : {"classic", "exact"}, default "classic"
        CBOW with `cbow_mean=1`: "exact" divides the gradient by the number of context words, as
        the derivative of the mean requires; "classic" gives each context word the whole gradient,
        as word2vec.c and gensim do.
    hs : {0, 1}, default 0
        1: hierarchical softmax; with `negative` above 0, both are trained.
    negative : int, default 5
        Number of noise words per true word, from 0 to 1,000; 0: no negative sampling.
    softmax : bool, default False
        Full softmax instead of negative sampling, for small vocabularies; not with `hs=1`.
    max_softmax_vocab : int, default 20,000
        Maximum vocabulary size for the full softmax, at least 2. A larger vocabulary raises an
        error.
    ns_exponent : float, default 0.75
        Noise words are drawn in proportion to ``count ** ns_exponent``.
    shared_negatives : bool, default True
        Skip-gram: draw noise words once per center word instead of once per pair; for long windows
        and small vocabularies, once per group of its context words.
    score_offsets : bool or None, default None
        Negative sampling: add a constant to the score of each word, how much more often it is the
        true word than a noise word, as a logarithm. Vectors then learn only what a context adds to
        the frequencies of words. None: with ``hs=0``, but not for CBOW by the sum. False: as
        word2vec.c and gensim. See docs/objectives.md.
    shrink_windows : bool, default True
        Draw the size of each window uniformly from 1 to `window`.
    alpha : float or None, default None
        Initial learning rate, above 0. None: 0.025; for CBOW with the mean 0.075 ("classic") or
        0.15 ("exact"), and two thirds of that with `hs=1`. Skip-gram uses up to twice that for a
        short text. CBOW uses less for windows of more than 20 words and for less than about 300
        different words, except with "exact". See docs/objectives.md; the `alpha` of a
        `TrainingResult` is what was used.
    min_alpha : float, default 1e-4
        Final learning rate, from 0 to `alpha`. The learning rate falls linearly with the number of
        words trained, from where `decay_start` says.
    decay_start : float or None, default None
        Share of training after which the learning rate falls, from 0 to 1; it is `alpha` before. 0:
        it falls from the beginning, as in word2vec.c and gensim. None: 0.3 for skip-gram with
        negative sampling alone, on a text of some millions of words or with more epochs, where it
        begins with 0.025 or less; otherwise 0, and so for a model that was trained before. See
        docs/objectives.md; the `decay_start` of a `TrainingResult` is what was used.
    epochs : int, default 5
        Number of passes through the corpus, from 1 to 1,000,000.
    workers : int or None, default None
        Number of training threads, from 1 to 1,024. None: one per available processor.
    shards : int or None, default None
        Number of parts of the text that are trained alone for a while and then merged, from 1 to
        1,024; at most `workers` of them at a time. Results depend on their number, but not on that
        of the workers. None: as many as workers. A short text has fewer. See docs/performance.md.
    replica_memory : int or None, default None
        Memory for the replicas that shards train, in MiB. If it is too small for replicas of all
        rows, the shards share the rarest rows, and results are no longer reproducible; with
        `shards` set, that is an error. 0: no replicas, all workers train the same rows (Hogwild).
        None: a quarter of the free memory.
    deterministic : bool, default False
        Train the same vectors, to the bit, with any number of workers, from any source of the same
        text, on any machine with the same SIMD variant; see `w2v.simd`. `shards` is then 16 unless
        it is given, full softmax has one worker, and too little memory for all replicas is an
        error. A file of the model does not say how many workers trained it. See docs/trust.md.
    seed : int, default 1
        Seed of all random numbers, from 0 to 2**64 - 1.
    tokenizer : None, "unicode" or callable, default None
        How to split text into words: None at white space; see `Corpus`. Text that the model reads
        later is split in the same way.
    lowercase : bool, default False
        Lower-case the words, those of text that the model reads later included.
    column : str, optional
        Column of a table with the text; required if several could be it.
    errors : {"strict", "replace", "ignore"}, default "strict"
        What to do with bytes that are not valid UTF-8; see `Corpus`.
    progress : bool or callable, default False
        True shows a progress bar. A callable receives a `Progress` about ten times per second.
    on_epoch_end : callable, optional
        ``on_epoch_end(model)`` is called after each epoch, with the model as it is. If it returns
        True, training ends early.
    callbacks : list of objects, default ()
        Objects with methods that are called at certain moments, as in gensim:
        ``on_train_begin(model)``, ``on_epoch_begin``, ``on_epoch_end``, ``on_train_end``, and more.
        See `w2v.callbacks`, which has ready ones, and docs/trust.md.
    validation : bool, float or text, default None
        Text that is never trained on, whose loss is measured after each epoch: it is in
        `TrainingResult.history`. A share of the sentences, at most 0.5, drawn by the seed (True:
        0.001), which are then left out of training, with a copy of the ids in memory; or a corpus
        of its own, or any source of one. See docs/trust.md.
    validation_every : str, optional
        When to measure it instead, and at the end: "1min", "5_000_000 tokens", "0.25 epochs".
    early_stopping : bool, int or EarlyStopping, default None
        End training when the loss of `validation` falls no longer: after this number of
        measurements without a gain (True: 3). The model then has the best weights that were
        measured, whose copy takes as much memory as the matrices. See docs/trust.md.
    max_seconds : float, optional
        End training after this time, without the reading of the text, with a learning rate that has
        fallen to `min_alpha` by then, and fewer epochs if need be. If there is time for all epochs,
        nothing changes. See docs/trust.md.
    checkpoint : path, optional
        A file to which the state of training is written again and again, so that `resume` goes on
        after an interruption as if there had been none. At the end it has the model. A copy of the
        matrices in memory lets training go on while it is written. See docs/trust.md.
    checkpoint_every : str, default "10min"
        How often: "0.5s", "2h", "5_000_000 tokens", "1 epoch".

    Attributes
    ----------
    wv : KeyedVectors
        The words and their vectors.
    output_vectors : float32, shape (V, vector_size)
        Negative sampling and full softmax: one row per predicted word, in the order of ``wv``.
    node_vectors : float32, shape (V - 1, vector_size)
        Hierarchical softmax: one row per inner node of the Huffman tree, the root last.
    training_loss : list of float
        Mean loss per prediction in nats, one value per epoch. A prediction is a (center, context)
        pair for skip-gram, a center word for CBOW. Its loss is ``-log p(target)`` for hierarchical
        and full softmax, and the negative of eq. 4 of Mikolov et al. (2013), "Distributed
        representations", for negative sampling: ``(1 + negative) * log(2)`` before training. With
        both, it is the sum. It is measured before each update. It can rise slightly near the end of
        training, when the learning rate is small.
    history : list of EpochRecord
        One record for each epoch of all trainings, and for each measurement of held-out text: see
        `TrainingResult`.
    config : TrainingConfig
        The hyper-parameters.
    vocabulary : Vocabulary
        The words and their counts.
    initial_words : int
        Number of words that began with vectors of `init`.
    corpus_count, corpus_total_words : int
        Number of sentences and tokens of the corpus from which the vocabulary was built. After
        `build_vocab_from_freq`, the sum of all counts is the number of tokens.

    Raises
    ------
    TypeError, ValueError
        If a hyper-parameter has the wrong type or is out of range, the text is invalid, or the
        vocabulary is too small.
    OSError
        If a file cannot be read.
    FloatingPointError
        If training diverges.
    TrainingInterrupt
        After Ctrl-C: a `KeyboardInterrupt` whose attribute `model` is the model as it is.

    Notes
    -----
    With one worker and one seed, every run gives the same vectors, bit for bit, on the same SIMD
    variant. Several workers update shared rows without locks (Niu et al., 2011, "Hogwild!"), and
    their runs differ slightly.

    Examples
    --------
    >>> from w2v import Word2Vec
    >>> sentences = [["sun", "moon", "star"], ["bread", "milk", "egg"]] * 50
    >>> model = Word2Vec(sentences, vector_size=10, min_count=1, epochs=20, workers=1)
    >>> len(model.wv), model.wv["sun"].shape
    (6, (10,))
    """

    training_loss: list[float]
    history: list[EpochRecord]
    corpus_count: int
    corpus_total_words: int
    initial_words: int

    _remedy = "create a new Word2Vec, or train() it further"
    _trained_by: Any = None  # what trains it, instead of `Trainer`
    _variable = frozenset(
        {"training_loss", "history", "corpus_count", "corpus_total_words", "initial_words"}
    )
    _renamed = gensim_names.ATTRIBUTES

    if TYPE_CHECKING:  # made below, for every hyper-parameter
        quality: str | None
        window: int
        min_count: int
        max_final_vocab: int | None
        sample: float | None
        sg: int
        cbow_mean: int
        cbow_gradient: str
        hs: int
        negative: int
        softmax: bool
        max_softmax_vocab: int
        ns_exponent: float
        shared_negatives: bool
        score_offsets: bool | None
        shrink_windows: bool
        alpha: float | None
        min_alpha: float
        decay_start: float | None
        epochs: int
        workers: int | None
        shards: int | None
        replica_memory: int | None
        deterministic: bool
        seed: int

    @renamed(**gensim_names.ARGUMENTS)
    @with_named_settings
    def __init__(
        self,
        sentences: Source | None = None,
        corpus_file: PathLike | Iterable[PathLike] | None = None,
        *,
        trim_rule: TrimRule | None = None,
        vocabulary: WordList | None = None,
        init: KeyedVectors | PathLike | Word2Vec | None = None,
        quality: str | None = None,
        vector_size: int = 100,
        window: int = 5,
        min_count: int = 5,
        max_final_vocab: int | None = None,
        sample: float | None = None,
        sg: int = 1,
        cbow_mean: int = 1,
        cbow_gradient: str = "classic",
        hs: int = 0,
        negative: int = 5,
        softmax: bool = False,
        max_softmax_vocab: int = 20_000,
        ns_exponent: float = 0.75,
        shared_negatives: bool = True,
        score_offsets: bool | None = None,
        shrink_windows: bool = True,
        alpha: float | None = None,
        min_alpha: float = 1e-4,
        decay_start: float | None = None,
        epochs: int = 5,
        workers: int | None = None,
        shards: int | None = None,
        replica_memory: int | None = None,
        deterministic: bool = False,
        seed: int = 1,
        tokenizer: str | Tokenizer | None = None,
        lowercase: bool = False,
        column: str | None = None,
        errors: str = "strict",
        progress: bool | Reporter = False,
        on_epoch_end: EpochCallback | None = None,
        callbacks: Iterable[Any] = (),
        validation: bool | float | Source | None = None,
        validation_every: str | None = None,
        early_stopping: bool | int | EarlyStopping | None = None,
        max_seconds: float | None = None,
        checkpoint: PathLike | None = None,
        checkpoint_every: str | None = None,
    ) -> None:
        given = locals()  # the hyper-parameters have the names of TrainingConfig's fields
        self._init_config(TrainingConfig(**{name: given[name] for name in parameters()}))
        control = Control.of(given, self.config)
        build = self._vocabulary_builder(trim_rule, vocabulary)
        options = Options(tokenizer, lowercase, errors, self.config.workers)
        self._reading = Reading(options.tokenizer, options.lowercase, options.errors)
        beginning = None if sentences is corpus_file is None else self._given_vectors(init)
        if sentences is None and corpus_file is None:
            for name, use in (
                ("trim_rule", "build_vocab()"), ("vocabulary", "build_vocab()"),
                ("init", "build_vocab()"), ("column", "build_vocab() and train()"),
                *((name, "train()") for name in CONTROLS),
            ):  # fmt: skip
                if given[name] is not None and given[name] != ():
                    raise ValueError(f"{name}= requires a corpus; pass it to {use}")
            return
        with as_reporter(progress) as report:
            corpus = read_text(sentences, corpus_file, options, column, report)
            counts = corpus.n_sentences, corpus.n_tokens
            self._init_weights(build(corpus), *counts, corpus.reading, beginning)
            self.train(
                corpus,
                progress=report or False,
                **{name: given[name] for name in CONTROLS} | {"callbacks": control.callbacks.each},
            )

    def _init_config(self, config: TrainingConfig) -> None:
        self._config = config
        self.training_loss = []
        self.history = []
        self.corpus_count = 0
        self.corpus_total_words = 0
        self._epochs_trained = 0
        self._shards = 1  # of the last training
        self._simd: list[str] = []  # variants of all trainings
        self._vocabulary: Vocabulary | None = None
        self._reading = Reading()
        self._learned: dict[str, npt.NDArray[np.bool_]] | None = None
        self.initial_words = 0

    def __repr__(self) -> str:
        size = f"{len(self.wv):,} words" if self._vocabulary else "no vocabulary yet"
        return f"Word2Vec({size}, vector_size={self.config.vector_size})"

    @property
    def config(self) -> TrainingConfig:
        """The hyper-parameters.

        Each is an attribute of the model, too. Assigned, it holds from the next `train` on:
        ``model.alpha = 0.01``. What the vocabulary or the matrices were made with cannot be changed
        afterwards: `vector_size`, `min_count` and `max_final_vocab` after `build_vocab`, the
        objective (`hs`, `softmax`, `negative` from or to 0) after `train`.
        """
        return self._config

    @config.setter
    def config(self, config: TrainingConfig) -> None:
        if not isinstance(config, TrainingConfig):
            raise TypeError(f"config is of type {type(config).__name__}: expected TrainingConfig")
        if self._vocabulary is not None:
            self._change_built(config)
        self._config = config

    def _change_built(self, config: TrainingConfig) -> None:
        """Prepare for other hyper-parameters, or raise if it is too late for them."""
        for name in ("vector_size", "min_count", "max_final_vocab"):
            value = getattr(config, name)
            if value != getattr(self.config, name):
                raise AttributeError(
                    f"{name}={value!r}: the vocabulary is built and {name} would have no effect; "
                    f"create a new Word2Vec({name}={value!r})"
                )
        check_softmax_vocab(len(self.vocabulary), config, self.corpus_total_words)
        if not self._epochs_trained:
            self._weights.begin_as(config, self.config)
        if Weights.needed(config) == Weights.needed(self.config):
            return
        if self._epochs_trained:
            changed = "; ".join(
                f"{name}={getattr(config, name)!r}"
                for name in ("hs", "softmax", "negative")
                if getattr(config, name) != getattr(self.config, name)
            )
            raise AttributeError(
                f"{changed}: this objective has other matrices than those that are trained "
                "already; create a new Word2Vec with it"
            )
        outputs = Weights.untrained_outputs(len(self.vocabulary), config)
        self._weights: Weights = Weights(self._weights.vectors, *outputs)

    @property
    def vector_size(self) -> int:
        """Number of dimensions of a word vector."""
        return self.config.vector_size

    @vector_size.setter
    def vector_size(self, value: int) -> None:
        self.config = self.config.replace(vector_size=value)

    @property
    def tokenizer(self) -> str | Tokenizer | None:
        """How text for this model is split into words: that of its `Corpus`; can be set.

        A model file contains the name of a function but not the function: set it again after
        `load`.
        """
        return self._reading.tokenizer

    @tokenizer.setter
    def tokenizer(self, value: str | Tokenizer | None) -> None:
        self._reading = replace(self._reading, tokenizer=Options(value).tokenizer)

    @property
    def lowercase(self) -> bool:
        """Whether text for this model is lower-cased, as its `Corpus` was; can be set."""
        return self._reading.lowercase

    @lowercase.setter
    def lowercase(self, value: bool) -> None:
        self._reading = replace(self._reading, lowercase=Options(lowercase=value).lowercase)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words and their counts; raises a ValueError before `build_vocab`."""
        if self._vocabulary is None:
            raise ValueError(
                "the model has no vocabulary yet; call build_vocab(corpus), then train(corpus)"
            )
        return self._vocabulary

    @property
    def wv(self) -> KeyedVectors:
        """The words and their vectors; raises a ValueError before `build_vocab`."""
        self.vocabulary  # noqa: B018 - raises before build_vocab
        return self._wv

    @property
    def output_vectors(self) -> npt.NDArray[np.float32]:
        """The output vectors of words, shape (V, vector_size).

        Raises
        ------
        ValueError
            Before `build_vocab`, or if the model is trained by hierarchical softmax alone, which
            has none.
        """
        self.vocabulary  # noqa: B018 - raises before build_vocab
        if self._weights.output_vectors is None:
            raise ValueError(
                "hierarchical softmax alone has no output vectors of words; see node_vectors"
            )
        return self._weights.output_vectors[:, : self.config.vector_size]

    @property
    def node_vectors(self) -> npt.NDArray[np.float32]:
        """The vectors of inner nodes of the Huffman tree, shape (V - 1, vector_size), root last.

        Raises
        ------
        ValueError
            Before `build_vocab`, or if the model is not trained by hierarchical softmax.
        """
        self.vocabulary  # noqa: B018 - raises before build_vocab
        if self._weights.node_vectors is None:
            raise ValueError(
                "only hierarchical softmax (hs=1) has node vectors; see output_vectors"
            )
        return self._weights.node_vectors[:, : self.config.vector_size]

    def keyed_vectors(self, vectors: str = "input") -> KeyedVectors:
        """Return one kind of the model's vectors: input, output, or both combined.

        Parameters
        ----------
        vectors : {"input", "output", "combined"}, default "input"
            "input": `wv` itself. "output": a copy of `output_vectors`. "combined": what
            `combined_vectors` returns.

        Returns
        -------
        KeyedVectors
            To save, export, evaluate or plot. `KeyedVectors.load` and `read` return the same from
            the file of a model.

        Raises
        ------
        ValueError
            If `vectors` is another name, before `build_vocab`, or if there are no output vectors.
        """
        kind = check_kind(vectors)
        return (
            self.wv if kind == "input" else self._with_outputs(kind, Rule.of(self.config.to_dict()))
        )

    def combined_vectors(
        self,
        output_weight: float | None = None,
        *,
        unit: bool = True,
        center: bool = True,
    ) -> KeyedVectors:
        """Return the sum of the input and the output vector of each word.

        Levy, Goldberg and Dagan (2015, "w + c"); Pennington, Socher and Manning (2014) do so in
        GloVe. A cosine between two sums compares the words with each other and each as the context
        of the other. docs/objectives.md has measurements; above all, CBOW gains.

        Parameters
        ----------
        output_weight : float, optional
            Weight of the output vector, at least 0; the input vector has 1. Default 1 for CBOW,
            0.25 for skip-gram.
        unit : bool, default True
            Scale both vectors to length 1 before they are added.
        center : bool, default True
            Subtract the mean of all sums at last; see `KeyedVectors.centered`.

        Returns
        -------
        KeyedVectors
            Copies, independent of later training, with the counts and attributes of `wv`.

        Raises
        ------
        ValueError, TypeError
            If a parameter is out of range, before `build_vocab`, or if there are no output vectors:
            hierarchical softmax alone has vectors of nodes instead, which belong to no word.

        Examples
        --------
        >>> from w2v import Word2Vec
        >>> sentences = [["sun", "moon", "star"], ["bread", "milk", "egg"]] * 50
        >>> model = Word2Vec(sentences, sg=0, vector_size=10, sample=0, workers=1)
        >>> model.combined_vectors().processing
        ('combined', 'center')
        """
        if output_weight is None:
            output_weight = Rule.of(self.config.to_dict()).output_weight
        return self._with_outputs("combined", Rule.checked(output_weight, unit, center))

    def _with_outputs(self, kind: str, rule: Rule) -> KeyedVectors:
        self.vocabulary  # noqa: B018 - raises before build_vocab
        if self._weights.output_vectors is None:
            raise ValueError(
                f"{kind} vectors need output vectors of words, and hierarchical softmax alone "
                "(hs=1, negative=0) has none: use the input vectors (wv), or train with negative=5 "
                "too"
            )
        return self.wv._with_outputs(kind, self.output_vectors, rule)

    def __getitem__(self, key: object) -> NoReturn:
        raise TypeError(f"a model has no items: use model.wv[{key!r}] for the vector of a word")

    def __contains__(self, key: object) -> bool:
        raise TypeError(f"a model has no items: use {key!r} in model.wv")

    @renamed(**gensim_names.ARGUMENTS)
    def build_vocab(
        self,
        sentences: Source | None = None,
        corpus_file: PathLike | Iterable[PathLike] | None = None,
        *,
        update: bool = False,
        trim_rule: TrimRule | None = None,
        vocabulary: WordList | None = None,
        init: KeyedVectors | PathLike | Word2Vec | None = None,
        tokenizer: str | Tokenizer | None = None,
        lowercase: bool | None = None,
        column: str | None = None,
        errors: str | None = None,
        progress: bool | Reporter = False,
    ) -> None:
        """Build the vocabulary from a corpus and initialize the vectors at random.

        Parameters
        ----------
        sentences, corpus_file, trim_rule, vocabulary, init, column, progress
            See `Word2Vec`.
        tokenizer, lowercase, errors
            See `Word2Vec`; default what the model was made with.
        update : bool, default False
            Add to the vocabulary that the model has: the rows of its words stay as they are, and
            their counts are added up. New words that occur at least `min_count` times in this
            corpus get rows after them; see `Vocabulary.grown`. If the model is trained, their
            vectors begin at what their contexts in this corpus suggest, and known words keep their
            codes in the Huffman tree of hierarchical softmax, in which new words get a subtree of
            their own. See docs/trust.md.

        Raises
        ------
        ValueError
            If the model already has a vocabulary, or has none for an update; if the new one is too
            small, or too large for the full softmax; if `vocabulary` is combined with `update`,
            `trim_rule` or `max_final_vocab`, or `init` with `update`; if `init` has other
            dimensions, or none of the words.
        TypeError, ValueError
            If `trim_rule` or `vocabulary` is invalid.

        Examples
        --------
        >>> from w2v import Word2Vec
        >>> model = Word2Vec([["sun", "moon"]] * 50, vector_size=10, min_count=1)
        >>> more = [["sun", "star"]] * 50
        >>> model.build_vocab(more, update=True)
        >>> result = model.train(more)
        >>> model.wv.index_to_key
        ['sun', 'moon', 'star']
        """
        kept = self._reading
        options = Options(
            kept.tokenizer if tokenizer is None else tokenizer,
            kept.lowercase if lowercase is None else lowercase,
            kept.errors if errors is None else errors,
            self.config.workers,
            inherited=tokenizer is None and not lowercase,
        )
        if update:
            if vocabulary is not None:
                raise ValueError("vocabulary= and update= are mutually exclusive")
            if init is not None:
                raise ValueError(
                    "init= and update= are mutually exclusive: known words keep their vectors, and "
                    "new ones begin where their contexts suggest; set others in wv.vectors"
                )
            for name, given, own in (
                ("tokenizer", tokenizer, kept.tokenizer), ("lowercase", lowercase, kept.lowercase),
            ):  # fmt: skip
                if given is not None and given != own:
                    raise ValueError(
                        f"{name}={given!r:.80}: this model reads text with {name}={own!r:.80}, and "
                        "would not find such words in training; leave it out, or pass the same "
                        "Corpus to build_vocab() and train()"
                    )
            rules = PruningRules(self.config.min_count, self.config.max_final_vocab, trim_rule)
            self.vocabulary  # noqa: B018 - raises before build_vocab
            with as_reporter(progress) as report:
                corpus = read_text(sentences, corpus_file, options, column, report)
            grown = self.vocabulary.grown(corpus, **vars(rules))
            self._grow(grown, corpus.n_sentences, corpus.n_tokens, corpus)
            return
        self._check_new()
        build = self._vocabulary_builder(trim_rule, vocabulary)
        beginning = self._given_vectors(init)
        with as_reporter(progress) as report:
            corpus = read_text(sentences, corpus_file, options, column, report)
        counts = corpus.n_sentences, corpus.n_tokens
        self._init_weights(build(corpus), *counts, corpus.reading, beginning)

    def build_vocab_from_freq(
        self,
        word_freq: Counts | Vocabulary,
        keep_raw_vocab: bool = False,
        corpus_count: int | None = None,
        *,
        update: bool = False,
        trim_rule: TrimRule | None = None,
    ) -> None:
        """Build the vocabulary from words that were counted elsewhere; then call `train`.

        Subsampling, noise words and the Huffman tree use these counts, even if the counts in the
        training text differ. The learning rate falls with the words of the training text.

        Parameters
        ----------
        word_freq : mapping of str to int, Vocabulary, Series, or list of pairs
            Words with their counts, each at least 1: also ``value_counts()`` of pandas or polars.
            `min_count` and `max_final_vocab` choose
            among them. `Vocabulary.load_counts` reads a file of counts.
        keep_raw_vocab : bool, default False
            Ignored; accepted for compatibility with gensim.
        corpus_count : int, optional
            Number of sentences of the counted corpus; only stored, as ``corpus_count``.
        update : bool, default False
            Add to the vocabulary that the model has; see `build_vocab`. New words have no contexts
            here, and begin with random vectors.
        trim_rule : callable, optional
            See `Word2Vec`.

        Raises
        ------
        TypeError, ValueError
            As for `build_vocab`, or if a word or a count is invalid.
        """
        del keep_raw_vocab
        if not update:
            self._check_new()
        counts = counted_words(word_freq)
        rules = PruningRules(self.config.min_count, self.config.max_final_vocab, trim_rule)
        choose = self.vocabulary.grown if update else Vocabulary.from_counts
        vocabulary = choose(counts, **vars(rules))
        tokens = sum(map(int, counts.values()))
        sentences = operator.index(corpus_count or 0)
        if update:
            self._grow(vocabulary, sentences, tokens)
        else:
            self._init_weights(vocabulary, sentences, tokens, self._reading)

    def _grow(
        self,
        vocabulary: Vocabulary,
        n_sentences: int,
        n_tokens: int,
        corpus: Corpus | None = None,
    ) -> None:
        """Take a vocabulary that begins with the words of the present one.

        New rows begin where their contexts in a corpus suggest, or untrained without one.
        """
        check_softmax_vocab(len(vocabulary), self.config, n_tokens)
        check_memory(vocabulary, self._here(self.config), self._weights.n_bytes)
        nodes = self._graft(vocabulary) if self.config.hs and self._epochs_trained else None
        weights = self._weights.grown(len(vocabulary), self.config, nodes)
        learned = self._learned_rows()
        vectors = weights.vectors[:, : self.config.vector_size]
        if corpus is not None and self._epochs_trained:
            known = np.zeros(len(vocabulary), np.bool_)
            known[: len(self.vocabulary)] = learned["vectors"]
            new = np.arange(len(self.vocabulary), len(vocabulary))
            starts = Starts(corpus, vocabulary, self.config, weights.vectors, known, new)
            starts.write(weights.vectors)
            if weights.output_vectors is not None:
                starts.write(weights.output_vectors)
        self._wv._move(self._keys(vocabulary.words), vectors, vocabulary.counts)
        self._weights, self._vocabulary = weights, vocabulary
        if any(rows.any() for rows in learned.values()):
            self._learned = {
                name: np.zeros(len(m), np.bool_) for name, m in weights.matrices().items()
            }
            for name, rows in learned.items():
                numbers = nodes if name == "node_vectors" else np.arange(len(rows))
                if numbers is not None and name in self._learned:
                    self._learned[name][numbers] = rows
        self.corpus_count += n_sentences
        self.corpus_total_words += n_tokens

    def _graft(self, vocabulary: Vocabulary) -> npt.NDArray[np.int64]:
        """Give a grown vocabulary a Huffman tree in which the nodes of the present one live on."""
        tree, counts = self.vocabulary.huffman_tree(), vocabulary.counts
        before = len(self.vocabulary)
        numbers = np.arange(before - 1)
        if len(vocabulary) > before:
            tree, numbers = tree.grafted(counts[:before], counts[before:])
        vocabulary.given_tree = tree
        return numbers

    def _check_new(self) -> None:
        if self._vocabulary is not None:
            raise ValueError(
                f"the model already has a vocabulary of {len(self._vocabulary):,} words, and a new "
                "one would discard its vectors; create a new Word2Vec instead"
            )

    def _vocabulary_builder(
        self, trim_rule: TrimRule | None, vocabulary: WordList | None
    ) -> Callable[[Corpus], Vocabulary]:
        """Return the function that builds the vocabulary; raise now, before text is read."""
        rules = PruningRules(self.config.min_count, self.config.max_final_vocab, trim_rule)
        if vocabulary is None:
            return lambda corpus: Vocabulary.from_corpus(corpus, **vars(rules))
        for name in ("trim_rule", "max_final_vocab"):
            if getattr(rules, name) is not None:
                raise ValueError(f"vocabulary= and {name}= are mutually exclusive")
        words = word_list(vocabulary)
        return lambda corpus: Vocabulary.from_words(words, corpus)

    def _init_weights(
        self,
        vocabulary: Vocabulary,
        n_sentences: int,
        n_tokens: int,
        reading: Reading,
        given: GivenVectors | None = None,
    ) -> None:
        """Initialize the vectors at random, or with those that are given."""
        check_softmax_vocab(len(vocabulary), self.config, n_tokens)
        check_memory(vocabulary, self._here(self.config))
        weights = Weights.untrained(len(vocabulary), self.config)
        if given is not None:
            self._learned = given.write(vocabulary, weights, self.vector_size)
            self.initial_words = int(self._learned["vectors"].sum())
        self._set_weights(vocabulary, weights)
        self.corpus_count = n_sentences
        self.corpus_total_words = n_tokens
        self._reading = reading

    def _given_vectors(
        self, init: KeyedVectors | PathLike | Word2Vec | None
    ) -> GivenVectors | None:
        """Return the vectors to begin with; raise now, before text is read."""
        if init is None or not isinstance(init, Word2Vec):
            return None if init is None else GivenVectors.of(init, self.vector_size)
        same = all(
            getattr(init.config, name) == getattr(self.config, name)
            for name in ("uses_negative_sampling", "softmax", "uses_score_offsets", "sg")
        )
        outputs = init._weights.output_vectors if same and init._vocabulary is not None else None
        if outputs is not None:
            outputs = outputs[:, : init.vector_size]
        return GivenVectors("init", init.wv, outputs).checked(self.vector_size)

    def _set_weights(self, vocabulary: Vocabulary, weights: Weights) -> None:
        self._weights = weights
        vectors = weights.vectors[:, : self.config.vector_size]
        self._wv = self._keyed_vectors(vocabulary.words, vectors, vocabulary.counts)
        self._vocabulary = vocabulary

    def _keys(self, words: list[str]) -> list[str]:
        """Return the keys of `wv` for the words of the vocabulary."""
        return words

    def _keyed_vectors(
        self, words: list[str], vectors: npt.NDArray[np.float32], counts: npt.NDArray[np.int64]
    ) -> KeyedVectors:
        return KeyedVectors(words, vectors, counts=counts, fixed_vocab=True)

    @renamed(**gensim_names.ARGUMENTS)
    def train(
        self,
        sentences: Source | None = None,
        corpus_file: PathLike | Iterable[PathLike] | None = None,
        *,
        total_examples: int | None = None,
        total_words: int | None = None,
        epochs: int | None = None,
        start_alpha: float | None = None,
        end_alpha: float | None = None,
        trainable: npt.ArrayLike | None = None,
        anchor: npt.ArrayLike | None = None,
        column: str | None = None,
        errors: str | None = None,
        progress: bool | Reporter = False,
        on_epoch_end: EpochCallback | None = None,
        callbacks: Iterable[Any] = (),
        validation: bool | float | Source | None = None,
        validation_every: str | None = None,
        early_stopping: bool | int | EarlyStopping | None = None,
        max_seconds: float | None = None,
        checkpoint: PathLike | None = None,
        checkpoint_every: str | None = None,
    ) -> TrainingResult:
        """Train on a corpus, which may differ from the one that the vocabulary was built from.

        Ctrl-C stops training within a fraction of a second: the model keeps the progress made so
        far (of several shards, up to their last merge), and the call raises `TrainingInterrupt`.

        Parameters
        ----------
        sentences, corpus_file, column, errors, progress, on_epoch_end, callbacks, validation, \
validation_every, early_stopping, max_seconds, checkpoint, checkpoint_every
            See `Word2Vec`. Text is read as that of the vocabulary was: with its `tokenizer`,
            `lowercase` and, unless given here, `errors`. Pass a `Corpus` to choose.
        total_examples, total_words : int, optional
            Ignored; accepted for compatibility with gensim.
        epochs : int, optional
            Number of passes through the corpus; default ``config.epochs``.
        start_alpha, end_alpha : float, optional
            Initial and final learning rate of this call; default ``config.learning_rate`` and
            ``config.min_alpha``.
        trainable : bool, shape (V,), optional
            Which word vectors to train, in the order of ``wv``; default all. The others keep their
            values: to train around known vectors, set them in ``model.wv.vectors`` after
            `build_vocab`.
        anchor : float, or array of shape (V,), optional
            Hold what was learned or given before near its place, while new words are learned: the
            strength of a pull back to where rows are now, at least 0, of all words or of each.
            0 (default) leaves rows free, infinity keeps them as they are. It holds word vectors,
            output vectors and node vectors alike, and takes memory for a copy of them. Rows of
            words that `build_vocab` has added since the last training are free. See
            docs/trust.md for the strengths to try.

        Returns
        -------
        TrainingResult
            Tokens, predictions, seconds and the loss of each epoch.

        Raises
        ------
        ValueError
            If the model has no vocabulary, the corpus contains none of its words, or `trainable`
            or `anchor` has the wrong type or shape, or `anchor` finds no row that it could hold; if
            `validation` holds out nothing, or nothing that can be predicted, or is missing where
            something depends on it.
        TypeError
            If `on_epoch_end` or one of `callbacks` cannot be called.
        Exception
            What a callback raises ends training and is raised then. The model keeps the progress
            made so far; the exception has it as its attribute `model`, even if the constructor
            trained it.
        FloatingPointError
            If training diverges: the loss is not finite, or many times that of an untrained
            model. The message names the setting to change. The model is then as it was before
            this call, unless its matrices take more than 256 MiB: its vectors are then unusable,
            and the message says so.
        TrainingInterrupt
            After Ctrl-C: a `KeyboardInterrupt` with the model and the result so far.
        """
        given = locals()
        vocabulary = self.vocabulary
        named = {"epochs": epochs, "alpha": start_alpha, "min_alpha": end_alpha}
        changes = {name: value for name, value in named.items() if value is not None}
        config = self.config.replace(**changes)
        control = Control.of(given, config)
        copies = {"anchored rows": anchor, "best weights": control.early_stopping}
        kept = [name for name, wanted in copies.items() if wanted is not None]
        check_memory(vocabulary, self._here(config), self._weights.n_bytes, kept)
        mask = _mask(trainable, len(vocabulary))
        weights = replace(self._weights, trainable=mask, anchor=self._anchor(anchor))
        before = len(self.training_loss), len(self.history), self._epochs_trained
        with as_reporter(progress) as report:
            options = self._reading.options(errors, self.config.workers)
            corpus = read_text(sentences, corpus_file, options, column, report)
            part, held_out = split_held_out(corpus, validation, config.seed, options, column)
            checkpointer = None
            if control.checkpoint is not None:
                settings = RunSettings.of(before, changes, corpus, held_out, given)
                checkpointer = Checkpointer(self, control.checkpoint, settings, weights)
            run = ModelRun(self, config, control, weights, part, held_out, before, checkpointer)
            return run.carry_out(report)

    def _anchor(self, strength: npt.ArrayLike | None) -> Anchor | None:
        """Return what holds rows where they are; None if nothing does."""
        strengths = strengths_of(strength, len(self.vocabulary))
        if strengths is None:
            return None
        learned = self._learned_rows()
        if not any(rows.any() for rows in learned.values()):
            raise ValueError(
                f"anchor={strength!r:.80}: nothing was learned yet that it could hold; train the "
                "model first without it, or give it vectors to begin with"
            )
        tree = self.vocabulary.huffman_tree() if self.config.hs else None
        matrices = self._weights.matrices()
        return Anchor.of(matrices, strengths, learned, tree, self.vocabulary.counts)

    def _learned_rows(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Return which rows hold something learned or given, by the name of the matrix."""
        if self._learned is not None:
            return self._learned
        trained = self._epochs_trained > 0
        return {
            name: np.full(len(rows), trained) for name, rows in self._weights.matrices().items()
        }

    def _here(self, config: TrainingConfig) -> TrainingConfig:
        """Return settings for what memory is taken in this process."""
        return config if self._trained_by is None else config.replace(shards=1)

    def _workers_used(self) -> int | None:
        """Return how many workers train; a subclass may want fewer than the setting says."""
        return self.config.workers

    def _record_epoch(self, loss: float, predictions: int) -> None:
        """Note that an epoch has ended, with this mean loss per prediction."""
        self._epochs_trained += 1
        self.training_loss.append(loss)

    def intersect_word2vec_format(
        self,
        path: PathLike,
        *,
        binary: bool = False,
        limit: int | None = None,
        errors: str = "strict",
    ) -> npt.NDArray[np.bool_]:
        """Replace the vectors of words in the vocabulary by those of a file; add no words.

        Parameters
        ----------
        path : str or path-like
            A file in word2vec text or binary format.
        binary, limit, errors
            See `KeyedVectors.load_word2vec_format`.

        Returns
        -------
        ndarray of bool, shape (V,)
            True for each word that the file does not contain. ``train(corpus, trainable=mask)``
            keeps the vectors from the file fixed (``lockf=0`` in gensim); ``train(corpus)`` trains
            all vectors (``lockf=1``).

        Raises
        ------
        ValueError
            If the model has no vocabulary, the vectors of the file have another size, or the file
            is not in that format.
        OSError
            If the file cannot be read.
        """
        wv = self.wv
        given = KeyedVectors.load_word2vec_format(path, binary=binary, limit=limit, errors=errors)
        if given.vector_size != self.vector_size:
            raise ValueError(
                f"{os.fspath(path)}: vectors have {given.vector_size} dimensions, but the model "
                f"has {self.vector_size}; train with vector_size={given.vector_size}"
            )
        words = [word for word in given.index_to_key if word in wv]
        mask = np.ones(len(wv), np.bool_)
        if words:
            wv.add_vectors(words, given[words], replace=True)
            mask[[wv.get_index(word) for word in words]] = False
            learned = self._learned_rows()
            self._learned = learned | {"vectors": learned["vectors"] | ~mask}
        return mask

    @overload
    def predict_output_word(  # type: ignore[overload-overlap]
        self, context_words_list: Sequence[str], topn: int = 10
    ) -> list[tuple[str, float]]: ...

    @overload
    def predict_output_word(
        self, context_words_list: Sequence[Sequence[str]], topn: int = 10
    ) -> list[list[tuple[str, float]]]: ...

    @overload
    def predict_output_word(
        self, context_words_list: Sequence[str] | Sequence[Sequence[str]], topn: None
    ) -> npt.NDArray[np.float64]: ...

    def predict_output_word(
        self,
        context_words_list: Sequence[str] | Sequence[Sequence[str]],
        topn: int | None = 10,
    ) -> Any:
        """Return the most probable center words for a context.

        Parameters
        ----------
        context_words_list : sequence of str, or sequence of sequences of str
            The words around the center word, or several such groups at once. Words are lower-cased
            if the model's text was. Words outside the vocabulary are ignored, as in training.
        topn : int or None, default 10
            Number of words to return. None: the probabilities of all words, in the order of
            ``wv``.

        Returns
        -------
        list of (str, float), or ndarray of float64, shape (V,), if `topn` is None
            Words and probabilities, the most probable first; for several groups, a list of such
            lists, or an array of shape (groups, V). The probabilities of all words sum to one.

        Raises
        ------
        TypeError, ValueError
            If a group is a single string or contains no word of the vocabulary, or `topn` is
            negative.

        Notes
        -----
        The hidden state h is the mean (``cbow_mean=0``: the sum) of the context vectors, for
        skip-gram too, where it corresponds to the geometric mean of the predictions of all context
        words.
        Full softmax: ``p(w) ~ exp(h . out_w)``. Hierarchical: the product of the sigmoids along
        each path (eq. 3 of Mikolov et al., 2013, "Distributed representations"). Negative sampling:
        ``p(w) ~ q(w) exp(h . out_w)`` with q the noise distribution, because scores estimate
        ``log p(w) - log(k q(w))`` (Levy and Goldberg, 2014, eq. 7); gensim omits q and therefore
        overestimates rare words. A model with both objectives uses hierarchical softmax.
        Probabilities refer to the training text after subsampling.
        """
        require_list("context_words_list", context_words_list)
        count = None if topn is None else operator.index(topn)
        if count is not None and count < 0:
            raise ValueError(f"topn={topn!r}: expected an integer, at least 0, or None")
        groups = [copy_row(group) for group in context_words_list]
        single = not groups or isinstance(groups[0], str) or _has_ids(groups)
        contexts = [self._known_rows(group) for group in ([groups] if single else groups)]
        found = Predictor(self._weights, self.vocabulary, self.config).probabilities(contexts)
        answers = [
            p if count is None else most_probable(p, self.wv.index_to_key, count) for p in found
        ]
        if single:
            return answers[0]
        return np.stack(answers) if count is None else answers

    def _known_rows(self, words: Any) -> npt.NDArray[np.int32]:
        listed = isinstance(words, Iterable) and not isinstance(words, (str, bytes))
        if not listed or not all(isinstance(word, str) for word in words):
            hint = "; the word of an id is str(id)" if _has_ids(words) else ""
            raise TypeError(f"context words {words!r}: expected a list of words{hint}")
        index = self.wv.key_to_index
        given = [word.lower() for word in words] if self.lowercase else words
        rows = [index[word] for word in given if word in index]
        if not rows:
            raise ValueError(f"none of the context words {list(words)!r} is in the vocabulary")
        return np.array(rows, np.int32)

    def read_corpus(
        self, sentences: Source, *, column: str | None = None, errors: str | None = None
    ) -> Corpus:
        """Read text for this model as its own was read: with its `tokenizer` and `lowercase`.

        Parameters
        ----------
        sentences : Corpus, path, or iterable
            As for `Word2Vec`. What is split already (lists of words, an encoded corpus, integers)
            is not split again.
        column : str, optional
            Column of a table with the text.
        errors : {"strict", "replace", "ignore"}, optional
            See `Corpus`; default that of the model's text.

        Returns
        -------
        Corpus
        """
        options = self._reading.options(errors, self.config.workers)
        return read_text(sentences, None, options, column, None)

    def score(
        self, sentences: Source, *, column: str | None = None, errors: str | None = None
    ) -> npt.NDArray[np.float64]:
        """Score each sentence by the training objective.

        Parameters
        ----------
        sentences : Corpus, path, or iterable
            See `Word2Vec`. Text is read as that of the model was: with its `tokenizer` and
            `lowercase`. Words outside the vocabulary are left out, as in training; windows are
            not shrunk, and no word is subsampled.
        column : str, optional
            Column of a table with the text.
        errors : {"strict", "replace", "ignore"}, optional
            See `Corpus`; default that of the model's text.

        Returns
        -------
        float64, shape (sentences,)
            The sum over the predictions of each sentence, in nats; nearer 0 is better. For
            hierarchical and full softmax, of ``log p(target)``: a log-likelihood. For negative
            sampling, of eq. 4 of Mikolov et al. (2013), "Distributed representations", with the
            exact expectation over noise words: not a log-likelihood, but comparable between
            sentences of equal length. With both objectives, the two are added. NaN for a sentence
            with fewer than two known words, in which nothing is predicted. Empty lines of a file or
            `Corpus` and empty rows of a table or array do not count as sentences; empty items of an
            iterable do.

        Warns
        -----
        UserWarning
            If some of the words are not in the vocabulary: how many, and how many sentences have no
            score. They make a score nearer to 0, because nothing is predicted for them.

        Raises
        ------
        ValueError
            If the model has no vocabulary.
        """
        vocabulary = self.vocabulary
        source: Any = sentences
        items: list[Any] | None = None
        reading = self._reading
        if not is_single_source(source):
            # A sentence may be an iterator, which can be read only once.
            source = [readable_twice(s, reading.tokenizer) for s in source]
            if not (source and isinstance(source[0], (os.PathLike, Mapping))):
                items = source
        nonempty = [has_tokens(item, reading.tokenizer) for item in items or ()]
        if items and not any(nonempty):
            return np.full(len(items), np.nan)
        corpus = self.read_corpus(source, column=column, errors=errors)
        predictor = Predictor(self._weights, vocabulary, self.config)
        found = predictor.score(corpus)
        known = predictor.known_words(corpus)
        found[known < 2] = np.nan
        if known.sum() < corpus.n_tokens:
            unknown = corpus.n_tokens - int(known.sum())
            without = int(np.isnan(found).sum())
            warn(
                f"{unknown:,} of {corpus.n_tokens:,} words ({unknown / corpus.n_tokens:.1%}) are "
                f"not in the vocabulary and are left out; {without:,} of {len(found):,} sentences "
                "have fewer than two known words and no score (NaN)",
            )
        if items is None:
            return found
        # The corpus does not contain sentences without tokens, nor empty tokens.
        scores = np.full(len(nonempty), np.nan)
        scores[nonempty] = found
        return scores

    def __getstate__(self) -> dict[str, Any]:
        """Return everything but `wv`, which is a view of the matrices."""
        state = dict(self.__dict__)
        if self._vocabulary is not None:
            dim = self.vector_size
            weights = state.pop("_weights")
            matrices = (weights.vectors, weights.output_vectors, weights.node_vectors)
            state["_matrices"] = [None if m is None else m[:, :dim] for m in matrices]
            state["_word_attributes"] = state.pop("_wv")._attributes
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        matrices = state.pop("_matrices", None)
        attributes = state.pop("_word_attributes", None)
        # What pickles of older versions lack.
        older = {"_shards": 1, "_simd": [], "history": [], "_learned": None, "initial_words": 0}
        self.__dict__.update(older | state)
        if matrices is not None:
            vectors, output, nodes = (None if m is None else pad_rows(m) for m in matrices)
            assert vectors is not None
            self._set_weights(self.vocabulary, Weights(vectors, output, nodes))
            self._wv._attributes.update(attributes)

    def __copy__(self) -> Word2Vec:
        """Return a model with matrices of its own, as `copy.deepcopy` does."""
        return copy.deepcopy(self)

    def save(self, path: PathLike) -> None:
        """Save the whole model to a safetensors file: matrices, words, counts, hyper-parameters.

        Attributes of words are saved, too; see `KeyedVectors.save`.

        Parameters
        ----------
        path : str or path-like
            Written atomically. An extension of another format, such as .txt, is an error.

        Raises
        ------
        ValueError
            If the model has no vocabulary, or the name is that of another format.
        OSError
            If the file cannot be written; an existing file is left unchanged.
        """
        if type(self) is Word2Vec:  # a subclass may have names of its own
            remedy = f"use model.wv.export({os.fspath(path)!r}) for the word vectors alone"
            check_name(path, "a model is written in safetensors format", remedy=remedy)
        self._checkpoint().save(path)

    def _checkpoint(self) -> Checkpoint:
        """Return what a file of the model holds."""
        return Checkpoint(
            config=self.config,
            vocabulary=self.vocabulary,
            weights=self._weights,
            loss=self.training_loss,
            history=self.history,
            epochs_trained=self._epochs_trained,
            shards=self._shards,
            simd=self._simd,
            corpus_count=self.corpus_count,
            corpus_total_words=self.corpus_total_words,
            reading=self._reading,
            extra=self._extra_state(),
            attributes=self._wv._attributes,
            learned=self._learned,
            initial_words=self.initial_words,
        )

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Load a model written by `save`; training can go on from it.

        Raises
        ------
        ValueError
            If the file is truncated, corrupt or not a model; the message says which.
        OSError
            If the file cannot be read.
        """
        return cls._from_checkpoint(Checkpoint.load(path), path)

    @classmethod
    def _from_checkpoint(cls, checkpoint: Checkpoint, path: PathLike) -> Self:
        """Return the model that a file holds."""
        model = cls.__new__(cls)
        model._init_config(checkpoint.config)
        model.training_loss = checkpoint.loss
        model.history = checkpoint.history
        model._epochs_trained = checkpoint.epochs_trained
        model._shards = checkpoint.shards
        model._simd = checkpoint.simd
        model.corpus_count = checkpoint.corpus_count
        model.corpus_total_words = checkpoint.corpus_total_words
        model._reading = checkpoint.reading
        model._learned = checkpoint.learned
        model.initial_words = checkpoint.initial_words
        with reading(path):  # duplicate words and negative counts
            model._set_weights(checkpoint.vocabulary, checkpoint.weights)
            model._wv._attributes.update(checkpoint.attributes)
            model._set_extra_state(checkpoint.extra)
        return model

    @classmethod
    def resume(
        cls,
        path: PathLike,
        sentences: Source | None = None,
        corpus_file: PathLike | Iterable[PathLike] | None = None,
        *,
        column: str | None = None,
        errors: str | None = None,
        progress: bool | Reporter = False,
        on_epoch_end: EpochCallback | None = None,
        callbacks: Iterable[Any] = (),
        validation: Source | None = None,
        checkpoint: PathLike | None = None,
        checkpoint_every: str | None = None,
    ) -> Self:
        """Go on with a run that was interrupted, from a checkpoint that it wrote, to its end.

        The result is the same to the bit as without the interruption, if that has one worker, or
        shards that all have replicas (the default), and if version and SIMD variant are the same.
        Several workers that share rows reach a result that is as good. See docs/trust.md.

        Parameters
        ----------
        path : str or path-like
            The checkpoint, which `Word2Vec` or `train` wrote with ``checkpoint=path``.
        sentences, corpus_file, column, errors
            The text that the run began with; see `train`.
        progress, on_epoch_end, callbacks
            See `Word2Vec`; functions and objects are not part of a checkpoint. It has what
            `callbacks` of the same classes, in the same order, return from their method `state`.
        validation : text, optional
            That of the run, if it measures the loss of a text of its own. A share of the sentences
            is held out as before, without this.
        checkpoint, checkpoint_every : optional
            Where and how often checkpoints are written; default `path`, and as before.

        Returns
        -------
        Word2Vec
            The trained model. If the run had ended already, the model at its end, and nothing is
            read or trained.

        Raises
        ------
        ValueError
            If the file is not the checkpoint of a run, or damaged, or the text is not that of the
            run; the message says what differs. Nothing has been trained then.
        OSError
            If a file cannot be read, or checkpoints cannot be written.
        FloatingPointError, TrainingInterrupt
            See `train`.

        Examples
        --------
        >>> import os, tempfile
        >>> from w2v import Word2Vec
        >>> path = os.path.join(tempfile.mkdtemp(), "run.safetensors")
        >>> text = [["sun", "moon", "star"], ["bread", "milk", "egg"]] * 50
        >>> model = Word2Vec(text, vector_size=10, workers=1, checkpoint=path)
        >>> model = Word2Vec.resume(path, text)  # in another process, if that one was killed
        """

        def read(model: Word2Vec, report: Reporter | None) -> Corpus:
            options = model._reading.options(errors, model.config.workers)
            return read_text(sentences, corpus_file, options, column, report)

        model: Self
        model, _ = resume(
            cls,
            path,
            read,
            progress=progress,
            on_epoch_end=on_epoch_end,
            callbacks=callbacks,
            validation=validation,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
        )
        return model

    def _extra_state(self) -> dict[str, Any]:
        """Return what a subclass saves beside the model: values that JSON has."""
        return {}

    def _set_extra_state(self, state: dict[str, Any]) -> None:
        """Take what `_extra_state` returned."""


def _hyper_parameter(name: str) -> property:
    """Return the property of a model for a hyper-parameter."""

    def get(self: Word2Vec) -> Any:
        return getattr(self.config, name)

    def change(self: Word2Vec, value: Any) -> None:
        self.config = self.config.replace(**{name: value})

    return property(get, change, doc=f"The hyper-parameter; see `config`. {_help(name)}")


def _help(name: str) -> str:
    text = parameters()[name].help
    return f"{text[0].upper()}{text[1:]}."


for _name in parameters():
    if not hasattr(Word2Vec, _name):
        setattr(Word2Vec, _name, _hyper_parameter(_name))


def _has_ids(words: Any) -> bool:
    return isinstance(words, Iterable) and any(isinstance(word, numbers.Integral) for word in words)


def _mask(trainable: npt.ArrayLike | None, n_words: int) -> npt.NDArray[np.bool_] | None:
    if trainable is None:
        return None
    mask = as_array("trainable", trainable)
    if mask.dtype != np.bool_ or mask.shape != (n_words,):
        raise ValueError(
            f"trainable is an array of {mask.dtype} with shape {mask.shape}: expected one bool per "
            f"word of the vocabulary, shape ({n_words},)"
        )
    return np.ascontiguousarray(mask)
