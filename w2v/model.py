"""Word2Vec: what a user calls."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v import rows
from w2v._version import __version__
from w2v.config import TrainingConfig
from w2v.corpus import Corpus
from w2v.formats import native
from w2v.progress import Reporter, reading, reporter
from w2v.trainer import Trainer, TrainingResult
from w2v.vectors import KeyedVectors
from w2v.vocabulary import Vocabulary

Path = str | os.PathLike[str]
Source = Corpus | Path | Iterable[Any]

_KIND = "w2v.model"


class Word2Vec:
    """A skip-gram model with negative sampling (Mikolov et al., 2013).

    With text, it is trained at once; without, call `build_vocab` and `train` later.

    Parameters
    ----------
    sentences : Corpus, path, or iterable, optional
        What to train on: the path of a UTF-8 text file (one sentence a line, tokens separated by
        white space), an iterable of token lists, an iterable of lines, or an encoded `Corpus`.
    corpus_file : path or list of paths, optional
        The same for text files only. Give one of the two.
    vector_size, window, min_count, max_final_vocab, sample, sg, hs, negative, ns_exponent, \
shared_negatives, shrink_windows, alpha, min_alpha, epochs, workers, seed
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
        The context matrix: one row per word, in the order of ``wv``.
    training_loss : list of float
        Mean loss per (centre, context) pair in nats, one figure for each epoch trained: the
        negative of eq. 4 of Mikolov et al. (2013), "Distributed representations";
        ``(1 + negative) * log(2)`` for an untrained model. It is measured before each update as
        training goes along; towards the end it may rise a little, because a small learning rate
        no longer follows the text at hand.
    config : TrainingConfig
        The hyper-parameters.
    vocabulary : Vocabulary
        Words and counts.
    corpus_count, corpus_total_words : int
        Sentences and tokens of the corpus that the vocabulary was made from.

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
        vector_size: int = 100,
        window: int = 5,
        min_count: int = 5,
        max_final_vocab: int | None = None,
        sample: float = 1e-3,
        sg: int = 1,
        hs: int = 0,
        negative: int = 5,
        ns_exponent: float = 0.75,
        shared_negatives: bool = True,
        shrink_windows: bool = True,
        alpha: float = 0.025,
        min_alpha: float = 1e-4,
        epochs: int = 5,
        workers: int | None = None,
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
                hs=hs,
                negative=negative,
                ns_exponent=ns_exponent,
                shared_negatives=shared_negatives,
                shrink_windows=shrink_windows,
                alpha=alpha,
                min_alpha=min_alpha,
                epochs=epochs,
                workers=workers,
                seed=seed,
            )
        )
        if sentences is None and corpus_file is None:
            return
        with reporter(progress) as report:
            corpus = _corpus(sentences, corpus_file, errors, report)
            self.build_vocab(corpus)
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
        """The context matrix, shape (V, vector_size); a ValueError before `build_vocab`."""
        self.vocabulary  # noqa: B018 - raises where there is none
        return self._output[:, : self.config.vector_size]

    def build_vocab(
        self,
        sentences: Source | None = None,
        corpus_file: Path | Iterable[Path] | None = None,
        *,
        errors: str = "strict",
        progress: bool | Reporter = False,
    ) -> None:
        """Choose the vocabulary from a corpus and give every word a random vector.

        Parameters are those of `Word2Vec`.

        Raises
        ------
        ValueError
            If there is a vocabulary already, or too few words are frequent enough.
        """
        if self._vocabulary is not None:
            raise ValueError(
                f"the model has a vocabulary of {len(self._vocabulary):,} words already, and a new "
                "one would discard its vectors; make a new Word2Vec instead"
            )
        with reporter(progress) as report:
            corpus = _corpus(sentences, corpus_file, errors, report)
        vocabulary = Vocabulary.from_corpus(
            corpus,
            min_count=self.config.min_count,
            max_final_vocab=self.config.max_final_vocab,
        )
        dim = self.config.vector_size
        vectors = rows.allocate(len(vocabulary), dim)
        rows.randomize(vectors, dim, self.config.seed)
        self._adopt(vocabulary, vectors, rows.allocate(len(vocabulary), dim))
        self.corpus_count = corpus.n_sentences
        self.corpus_total_words = corpus.n_tokens

    def _adopt(
        self,
        vocabulary: Vocabulary,
        vectors: npt.NDArray[np.float32],
        output: npt.NDArray[np.float32],
    ) -> None:
        self._vectors, self._output = vectors, output
        self._wv = KeyedVectors(
            vocabulary.words, vectors[:, : self.config.vector_size], counts=vocabulary.counts
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
            Learning rate at the start and the end of this call; default ``config.alpha`` and
            ``config.min_alpha``.

        Returns
        -------
        TrainingResult
            What was done: tokens, pairs, seconds, loss per epoch.

        Raises
        ------
        ValueError
            If there is no vocabulary yet, or the corpus holds none of its words.
        FloatingPointError
            If the loss is no longer finite; the vectors are then of no use.
        """
        del total_examples, total_words
        vocabulary = self.vocabulary
        changes = {"epochs": epochs, "alpha": start_alpha, "min_alpha": end_alpha}
        config = self.config.replace(**{k: v for k, v in changes.items() if v is not None})
        trainer = Trainer(
            self._vectors, self._output, vocabulary, config, first_epoch=self._epochs_trained
        )
        with reporter(progress) as report:
            corpus = _corpus(sentences, corpus_file, errors, report)
            try:
                result = trainer.run(corpus, report)
            finally:
                self._wv._vectors_changed()
        self._epochs_trained += len(result.loss)
        self.training_loss.extend(result.loss)
        return result

    def save(self, path: Path) -> None:
        """Write the whole model to a safetensors file: both matrices, words, counts, settings.

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
        native.write(
            path,
            {
                "vectors": self.wv.vectors,
                "output_vectors": self.output_vectors,
                **native.pack_words(vocabulary.words),
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
        tensors, metadata = native.read(path, kind=(_KIND,), mmap=True)
        words = native.unpack_words(tensors, path)
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
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{os.fspath(path)}: the model's settings cannot be read by w2v {__version__}: "
                f"{error!r}; if the file is from a newer w2v, upgrade; if not, it is damaged"
            ) from error
        vocabulary = Vocabulary(words, np.array(tensors["counts"], np.int64))
        model._adopt(
            vocabulary, rows.padded(tensors["vectors"]), rows.padded(tensors["output_vectors"])
        )
        return model


def _corpus(
    sentences: Source | None,
    corpus_file: Path | Iterable[Path] | None,
    errors: str,
    report: Reporter | None,
) -> Corpus:
    if (sentences is None) == (corpus_file is None):
        given = "both were given" if sentences is not None else "neither was given"
        raise ValueError(f"expected one of sentences and corpus_file: {given}")
    if isinstance(sentences, Corpus):
        return sentences
    if sentences is not None:
        return Corpus(sentences, errors=errors, progress=reading(report))
    assert corpus_file is not None
    paths = (corpus_file,) if isinstance(corpus_file, (str, os.PathLike)) else tuple(corpus_file)
    return Corpus.from_files(*paths, errors=errors, progress=reading(report))
