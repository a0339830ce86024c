"""SequenceClassifier: predicts the class of a text from its word vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from w2v._attributes import KnownAttributes, with_own_methods
from w2v._validation import one_of
from w2v._warnings import warn
from w2v.sequence.batching import EncodedTexts, Text, Tokenizer, encode_texts, tokenize
from w2v.sequence.checkpoint import Checkpointed
from w2v.sequence.classifier_training import (
    ClassifierEpoch,
    ClassifierNetwork,
    ClassifierTrainer,
    predict_logits,
    train_used_rows_only,
)
from w2v.sequence.device import resolve_device
from w2v.sequence.embedding import FIRST, Embedding
from w2v.sequence.estimator import ClassifierProtocol
from w2v.sequence.hidden_states import HiddenStates, hidden_states
from w2v.sequence.hyperparameters import (
    check_counts,
    check_fractions,
    check_positive,
    check_progress,
)
from w2v.sequence.labels import (
    Label,
    check_labels,
    class_weights,
    encode_labels,
    fit_labels,
    stratified_split,
    to_python_scalar,
)
from w2v.sequence.recurrent import CELLS, RecurrentEncoder
from w2v.sequence.training import TrainingMonitor, seeded_random
from w2v.vectors.keyed_vectors import KeyedVectors

if TYPE_CHECKING:
    from w2v.training.word2vec import Word2Vec

_ENCODERS = (*CELLS, "mean")


@with_own_methods
class SequenceClassifier(KnownAttributes, Checkpointed, ClassifierProtocol):
    """Text classifier with the interface of scikit-learn.

    A recurrent network reads the word vectors of a text; a linear layer and a softmax turn its last
    hidden state into class probabilities.

    Parameters
    ----------
    vectors : KeyedVectors or Word2Vec
    encoder : {"lstm", "gru", "rnn", "mean"}, default "lstm"
        A recurrent cell, see `RecurrentEncoder`, or "mean", the mean of the word vectors, which
        ignores word order.
    hidden_size : int, default 128
        Units per direction.
    num_layers : int, default 1
        Recurrent layers.
    bidirectional : bool, default False
        Also read the text backward.
    dropout : float, default 0.2
        Dropout probability between layers and before the linear layer.
    freeze : bool, default True
        Keep the word vectors as they are. False: fine-tune a copy of them.
    unknown : {"zero", "mean", "random", "error"}, default "zero"
        The vector of unknown words, see `Embedding`.
    tokenizer : None, "unicode" or callable, default None
        How to split strings: at white space, at Unicode word boundaries as `Corpus` does, or by
        calling a function. Lists of words are used unchanged.
    lowercase : bool, default False
        Convert to lower case first, for vectors of lower-case text.
    max_length : int or None, default 1000
        Truncate texts to this many words, with a warning. None: no limit.
    epochs : int, default 30
        Maximum number of epochs.
    batch_size : int, default 32
        Texts per update; batches of more than 262,144 words, padding included, are split.
    learning_rate : float, default 0.001
        Learning rate of Adam (Kingma and Ba, 2015).
    max_grad_norm : float or None, default 1.0
        Clip gradients to this norm (Pascanu, Mikolov and Bengio, 2013). None: no clipping.
    validation_fraction : float, default 0.1
        Fraction of the texts of each class to hold out for early stopping, unless `fit` is given
        validation texts. 0: train for all epochs.
    patience : int, default 3
        Stop after this many epochs without a lower validation loss; the network of the best epoch
        is kept.
    class_weight : None, "balanced" or mapping of label to float, default None
        Factor for the loss of each class. "balanced": n_texts / (n_classes * texts of the class).
    seed : int, default 1
        Random seed. The same seed gives the same network on the same machine with the same number
        of threads. The global generator of PyTorch is left unchanged.
    device : str, default "auto"
        A PyTorch device such as "cpu" or "cuda:1"; "auto" is a GPU if there is one, otherwise the
        CPU.
    progress : bool or callable, default False
        True: a progress bar on standard error. A callable is called with a `ClassifierEpoch` after
        each epoch.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        The labels, sorted.
    embedding_ : Embedding
        The word vectors after training; ``embedding_.to_keyed_vectors()`` converts them.
    history_ : list of ClassifierEpoch
    best_epoch_ : int
        The epoch whose network was kept.
    held_out_ : ndarray of int64
        Indices of the texts that `fit` held out; empty after `load`.
    interrupted_ : bool
        Whether Ctrl-C ended training early.
    network_ : torch.nn.Module

    Examples
    --------
    >>> words = ["good", "great", "bad", "poor", "film"]
    >>> rows = np.array([[1, 0], [1, 0.1], [-1, 0], [-1, 0.1], [0, 1]], dtype=np.float32)
    >>> texts = ["good film", "great film", "bad film", "poor film"] * 10
    >>> labels = ["yes", "yes", "no", "no"] * 10
    >>> clf = SequenceClassifier(KeyedVectors(words, rows), hidden_size=8, learning_rate=0.05)
    >>> clf.fit(texts, labels).predict(["great good film", "a bad one"]).tolist()
    ['yes', 'no']
    """

    _kind = "w2v.classifier"
    _epoch_type = ClassifierEpoch
    _more_metadata = ("class_weight", "classes", "best_epoch")

    history_: list[ClassifierEpoch]
    network_: ClassifierNetwork

    def __init__(
        self,
        vectors: KeyedVectors | Word2Vec,
        encoder: str = "lstm",
        *,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.2,
        freeze: bool = True,
        unknown: str = "zero",
        tokenizer: Tokenizer | str | None = None,
        lowercase: bool = False,
        max_length: int | None = 1000,
        epochs: int = 30,
        batch_size: int = 32,
        learning_rate: float = 0.001,
        max_grad_norm: float | None = 1.0,
        validation_fraction: float = 0.1,
        patience: int = 3,
        class_weight: str | Mapping[Any, float] | None = None,
        seed: int = 1,
        device: str = "auto",
        progress: bool | Callable[[ClassifierEpoch], object] = False,
    ) -> None:
        self.vectors = vectors
        self.encoder = encoder
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.freeze = freeze
        self.unknown = unknown
        self.tokenizer = tokenizer
        self.lowercase = lowercase
        self.max_length = max_length
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.max_grad_norm = max_grad_norm
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.class_weight = class_weight
        self.seed = seed
        self.device = device
        self.progress = progress

    def __repr__(self) -> str:
        fitted = f", {len(self.classes_)} classes" if hasattr(self, "classes_") else ""
        return f"<SequenceClassifier: {self.encoder}, {self.hidden_size} units{fitted}>"

    # ---- Training ----

    def fit(
        self,
        texts: Iterable[Text],
        labels: Iterable[Label],
        *,
        validation: tuple[Iterable[Text], Iterable[Label]] | None = None,
    ) -> SequenceClassifier:
        """Train from scratch on labeled texts.

        Parameters
        ----------
        texts : iterable of str or of sequences of str
            An empty text is read as a single unknown word.
        labels : iterable of str, int or bool
            One label per text, all of one type.
        validation : (texts, labels), optional
            Texts for early stopping; by default a fraction of the training texts is held out.

        Returns
        -------
        SequenceClassifier
            The classifier itself.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C, so that it ends a loop of trainings. If an epoch is complete, the
            classifier has the best network so far, and `interrupted_` is True.
        TypeError
            If labels have different types, or a text or a parameter has the wrong type.
        ValueError
            If there are no texts, fewer than two classes, more or fewer labels than texts, or a
            parameter is out of range.
        FloatingPointError
            If the loss or a weight becomes NaN or infinite.

        Warns
        -----
        UserWarning
            If texts contain no known word or are truncated to `max_length`, with their number.
        """
        self._check_parameters()
        device = resolve_device(self.device)
        embedding = Embedding(
            self.vectors, freeze=self.freeze, unknown=self.unknown, seed=self.seed
        )
        params = self._params_without_vectors()
        data = _encode(texts, embedding, params)
        classes, targets = fit_labels(labels, len(data))
        random = np.random.default_rng(self.seed)
        if validation is None:
            train, held_out = stratified_split(targets, self.validation_fraction, random)
            validation_data, validation_targets = data, targets
        else:
            validation_data = _encode(validation[0], embedding, params)
            validation_targets = encode_labels(
                validation[1], classes, len(validation_data), "validation"
            )
            train, held_out = np.arange(len(data)), np.arange(len(validation_data))
        used = [data] if validation_data is data else [data, validation_data]
        weights = class_weights(self.class_weight, classes, targets[train])
        monitor = TrainingMonitor(self.progress, self.epochs * len(train), "texts")
        with monitor, seeded_random(device, self.seed):
            network = self._build_network(embedding, len(classes))
            with train_used_rows_only(network, embedding, used):
                network.to(device)
                trainer = ClassifierTrainer(network, self, device, weights, monitor)
                trainer.train(
                    data, targets, train, validation_data, validation_targets, held_out, random
                )
        network.to(device).eval()
        self.classes_, self.embedding_, self.network_ = classes, embedding, network
        self.history_, self.best_epoch_ = trainer.history, trainer.best_epoch
        self.interrupted_ = trainer.interrupted
        self.held_out_ = held_out if validation is None else held_out[:0]
        self._device, self._fitted_params = device, params
        if self.interrupted_:
            raise KeyboardInterrupt(
                f"training was interrupted after epoch {len(self.history_)} of {self.epochs}; the "
                f"classifier keeps the network of epoch {self.best_epoch_}"
            )
        return self

    def _params_without_vectors(self) -> dict[str, Any]:
        """Return the parameters except `vectors`; `set_params` does not affect a fitted network."""
        return {name: value for name, value in self.get_params().items() if name != "vectors"}

    def _build_network(self, embedding: Embedding, classes: int) -> ClassifierNetwork:
        recurrent = None
        features = embedding.embedding_dim
        if self.encoder != "mean":
            recurrent = RecurrentEncoder(
                features,
                self.hidden_size,
                self.encoder,
                self.num_layers,
                self.bidirectional,
                self.dropout,
            )
            features = recurrent.output_size
        return ClassifierNetwork(embedding, recurrent, features, classes, self.dropout)

    def _check_parameters(self) -> None:
        """Raise a ValueError or TypeError for a bad parameter, except those of `Embedding`."""
        params = self.get_params()
        one_of(_ENCODERS, "encoder", self.encoder)
        counts = ["hidden_size", "num_layers", "epochs", "batch_size", "patience", "max_length"]
        positive = ["learning_rate", "max_grad_norm"]
        optional = ("max_length", "max_grad_norm")
        given = {name: v for name, v in params.items() if name not in optional or v is not None}
        check_counts(given, [name for name in counts if name in given])
        check_fractions(given, ["dropout", "validation_fraction"])
        check_positive(given, [name for name in positive if name in given])
        check_progress(self.progress)

    # ---- Prediction ----

    def predict(self, texts: Iterable[Text]) -> npt.NDArray[Any]:
        """Return the most probable class of each text.

        Parameters
        ----------
        texts : iterable of str or of sequences of str

        Returns
        -------
        ndarray, shape (n_texts,)

        Raises
        ------
        RuntimeError
            If the classifier has not been fitted.
        TypeError
            If a text is neither a string nor a list of words.

        Warns
        -----
        UserWarning
            As `fit` does.
        """
        indices = self._logits(texts).argmax(1)
        labels: npt.NDArray[Any] = self.classes_[indices.numpy()]
        return labels

    def predict_proba(
        self, texts: Iterable[Text], *, first_number: int = 0
    ) -> npt.NDArray[np.float64]:
        """Return the class probabilities of each text.

        Parameters
        ----------
        texts : iterable of str or of sequences of str
        first_number : int, default 0
            The number of the first text in warnings, for texts that are predicted in batches.

        Returns
        -------
        ndarray of float64, shape (n_texts, n_classes)
            Columns in the order of `classes_`; each row sums to 1.

        Raises
        ------
        RuntimeError, TypeError
            As in `predict`.
        """
        logits = self._logits(texts, first_number).double()
        probabilities: npt.NDArray[np.float64] = torch.softmax(logits, 1).numpy()
        return probabilities

    def score(self, texts: Iterable[Text], labels: Iterable[Label]) -> float:
        """Return the accuracy: the fraction of texts whose class is predicted correctly.

        Parameters
        ----------
        texts : iterable of str or of sequences of str
        labels : iterable of str, int or bool
            Labels that `fit` did not see count as wrong.

        Raises
        ------
        ValueError
            If there are no texts, or more or fewer labels than texts.
        """
        predicted = self.predict(texts)
        expected = list(labels)
        if len(predicted) != len(expected) or not expected:
            raise ValueError(
                f"{len(predicted):,} texts but {len(expected):,} labels: expected one label per "
                "text, and at least one text"
            )
        correct = sum(a == b for a, b in zip(predicted.tolist(), expected, strict=True))
        return float(correct) / len(expected)

    def hidden_states(self, text: Text, *, layer: int = -1, backward: bool = False) -> HiddenStates:
        """Return states and gates after each word of a text; see `w2v.sequence.hidden_states`."""
        return hidden_states(self, text, layer=layer, backward=backward)

    def tokenize(self, text: Text) -> list[str]:
        """Return the words of a text as the network reads them: split and truncated."""
        params = self._fitted_params
        words = next(tokenize([text], params["tokenizer"], params["lowercase"]))
        return words[: params["max_length"]]

    def _logits(self, texts: Iterable[Text], first_number: int = 0) -> torch.Tensor:
        """Return the class logits of each text, on the CPU."""
        self._check_fitted()
        data = _encode(texts, self.embedding_, self._fitted_params, first_number)
        rows = np.arange(len(data))
        return predict_logits(self.network_, data, rows, self._device, len(self.classes_))

    # ---- Files, see Checkpointed ----

    def _fitted_settings(self) -> Mapping[str, Any]:
        return self._fitted_params

    def _metadata(self) -> dict[str, object]:
        weights = self._fitted_params["class_weight"]
        if isinstance(weights, Mapping):  # as pairs: the keys of a JSON object are strings
            weights = [(to_python_scalar(label), float(w)) for label, w in weights.items()]
        return {
            "class_weight": weights,
            "classes": self.classes_.tolist(),
            "best_epoch": self.best_epoch_,
        }

    @classmethod
    def _from_settings(
        cls,
        wv: KeyedVectors,
        settings: Mapping[str, Any],
        metadata: Mapping[str, Any],
        *,
        device: str,
        progress: bool | Callable[[Any], object],
    ) -> SequenceClassifier:
        weights = metadata["class_weight"]
        if isinstance(weights, list):
            weights = dict(weights)
        model = cls(wv, **settings, class_weight=weights, device=device, progress=progress)
        model._check_parameters()
        dtype, classes = check_labels(metadata["classes"])
        if classes != metadata["classes"] or len(classes) < 2:
            raise ValueError(f"{len(classes)} classes")
        model.classes_, model.best_epoch_ = np.array(classes, dtype=dtype), metadata["best_epoch"]
        model.embedding_ = Embedding(wv, freeze=model.freeze, unknown=model.unknown)
        return model

    def _make_network(self) -> ClassifierNetwork:
        return self._build_network(self.embedding_, len(self.classes_))

    def _finish_loading(self, wv: KeyedVectors) -> None:
        # On the CPU the embedding and `vectors` share memory; on a GPU there are two copies.
        rows = self.embedding_.weight.detach().cpu()[FIRST:].numpy()
        self.vectors = KeyedVectors(wv.index_to_key, rows, counts=wv.counts)
        self.interrupted_, self.held_out_ = False, np.empty(0, np.int64)
        self._device = self.embedding_.weight.device
        self._fitted_params = self._params_without_vectors()


def _encode(
    texts: Iterable[Text],
    embedding: Embedding,
    params: Mapping[str, Any],
    first_number: int = 0,
) -> EncodedTexts:
    """Return the texts as ids; warn about texts without known words and truncated texts."""
    data, without_known_words, truncated = encode_texts(
        texts,
        embedding,
        tokenizer=params["tokenizer"],
        lowercase=params["lowercase"],
        max_length=params["max_length"],
    )
    if without_known_words:
        warn(
            f"{len(without_known_words):,} of {len(data):,} texts contain no known word (the first "
            f"is number {first_number + without_known_words[0]:,}, counted from 0); their "
            "predictions are meaningless",
        )
    if truncated:
        warn(
            f"truncated {len(truncated):,} of {len(data):,} texts to max_length="
            f"{params['max_length']:,} words (the first is number {first_number + truncated[0]:,}, "
            "counted from 0)",
        )
    return data
