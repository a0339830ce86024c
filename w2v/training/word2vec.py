"""Word2Vec: what a user calls."""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._version import __version__
from w2v.config import TrainingConfig
from w2v.corpus.corpus import Corpus
from w2v.io import safetensors_file
from w2v.io.words import unpack_words, word_tensors
from w2v.progress import Reporter, as_reporter, corpus_progress
from w2v.training import weights as rows
from w2v.training.full_softmax import check_size
from w2v.training.prediction import Predictor, top
from w2v.training.trainer import Trainer, TrainingResult
from w2v.training.weights import Weights
from w2v.vectors.keyed_vectors import KeyedVectors
from w2v.vocab.pruning import Limits, TrimRule, WordList, word_list
from w2v.vocab.vocabulary import Vocabulary

Path = str | os.PathLike[str]
Source = Corpus | Path | Iterable[Any]

_KIND = "w2v.model"
_MATRICES = ("vectors", "output_vectors", "node_vectors")


class Word2Vec:
    """Word vectors by skip-gram or CBOW (Mikolov et al., 2013).

    A word is predicted from each of its context words (skip-gram) or from all of them together
    (CBOW), by negative sampling, hierarchical softmax, both, or the full softmax. With text, the
    model is trained at once; without, call `build_vocab` and `train` later.

    Parameters
    ----------
    sentences : Corpus, path, or iterable, optional
        What to train on: a `Corpus`, or anything that one is made of: text files, token lists,
        lines, tables, arrays of integers; see there, also for what can be said about reading them.
    corpus_file : path or list of paths, optional
        The same for text files only. Give one of the two.
    trim_rule : callable, optional
        ``trim_rule(word, count, min_count)`` decides for each word whether it is trained: it
        returns `w2v.RULE_KEEP`, `w2v.RULE_DISCARD`, or `w2v.RULE_DEFAULT` to go by `min_count`;
        see `Vocabulary.from_corpus`. It is not saved with the model.
    vocabulary : iterable of str, path, or Vocabulary, optional
        Train exactly these words, as often as they occur: a list, a text file with one a line, or
        the words of a `Vocabulary`. `min_count` does not apply. Words that never occur are left
        out with a warning; see `Vocabulary.from_words`.
    vector_size, window, min_count, max_final_vocab, sample, sg, cbow_mean, cbow_gradient, hs, \
negative, softmax, max_softmax_vocab, ns_exponent, shared_negatives, shrink_windows, alpha, \
min_alpha, epochs, workers, replicated_rows, seed
        Hyper-parameters; see `TrainingConfig`.
    errors : {"strict", "replace", "ignore"}
        What to do about bytes that are not UTF-8; see `Corpus`.
    progress : bool or callable
        True shows a progress bar; a callable is given a `Progress` about ten times a second.

    Attributes
    ----------
    wv : KeyedVectors
        The words and their vectors.
    output_vectors : float32, shape (V, vector_size)
        Negative sampling and full softmax: one row per word as it is predicted, in the order of
        ``wv``.
    node_vectors : float32, shape (V - 1, vector_size)
        Hierarchical softmax: one row per inner node of the Huffman tree.
    training_loss : list of float
        Mean loss per prediction in nats, one figure for each epoch trained. A prediction is a
        (centre, context) pair for skip-gram, a centre for CBOW. Its loss is ``-log p(centre)`` for
        hierarchical and full softmax; for negative sampling the negative of eq. 4 of Mikolov et
        al. (2013), "Distributed representations", ``(1 + negative) * log(2)`` for an untrained
        model; the sum where both are trained. It is measured before each update as training goes
        along; towards the end it may rise a little, because a small learning rate no longer
        follows the text at hand.
    config : TrainingConfig
        The hyper-parameters.
    vocabulary : Vocabulary
        Words and counts.
    corpus_count, corpus_total_words : int
        Sentences and tokens of the corpus that the vocabulary was made from; tokens are the sum of
        all counts for `build_vocab_from_freq`.

    Raises
    ------
    TypeError, ValueError, OSError
        For hyper-parameters out of range, text that cannot be read, or too small a vocabulary.
    FloatingPointError
        If training diverges.

    Notes
    -----
    One worker and one seed give the same vectors, bit for bit, on every run with the same SIMD
    variant. With more, workers update shared rows without locks (Niu et al., 2011, "Hogwild!"),
    and runs differ slightly.

    Examples
    --------
    >>> from w2v import Word2Vec
    >>> sentences = [["sun", "moon", "star"], ["bread", "milk", "egg"]] * 50
    >>> model = Word2Vec(sentences, vector_size=10, min_count=1, epochs=20, workers=1)
    >>> len(model.wv), model.wv["sun"].shape
    (6, (10,))
    """

    def __init__(
        self,
        sentences: Source | None = None,
        corpus_file: Path | Iterable[Path] | None = None,
        *,
        trim_rule: TrimRule | None = None,
        vocabulary: WordList | None = None,
        vector_size: int = 100,
        window: int = 5,
        min_count: int = 5,
        max_final_vocab: int | None = None,
        sample: float = 1e-3,
        sg: int = 1,
        cbow_mean: int = 1,
        cbow_gradient: str = "classic",
        hs: int = 0,
        negative: int = 5,
        softmax: bool = False,
        max_softmax_vocab: int = 20_000,
        ns_exponent: float = 0.75,
        shared_negatives: bool = True,
        shrink_windows: bool = True,
        alpha: float | None = None,
        min_alpha: float = 1e-4,
        epochs: int = 5,
        workers: int | None = None,
        replicated_rows: int | None = None,
        seed: int = 1,
        errors: str = "strict",
        progress: bool | Reporter = False,
    ) -> None:
        self._prepare(
            TrainingConfig(
                vector_size=vector_size,
                window=window,
                min_count=min_count,
                max_final_vocab=max_final_vocab,
                sample=sample,
                sg=sg,
                cbow_mean=cbow_mean,
                cbow_gradient=cbow_gradient,
                hs=hs,
                negative=negative,
                softmax=softmax,
                max_softmax_vocab=max_softmax_vocab,
                ns_exponent=ns_exponent,
                shared_negatives=shared_negatives,
                shrink_windows=shrink_windows,
                alpha=alpha,
                min_alpha=min_alpha,
                epochs=epochs,
                workers=workers,
                replicated_rows=replicated_rows,
                seed=seed,
            )
        )
        choose = self._chooser(trim_rule, vocabulary)
        if sentences is None and corpus_file is None:
            if trim_rule is not None or vocabulary is not None:
                name = "vocabulary" if trim_rule is None else "trim_rule"
                raise ValueError(f"{name}= needs text to choose from: give it to build_vocab()")
            return
        with as_reporter(progress) as report:
            corpus = _corpus(sentences, corpus_file, errors, self.config.workers, report)
            self._begin(choose(corpus), corpus.n_sentences, corpus.n_tokens)
            self.train(corpus, progress=report or False)

    def _prepare(self, config: TrainingConfig) -> None:
        self.config = config
        self.training_loss: list[float] = []
        self.corpus_count = 0
        self.corpus_total_words = 0
        self._epochs_trained = 0
        self._vocabulary: Vocabulary | None = None

    def __repr__(self) -> str:
        size = f"{len(self.wv):,} words" if self._vocabulary else "no vocabulary yet"
        return f"Word2Vec({size}, vector_size={self.config.vector_size})"

    @property
    def epochs(self) -> int:
        """Passes over the corpus that `train` makes unless told otherwise."""
        return self.config.epochs

    @property
    def vector_size(self) -> int:
        """Dimensions of a word vector."""
        return self.config.vector_size

    @property
    def vocabulary(self) -> Vocabulary:
        """Words and counts; a ValueError before `build_vocab`."""
        if self._vocabulary is None:
            raise ValueError(
                "the model has no vocabulary yet: call build_vocab(corpus), then train(corpus)"
            )
        return self._vocabulary

    @property
    def wv(self) -> KeyedVectors:
        """The words and their vectors; a ValueError before `build_vocab`."""
        self.vocabulary  # noqa: B018 - raises where there is none
        return self._wv

    @property
    def output_vectors(self) -> npt.NDArray[np.float32]:
        """What words are predicted by, shape (V, vector_size).

        A ValueError before `build_vocab`, and for hierarchical softmax alone, which has none.
        """
        self.vocabulary  # noqa: B018 - raises where there is none
        if self._weights.output_vectors is None:
            raise ValueError(
                "hierarchical softmax alone has no output vectors for words: see node_vectors"
            )
        return self._weights.output_vectors[:, : self.config.vector_size]

    @property
    def node_vectors(self) -> npt.NDArray[np.float32]:
        """The inner nodes of the Huffman tree, shape (V - 1, vector_size), the root last.

        A ValueError before `build_vocab`, and without hierarchical softmax.
        """
        self.vocabulary  # noqa: B018 - raises where there is none
        if self._weights.node_vectors is None:
            raise ValueError(
                "only hierarchical softmax (hs=1) has node vectors: see output_vectors"
            )
        return self._weights.node_vectors[:, : self.config.vector_size]

    def build_vocab(
        self,
        sentences: Source | None = None,
        corpus_file: Path | Iterable[Path] | None = None,
        *,
        trim_rule: TrimRule | None = None,
        vocabulary: WordList | None = None,
        errors: str = "strict",
        progress: bool | Reporter = False,
    ) -> None:
        """Choose the vocabulary from a corpus and give every word a random vector.

        Parameters are those of `Word2Vec`.

        Raises
        ------
        ValueError
            If there is a vocabulary already, if too few words are frequent enough or of those
            asked for, or too many for the full softmax.
        TypeError, ValueError
            If `trim_rule` or `vocabulary` is not what it should be; ValueError too if both are
            given, or `vocabulary` where `max_final_vocab` is set.
        """
        self._check_new()
        choose = self._chooser(trim_rule, vocabulary)
        with as_reporter(progress) as report:
            corpus = _corpus(sentences, corpus_file, errors, self.config.workers, report)
        self._begin(choose(corpus), corpus.n_sentences, corpus.n_tokens)

    def build_vocab_from_freq(
        self,
        word_freq: Mapping[str, int] | Vocabulary,
        keep_raw_vocab: bool = False,
        corpus_count: int | None = None,
        *,
        trim_rule: TrimRule | None = None,
    ) -> None:
        """Choose the vocabulary from words that were counted elsewhere; then call `train`.

        Subsampling, noise words and the Huffman tree go by these counts, also where the text that
        is trained on has others; the learning rate falls with the words of that text.

        Parameters
        ----------
        word_freq : mapping of str to int, or Vocabulary
            How often each word occurs, at least once; `min_count` and `max_final_vocab` choose
            among them. A file of counts is read by `Vocabulary.load_counts`.
        keep_raw_vocab : bool
            Taken so that calls written for gensim work, and not needed: nothing is deleted.
        corpus_count : int, optional
            Sentences of the corpus that was counted; only kept, as ``corpus_count``.
        trim_rule : callable, optional
            As for `Word2Vec`.

        Raises
        ------
        TypeError, ValueError
            As for `build_vocab`, and where a word or a count is none.
        """
        del keep_raw_vocab
        self._check_new()
        vocabulary = Vocabulary.from_counts(
            word_freq,
            min_count=self.config.min_count,
            max_final_vocab=self.config.max_final_vocab,
            trim_rule=trim_rule,
        )
        if isinstance(word_freq, Vocabulary):
            tokens = word_freq.tokens
        else:
            tokens = sum(map(int, word_freq.values()))
        self._begin(vocabulary, operator.index(corpus_count or 0), tokens)

    def _check_new(self) -> None:
        if self._vocabulary is not None:
            raise ValueError(
                f"the model has a vocabulary of {len(self._vocabulary):,} words already, and a new "
                "one would discard its vectors; make a new Word2Vec instead"
            )

    def _chooser(
        self, trim_rule: TrimRule | None, vocabulary: WordList | None
    ) -> Callable[[Corpus], Vocabulary]:
        """Return what chooses a corpus's words; raise now, before text is read."""
        limits = Limits(self.config.min_count, self.config.max_final_vocab, trim_rule)
        if vocabulary is None:
            return lambda corpus: Vocabulary.from_corpus(corpus, **vars(limits))
        for name in ("trim_rule", "max_final_vocab"):
            if getattr(limits, name) is not None:
                raise ValueError(
                    f"vocabulary= says exactly which words are trained, so {name}= cannot choose "
                    "among them; give one of the two"
                )
        words = word_list(vocabulary)
        return lambda corpus: Vocabulary.from_words(words, corpus)

    def _begin(self, vocabulary: Vocabulary, n_sentences: int, n_tokens: int) -> None:
        """Give every word a random vector."""
        check_size(len(vocabulary), self.config, n_tokens)
        self._adopt(vocabulary, Weights.untrained(len(vocabulary), self.config))
        self.corpus_count = n_sentences
        self.corpus_total_words = n_tokens

    def _adopt(self, vocabulary: Vocabulary, weights: Weights) -> None:
        self._weights = weights
        vectors = weights.vectors[:, : self.config.vector_size]
        self._wv = KeyedVectors(
            vocabulary.words, vectors, counts=vocabulary.counts, fixed_vocab=True
        )
        self._vocabulary = vocabulary

    def train(
        self,
        sentences: Source | None = None,
        corpus_file: Path | Iterable[Path] | None = None,
        *,
        total_examples: int | None = None,
        total_words: int | None = None,
        epochs: int | None = None,
        start_alpha: float | None = None,
        end_alpha: float | None = None,
        trainable: npt.ArrayLike | None = None,
        errors: str = "strict",
        progress: bool | Reporter = False,
    ) -> TrainingResult:
        """Train on a corpus, which need not be the one that the vocabulary was made from.

        Ctrl-C stops within a fraction of a second: the call returns with a warning, and the model
        holds what was learned.

        Parameters
        ----------
        sentences, corpus_file, errors, progress
            As for `Word2Vec`.
        total_examples, total_words : int, optional
            Taken so that calls written for gensim work, and not needed: the corpus is counted.
        epochs : int, optional
            Passes over the corpus; default ``config.epochs``.
        start_alpha, end_alpha : float, optional
            Learning rate at the start and the end of this call; default ``config.learning_rate``
            and ``config.min_alpha``.
        trainable : bool, shape (V,), optional
            Word vectors to train, in the order of ``wv``: where it is False they stay as they are,
            and the rest is trained around them; default all. So that known vectors stay, set them
            in ``model.wv.vectors`` after `build_vocab`.

        Returns
        -------
        TrainingResult
            What was done: tokens, predictions, seconds, loss per epoch.

        Raises
        ------
        ValueError
            If there is no vocabulary yet, the corpus holds none of its words, or `trainable` is
            no mask of them.
        FloatingPointError
            If the loss is no longer finite; the vectors are then of no use.
        """
        del total_examples, total_words
        vocabulary = self.vocabulary
        changes = {"epochs": epochs, "alpha": start_alpha, "min_alpha": end_alpha}
        config = self.config.replace(**{k: v for k, v in changes.items() if v is not None})
        weights = replace(self._weights, trainable=_mask(trainable, len(vocabulary)))
        trainer = Trainer(weights, vocabulary, config, first_epoch=self._epochs_trained)
        with as_reporter(progress) as report:
            corpus = _corpus(sentences, corpus_file, errors, self.config.workers, report)
            try:
                result = trainer.run(corpus, report)
            finally:
                self._wv.mark_changed()
        self._epochs_trained += len(result.loss)
        self.training_loss.extend(result.loss)
        return result

    def intersect_word2vec_format(
        self,
        path: Path,
        *,
        binary: bool = False,
        limit: int | None = None,
        errors: str = "strict",
    ) -> npt.NDArray[np.bool_]:
        """Take the vectors of words of the vocabulary from a file; add no words.

        Parameters
        ----------
        path : str or path-like
            word2vec's text or binary format.
        binary, limit, errors
            As for ``KeyedVectors.load_word2vec_format``.

        Returns
        -------
        ndarray of bool, shape (V,)
            True where a word's vector was not in the file. ``train(corpus, trainable=mask)`` keeps
            the others as they are (gensim's ``lockf=0``); ``train(corpus)`` trains all
            (``lockf=1``).

        Raises
        ------
        ValueError
            There is no vocabulary yet, vectors in the file are of another size, or it cannot be
            read as that format.
        OSError
            It cannot be read.
        """
        wv = self.wv
        given = KeyedVectors.load_word2vec_format(path, binary=binary, limit=limit, errors=errors)
        if given.vector_size != self.vector_size:
            raise ValueError(
                f"{os.fspath(path)}: vectors have {given.vector_size} dimensions, the model's "
                f"{self.vector_size}: train with vector_size={given.vector_size}"
            )
        words = [word for word in given.index_to_key if word in wv]
        mask = np.ones(len(wv), np.bool_)
        if words:
            wv.add_vectors(words, given[words], replace=True)
            mask[[wv.get_index(word) for word in words]] = False
        return mask

    def predict_output_word(
        self,
        context_words_list: Sequence[str] | Sequence[Sequence[str]],
        topn: int | None = 10,
    ) -> Any:
        """Tell how probable each word of the vocabulary is to be the one missing among others.

        Parameters
        ----------
        context_words_list : sequence of str, or sequence of sequences of str
            The words around the missing one, or many such groups at once. Words outside the
            vocabulary are passed over, as in training.
        topn : int or None, default 10
            How many words to return. None returns the probabilities of all.

        Returns
        -------
        list of (str, float), or ndarray of float64, shape (V,), where `topn` is None
            Words and probabilities, the most probable first; for many groups, a list of such
            lists, or an array of shape (groups, V). The probabilities of all words sum to one.

        Raises
        ------
        TypeError, ValueError
            If a group is a single string or has no word of the vocabulary, or `topn` is negative.

        Notes
        -----
        The hidden state h is the mean (``cbow_mean=0``: the sum) of the context vectors; for
        skip-gram too, where it stands for the geometric mean of what each context word predicts.
        Full softmax: ``p(w) ~ exp(h . out_w)``. Hierarchical: the product of the sigmoids along
        each path (eq. 3 of Mikolov et al., 2013, "Distributed representations"). Negative sampling:
        ``p(w) ~ q(w) exp(h . out_w)`` with q the noise distribution, because scores estimate
        ``log p(w) - log(k q(w))`` (Levy and Goldberg, 2014, eq. 7); gensim leaves q out, and so
        overrates rare words. A model with both objectives answers by hierarchical softmax.
        Probabilities are those of the text as it was trained on, after subsampling.
        """
        if isinstance(context_words_list, str):
            raise TypeError(
                f"context_words_list={context_words_list[:40]!r} is a single string: expected a "
                "list of words"
            )
        count = None if topn is None else operator.index(topn)
        if count is not None and count < 0:
            raise ValueError(f"topn={topn!r}: expected an integer, at least 0, or None")
        groups = list(context_words_list)
        single = not groups or isinstance(groups[0], str)
        contexts = [self._known_rows(group) for group in ([groups] if single else groups)]
        found = Predictor(self._weights, self.vocabulary, self.config).probabilities(contexts)
        answers = [p if count is None else top(p, self.wv.index_to_key, count) for p in found]
        if single:
            return answers[0]
        return np.stack(answers) if count is None else answers

    def _known_rows(self, words: Any) -> npt.NDArray[np.int32]:
        if isinstance(words, str) or not all(isinstance(word, str) for word in words):
            raise TypeError(f"context words {words!r}: expected a list of words")
        index = self.wv.key_to_index
        rows = [index[word] for word in words if word in index]
        if not rows:
            raise ValueError(f"none of the context words {list(words)!r} is in the vocabulary")
        return np.array(rows, np.int32)

    def score(self, sentences: Source) -> npt.NDArray[np.float64]:
        """Tell how well the model predicts sentences, by its own objective.

        Parameters
        ----------
        sentences : Corpus, path, or iterable
            As for `Word2Vec`. Words outside the vocabulary are left out, as in training; windows
            are whole, and no word is subsampled.

        Returns
        -------
        float64, shape (sentences,)
            The sum over each sentence's predictions, in nats: of ``log p(centre | context)`` for
            hierarchical and full softmax, a log-likelihood. For negative sampling of eq. 4 of
            Mikolov et al. (2013), "Distributed representations", with its expectation over noise
            words taken exactly: its own objective, which is no log-likelihood but comparable
            between sentences of one length. Where both are trained, the two are added. A sentence
            without a pair of known words has 0. The empty lines of a file or Corpus, and the empty
            rows of a table or array, are no sentences; those of an iterable are.

        Raises
        ------
        ValueError
            If there is no vocabulary yet.
        """
        vocabulary = self.vocabulary
        source: Any = sentences
        items: list[Any] | None = None
        if not _is_whole(source):
            source = list(source)
            if not (source and isinstance(source[0], (os.PathLike, Mapping))):
                # A sentence may be an iterator: each is read here, once.
                items = source = [list(s) if hasattr(s, "__next__") else s for s in source]
        corpus = _corpus(source, None, "strict", self.config.workers, None)
        found = Predictor(self._weights, vocabulary, self.config).score(corpus)
        if items is None:
            return found
        # Sentences without a token, and tokens without a character, are not in the corpus.
        filled = [_is_filled(item) for item in items]
        scores = np.zeros(len(filled))
        scores[filled] = found
        return scores

    def save(self, path: Path) -> None:
        """Write the whole model to a safetensors file: all matrices, words, counts, settings.

        The file is written beside its destination and renamed into place.

        Raises
        ------
        OSError
            If the file cannot be written; an old file is then as it was.
        """
        vocabulary = self.vocabulary
        training = {
            "loss": self.training_loss,
            "epochs_trained": self._epochs_trained,
            "corpus_count": self.corpus_count,
            "corpus_total_words": self.corpus_total_words,
        }
        dim = self.config.vector_size
        matrices = {name: getattr(self._weights, name) for name in _MATRICES}
        safetensors_file.write(
            path,
            {
                **{name: m[:, :dim] for name, m in matrices.items() if m is not None},
                **word_tensors(vocabulary.words),
                "counts": vocabulary.counts,
            },
            {
                "format": _KIND,
                "w2v_version": __version__,
                "config": json.dumps(self.config.to_dict()),
                "training": json.dumps(training),
            },
        )

    @classmethod
    def load(cls, path: Path) -> Word2Vec:
        """Read a model that `save` wrote; it can be trained on.

        Raises
        ------
        ValueError
            If the file is truncated, corrupt, or not a model; the message says which.
        OSError
            If it cannot be read.
        """
        tensors, metadata = safetensors_file.read(path, kind=(_KIND,), mmap=True)
        words = unpack_words(tensors, path)
        try:
            config = TrainingConfig(**json.loads(metadata["config"]))
            training = json.loads(metadata["training"])
            model = cls.__new__(cls)
            model._prepare(config)
            model.training_loss = [float(loss) for loss in training["loss"]]
            model._epochs_trained = int(training["epochs_trained"])
            model.corpus_count = int(training["corpus_count"])
            model.corpus_total_words = int(training["corpus_total_words"])
            if tensors["vectors"].shape[1] != config.vector_size:
                raise ValueError(
                    f"vectors have {tensors['vectors'].shape[1]} dimensions, the settings say "
                    f"vector_size={config.vector_size}"
                )
            for name, wanted in Weights.needed(config).items():
                if wanted != (name in tensors):
                    raise ValueError(f"{name} {'missing' if wanted else 'not expected'}")
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{os.fspath(path)}: the model's settings cannot be read by w2v {__version__}: "
                f"{error!r}; if the file is from a newer w2v, upgrade; if not, it is damaged"
            ) from error
        vocabulary = Vocabulary(words, np.array(tensors["counts"], np.int64))
        matrices = {name: rows.padded(tensors[name]) for name in _MATRICES if name in tensors}
        vectors = matrices.pop("vectors")
        outputs = matrices.get("output_vectors"), matrices.get("node_vectors")
        model._adopt(vocabulary, Weights(vectors, *outputs))
        return model


