"""SequenceClassifier: texts to labels by a recurrent network that reads word vectors."""

from __future__ import annotations

import contextlib
import inspect
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from w2v._types import PathLike
from w2v.sequence import checkpoint
from w2v.sequence.batching import Text, Texts, Tokenizer, encode, tokens
from w2v.sequence.device import device_of
from w2v.sequence.embedding import FIRST, UNKNOWN, Embedding
from w2v.sequence.hidden_states import HiddenStates, hidden_states
from w2v.sequence.labels import Label, kind_of, numbers_of, plain, split, targets_of, weights_of
from w2v.sequence.recurrent import CELLS, RecurrentEncoder
from w2v.sequence.training import (
    ClassifierEpoch,
    Network,
    Run,
    Watcher,
    check_progress,
    only_these_rows,
    scores_of,
)
from w2v.vectors.keyed_vectors import KeyedVectors

if TYPE_CHECKING:
    from w2v.training.word2vec import Word2Vec

_KIND = "w2v.classifier"
_ENCODERS = (*CELLS, "mean")


class SequenceClassifier:
    """Tell which class a text belongs to, in scikit-learn's way.

    The text's word vectors go through a recurrent network; its last hidden state, through one
    linear layer and a softmax, gives the probabilities of the classes.

    Parameters
    ----------
    vectors : KeyedVectors or Word2Vec
    encoder : {"lstm", "gru", "rnn", "mean"}, default "lstm"
        A recurrent cell, see `RecurrentEncoder`, or "mean", the mean of the word vectors, which
        ignores word order.
    hidden_size : int, default 128
        Numbers of a hidden state, of each direction.
    num_layers : int, default 1
    bidirectional : bool, default False
        Read backwards too.
    dropout : float, default 0.2
        Share of numbers set to zero in training, between layers and before the linear one.
    freeze : bool, default True
        Keep the word vectors as they are. False: fine-tune a copy of them.
    unknown : {"zero", "mean", "random", "error"}, default "zero"
        See `Embedding`.
    tokenizer : None, "unicode" or callable, default None
        How texts that are strings are split: at white space, at Unicode's word boundaries as
        `Corpus` does, or by a function. Lists of words are taken as they are.
    lowercase : bool, default False
        Lower-case all words first, as suits vectors of lower-case text.
    max_length : int or None, default 1000
        Words of a text beyond so many are not read; a warning counts such texts. None: read all.
    epochs : int, default 30
        At most so many.
    batch_size : int, default 32
        Texts in a step; fewer where a batch would exceed 262,144 words, padding included.
    learning_rate : float, default 0.001
        Of Adam (Kingma and Ba, 2015).
    max_grad_norm : float or None, default 1.0
        Gradients longer than this are shortened to it (Pascanu, Mikolov and Bengio, 2013).
    validation_fraction : float, default 0.1
        Share of each class's texts held out to tell when to stop, where there are enough of them
        and `fit` is not given others. 0: none, and all epochs are trained.
    patience : int, default 3
        Stop after so many epochs without a smaller loss on the texts held out; the network of the
        best epoch is kept.
    class_weight : None, "balanced" or mapping of label to float, default None
        What a text's loss is multiplied by. "balanced": texts / (classes x texts of its class).
    seed : int, default 1
        The same seed gives the same network on the same machine and number of threads. PyTorch's
        own generator is left as it was.
    device : str, default "auto"
        A GPU if PyTorch sees one, else the CPU; or one of PyTorch's names.
    progress : bool or callable, default False
        True: a bar on standard error. A callable is called with an `ClassifierEpoch` after each.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
        The labels, sorted.
    embedding_ : Embedding
        The vectors as they are now; ``embedding_.to_keyed_vectors()`` hands them back.
    history_ : list of ClassifierEpoch
    best_epoch_ : int
        The epoch whose network was kept.
    held_out_ : ndarray of int64
        Numbers of the texts held out of those given to `fit`; after `load`, empty.
    interrupted_ : bool
        Ctrl-C ended the training, after the first epoch.
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

    # ---- Training ----

    def fit(
        self,
        texts: Iterable[Text],
        labels: Iterable[Label],
        *,
        validation: tuple[Iterable[Text], Iterable[Label]] | None = None,
    ) -> SequenceClassifier:
        """Learn from labelled texts, anew each time.

        Parameters
        ----------
        texts : iterable of str or of sequences of str
            An empty text is read as one unknown word.
        labels : iterable of str, int or bool, all of one type
        validation : (texts, labels), optional
            Texts to tell when to stop by, in place of a share of the others.

        Returns
        -------
        SequenceClassifier
            Itself. After Ctrl-C, with the best network until then, unless no epoch was complete.

        Raises
        ------
        TypeError
            Labels of several types; a text or parameter of another type.
        ValueError
            No texts, fewer than two classes, as many labels as texts are not there, or a parameter
            is out of range.
        FloatingPointError
            The loss is no longer finite; the message says where.

        Warns
        -----
        UserWarning
            Texts hold no known word, or were cut at `max_length`; the message counts them.
        """
        self._check()
        device = device_of(self.device)
        embedding = Embedding(
            self.vectors, freeze=self.freeze, unknown=self.unknown, seed=self.seed
        )
        how = self._settings()
        data = self._encoded(texts, embedding, how)
        classes, targets = targets_of(labels, len(data))
        random = np.random.default_rng(self.seed)
        if validation is None:
            train, held = split(targets, self.validation_fraction, random)
            held_data, held_targets = data, targets
        else:
            held_data = self._encoded(validation[0], embedding, how)
            held_targets = numbers_of(validation[1], classes, len(held_data), "validation")
            train, held = np.arange(len(data)), np.arange(len(held_data))
        every = [data] if held_data is data else [data, held_data]
        weights = weights_of(self.class_weight, classes, targets[train])
        gpus = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=gpus), self._reporting(len(train)) as report:
            torch.manual_seed(self.seed)
            network = self._network(embedding, len(classes))
            with only_these_rows(network, embedding, every):
                network.to(device)
                run = Run(network, self, device, weights, report)
                run.train(data, targets, train, held_data, held_targets, held, random)
        network.to(device).eval()
        self.classes_, self.embedding_, self.network_ = classes, embedding, network
        self.history_, self.best_epoch_ = run.history, run.best
        self.interrupted_ = run.interrupted
        self.held_out_ = held if validation is None else held[:0]
        self._device, self._how = device, how
        return self

    def _settings(self) -> dict[str, Any]:
        """Return the parameters but the vectors: those of a fit stay when others are set."""
        return {name: value for name, value in self.get_params().items() if name != "vectors"}

    def _network(self, embedding: Embedding, classes: int) -> Network:
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
        return Network(embedding, recurrent, features, classes, self.dropout)

    def _check(self) -> None:
        """Raise where a parameter is out of range; `Embedding` checks its own."""
        if self.encoder not in _ENCODERS:
            raise ValueError(
                f"encoder={self.encoder!r}: expected one of {', '.join(map(repr, _ENCODERS))}"
            )
        for name in ("hidden_size", "num_layers", "epochs", "batch_size", "patience", "max_length"):
            value = getattr(self, name)
            if name == "max_length" and value is None:
                continue
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name}={value!r}: expected an integer of at least 1")
        for name, low, high in (("dropout", 0, 1), ("validation_fraction", 0, 1)):
            value = getattr(self, name)
            if not low <= value < high:
                raise ValueError(f"{name}={value!r}: expected a number from {low} to below {high}")
        for name in ("learning_rate", "max_grad_norm"):
            value = getattr(self, name)
            if not (name == "max_grad_norm" and value is None) and not 0 < value < math.inf:
                raise ValueError(f"{name}={value!r}: expected a number above 0")
        check_progress(self.progress)

    def _encoded(
        self,
        texts: Iterable[Text],
        embedding: Embedding,
        how: Mapping[str, Any],
        callers: int = 1,
        first: int = 0,
    ) -> Texts:
        """Return the texts as ids; `first` is the number of the first of them."""
        data, strange, cut = encode(
            texts,
            embedding,
            tokenizer=how["tokenizer"],
            lowercase=how["lowercase"],
            max_length=how["max_length"],
        )
        if strange:
            warnings.warn(
                f"{len(strange):,} of {len(data):,} texts hold no known word (the first is number "
                f"{first + strange[0]:,}, counted from 0): nothing can be told from them",
                stacklevel=2 + callers,
            )
        if cut:
            warnings.warn(
                f"{len(cut):,} of {len(data):,} texts are longer than max_length="
                f"{how['max_length']:,} words (the first is number {first + cut[0]:,}, counted "
                "from 0): only so many were read",
                stacklevel=2 + callers,
            )
        return data

    @contextlib.contextmanager
    def _reporting(self, texts: int) -> Iterator[Watcher]:
        if self.progress is not True:
            yield Watcher(self.progress or None, None)
            return
        from tqdm import tqdm

        bar = tqdm(total=self.epochs * texts, unit=" texts", unit_scale=True, dynamic_ncols=True)
        with bar:
            yield Watcher(None, bar)

    # ---- Predicting ----

    def predict(self, texts: Iterable[Text]) -> npt.NDArray[Any]:
        """Return the most probable class of each text.

        Parameters
        ----------
        texts : iterable of str or of sequences of str

        Returns
        -------
        ndarray, shape (texts,)

        Raises
        ------
        RuntimeError, TypeError
            Nothing was fitted; a text is neither a string nor a list of words.

        Warns
        -----
        UserWarning
            As `fit` does.
        """
        return self._labels(self._scores(texts).argmax(1))

    def predict_proba(self, texts: Iterable[Text]) -> npt.NDArray[np.float64]:
        """Return the probability of each class, in the order of `classes_`, for each text.

        Parameters
        ----------
        texts : iterable of str or of sequences of str

        Returns
        -------
        ndarray of float64, shape (texts, classes)
            Rows sum to 1.
        """
        return self._shares(texts)

    def _shares(self, texts: Iterable[Text], first: int = 0) -> npt.NDArray[np.float64]:
        """Return what `predict_proba` does, of texts of which the first has this number."""
        scores = self._scores(texts, callers=3, first=first).double()
        found: npt.NDArray[np.float64] = torch.softmax(scores, 1).numpy()
        return found

    def score(self, texts: Iterable[Text], labels: Iterable[Label]) -> float:
        """Return the share of texts whose class is predicted rightly.

        Parameters
        ----------
        texts : iterable of str or of sequences of str
        labels : iterable of str, int or bool
            Those that `fit` never saw count as wrong.

        Raises
        ------
        ValueError
            There are no texts, or not as many labels.
        """
        found = self.predict(texts)
        expected = list(labels)
        if len(found) != len(expected) or not expected:
            raise ValueError(
                f"{len(found):,} texts but {len(expected):,} labels: expected one each, and at "
                "least one"
            )
        right = sum(a == b for a, b in zip(found.tolist(), expected, strict=True))
        return float(right) / len(expected)

    def hidden_states(self, text: Text, *, layer: int = -1, backward: bool = False) -> HiddenStates:
        """Return states and gates after each word of a text; see `w2v.sequence.hidden_states`."""
        return hidden_states(self, text, layer=layer, backward=backward)

    def _words(self, text: Text) -> list[str]:
        """Return the words of a text that this network reads."""
        words = next(tokens([text], self._how["tokenizer"], self._how["lowercase"]))
        return words[: self._how["max_length"]]

    def _labels(self, numbers: torch.Tensor) -> npt.NDArray[Any]:
        labels: npt.NDArray[Any] = self.classes_[numbers.numpy()]
        return labels

    def _scores(self, texts: Iterable[Text], callers: int = 2, first: int = 0) -> torch.Tensor:
        """Return the scores of each text's classes before the softmax, on the CPU."""
        if not hasattr(self, "network_"):
            message = "this SequenceClassifier has not been fitted: call fit() first, or load() one"
            raise RuntimeError(message)
        data = self._encoded(texts, self.embedding_, self._how, callers, first)
        rows = np.arange(len(data))
        return scores_of(self.network_, data, rows, self._device, len(self.classes_))

    # ---- Files ----

    def save(self, path: PathLike) -> None:
        """Write the network, its vectors and settings to one safetensors file.

        Parameters
        ----------
        path : str or path-like
            Replaced only when all is on disk.

        Raises
        ------
        RuntimeError
            Nothing was fitted.
        OSError
            The destination cannot be written; what was there is unchanged.

        Notes
        -----
        A tokenizer that is a function is not saved: `load` takes it again. Neither are `device`
        and `progress`.
        """
        if not hasattr(self, "network_"):
            raise RuntimeError("this SequenceClassifier has not been fitted: call fit() first")
        settings = checkpoint.without_functions(self._how)
        for name in ("device", "progress", "class_weight"):
            del settings[name]
        weights = self._how["class_weight"]
        if isinstance(weights, Mapping):
            pairs = [(plain(label), float(weight)) for label, weight in weights.items()]
        state = {
            name: tensor
            for name, tensor in self.network_.state_dict().items()
            if not name.startswith("embedding.")
        }
        checkpoint.write(
            path,
            _KIND,
            self.embedding_,
            state,
            {
                "settings": {name: plain(value) for name, value in settings.items()},
                "class_weight": pairs if isinstance(weights, Mapping) else weights,
                "classes": self.classes_.tolist(),
                "history": [list(vars(epoch).values()) for epoch in self.history_],
                "best_epoch": self.best_epoch_,
            },
        )

    @classmethod
    def load(
        cls,
        path: PathLike,
        *,
        device: str = "auto",
        tokenizer: Tokenizer | None = None,
        progress: bool | Callable[[ClassifierEpoch], object] = False,
    ) -> SequenceClassifier:
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or path-like
        device : str, default "auto"
        tokenizer : callable, optional
            The function that was used, where it was one.
        progress : bool or callable, default False

        Returns
        -------
        SequenceClassifier
            Its `vectors` are those of the file, as they were trained on.

        Raises
        ------
        ValueError
            The file is truncated, corrupt, foreign or of another kind; `device` is not there; a
            tokenizer is missing.
        OSError
            It cannot be read.
        """
        check_progress(progress)
        needs = ("settings", "class_weight", "classes", "history", "best_epoch")
        wv, unknown, state, metadata = checkpoint.read(path, _KIND, needs)
        settings = checkpoint.with_tokenizer(path, metadata["settings"], tokenizer)
        names = set(cls._names()) - {"vectors", "device", "progress", "class_weight"}
        if not isinstance(settings, dict) or set(settings) != names:
            raise checkpoint.corrupt(path, "its settings are not those of a SequenceClassifier")
        weights = metadata["class_weight"]
        made = cls(
            wv,
            **settings,
            class_weight=dict(weights) if isinstance(weights, list) else weights,
            device=device,
            progress=progress,
        )
        classes = metadata["classes"]
        try:
            made._check()
            # Before anything of the size that the settings claim is made.
            if made.encoder != "mean" and (
                len(state[f"recurrent.rnn.weight_hh_l{made.num_layers - 1}"][0]) != made.hidden_size
            ):
                raise ValueError("hidden_size is another")
            kind, listed = kind_of(classes)
            if listed != classes or len(classes) < 2:
                raise ValueError(f"{len(classes)} classes")
            embedding = Embedding(wv, freeze=made.freeze, unknown=made.unknown)
            history = [ClassifierEpoch(*epoch) for epoch in metadata["history"]]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise checkpoint.corrupt(
                path, f"its settings do not fit what it holds ({error})"
            ) from None
        with torch.no_grad():
            embedding.weight[UNKNOWN] = torch.from_numpy(unknown)
        made._device = device_of(device)
        with torch.random.fork_rng(devices=[]):
            network = made._network(embedding, len(classes))
        network.embedding = nn.Identity()  # already right, and without a place in `state`
        checkpoint.fill(path, network, state)
        network.embedding = embedding
        made.network_ = network.to(made._device).eval()
        # The same memory, not a second copy; on a GPU there are two.
        rows = embedding.weight.detach().cpu()[FIRST:].numpy()
        made.vectors = KeyedVectors(wv.index_to_key, rows, counts=wv.counts)
        made.embedding_, made.classes_ = embedding, np.array(classes, dtype=kind)
        made.history_, made.best_epoch_ = history, metadata["best_epoch"]
        made.interrupted_, made.held_out_ = False, np.empty(0, np.int64)
        made._how = made._settings()
        return made

    # ---- scikit-learn's conventions, without scikit-learn ----

    @classmethod
    def _names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; `deep` is there for scikit-learn and changes nothing."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> SequenceClassifier:
        """Set parameters by name, for the next `fit`; return itself."""
        names = self._names()
        for name in params:
            if name not in names:
                raise ValueError(f"there is no parameter {name!r}: expected {', '.join(names)}")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        fitted = f", {len(self.classes_)} classes" if hasattr(self, "classes_") else ""
        return f"<SequenceClassifier: {self.encoder}, {self.hidden_size} units{fitted}>"

    def __sklearn_clone__(self) -> SequenceClassifier:
        # The vectors are shared: a grid search must not copy them for each of its points.
        return type(self)(**self.get_params())

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(two_d_array=False, string=True),
        )