def _mask(trainable: npt.ArrayLike | None, n_words: int) -> npt.NDArray[np.bool_] | None:
    if trainable is None:
        return None
    mask = np.asarray(trainable)
    if mask.dtype != np.bool_ or mask.shape != (n_words,):
        raise ValueError(
            f"trainable is an array of {mask.dtype} with shape {mask.shape}: expected one bool for "
            f"each word of the vocabulary, shape ({n_words},)"
        )
    return np.ascontiguousarray(mask)


def _corpus(
    sentences: Source | None,
    corpus_file: Path | Iterable[Path] | None,
    errors: str,
    workers: int | None,
    report: Reporter | None,
) -> Corpus:
    if (sentences is None) == (corpus_file is None):
        given = "both were given" if sentences is not None else "neither was given"
        raise ValueError(f"expected one of sentences and corpus_file: {given}")
    if isinstance(sentences, Corpus):
        return sentences
    if sentences is not None:
        return Corpus(sentences, errors=errors, workers=workers, progress=corpus_progress(report))
    assert corpus_file is not None
    paths = (corpus_file,) if isinstance(corpus_file, (str, os.PathLike)) else tuple(corpus_file)
    return Corpus.from_files(
        *paths, errors=errors, workers=workers, progress=corpus_progress(report)
    )


def _is_whole(source: object) -> bool:
    """Tell whether a source is for `Corpus` to take apart (or to refuse): no list of sentences."""
    kinds = (Corpus, str, os.PathLike, Mapping, bytes, bytearray, memoryview)
    tables = ("__arrow_c_stream__", "__arrow_c_array__", "__dataframe__", "column_names")
    return (
        isinstance(source, kinds)
        or not hasattr(source, "__iter__")
        or any(hasattr(type(source), sign) for sign in ("__array__", "tocsr", *tables))
    )


def _is_filled(sentence: Any) -> bool:
    if isinstance(sentence, str):
        return bool(sentence.split())
    return any(not isinstance(token, str) or token for token in sentence)  # the id 0 is a token
