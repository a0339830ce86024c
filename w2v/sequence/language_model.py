"""RNNLanguageModel: predicts the next word of a text from the words before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from w2v._attributes import KnownAttributes, with_own_methods
from w2v._types import IntArray
from w2v._validation import one_of
from w2v._warnings import warn
from w2v.sequence.batching import Text, Tokenizer, tokenize
from w2v.sequence.checkpoint import Checkpointed
from w2v.sequence.device import resolve_device
from w2v.sequence.embedding import FIRST, PADDING, Embedding
from w2v.sequence.hidden_states import HiddenStates, hidden_states
from w2v.sequence.hyperparameters import (
    check_counts,
    check_fractions,
    check_positive,
    check_progress,
)
from w2v.sequence.initialization import chrono_init as init_gates
from w2v.sequence.labels import to_python_scalar
from w2v.sequence.language_model_training import (
    LanguageModelEpoch,
    LanguageModelNetwork,
    LanguageModelTrainer,
    Segments,
    evaluate_perplexity,
)
from w2v.sequence.recurrent import CELLS, RecurrentEncoder
from w2v.sequence.softmax import SOFTMAXES, AdaptiveSoftmax, FullSoftmax, SampledSoftmax
from w2v.sequence.training import seeded_random
from w2v.vectors.keyed_vectors import KeyedVectors

if TYPE_CHECKING:
    from w2v.training.word2vec import Word2Vec

_MAX_FULL_SOFTMAX = 20_000  # words, with softmax="auto"


@with_own_methods
class RNNLanguageModel(KnownAttributes, Checkpointed):
    """Recurrent language model: predicts the next word of a text from word vectors.

    Parameters
    ----------
    vectors : KeyedVectors or Word2Vec
        The vocabulary that is read and predicted.
    cell : {"lstm", "gru", "rnn"}, default "lstm"
        See `RecurrentEncoder`.
    hidden_size : int, default 128
        Units.
    num_layers : int, default 1
        Recurrent layers.
    dropout : float, default 0.2
        Dropout probability between layers and before the output.
    freeze : bool, default True
        Keep the word vectors as they are. False: fine-tune a copy of them.
    unknown : {"zero", "mean", "random", "error"}, default "zero"
        The vector of unknown words, see `Embedding`.
    tie_weights : bool, default False
        Use the word vectors as output weights too (Press and Wolf, 2017; Inan et al., 2017). A
        linear layer maps hidden states to their dimension. With ``freeze=True`` the output weights
        are frozen as well.
    softmax : {"auto", "full", "sampled", "adaptive"}, default "auto"
        "full": exact, over all words. "sampled": in training, over the true word and `num_sampled`
        others drawn by frequency, with a correction (Jean et al., 2015); predictions use all words.
        "adaptive": rare words in groups with smaller matrices (Grave et al., 2017). "auto": full
        up to 20,000 words, then adaptive, or sampled with `tie_weights`.
    num_sampled : int, default 1000
        Words sampled per batch for the sampled softmax.
    tokenizer : None, "unicode" or callable, default None
        How to split strings; see `SequenceClassifier`.
    lowercase : bool, default False
        Convert to lower case first.
    epochs : int, default 5
    batch_size : int, default 32
        Segments per update.
    segment_length : int, default 35
        Texts are split into segments of at most this many words. Each segment is read from a zero
        state, starting with the last word of the segment before it; gradients and predictions do
        not reach back further (truncated backpropagation through time).
    learning_rate : float, default 0.002
        Learning rate of Adam (Kingma and Ba, 2015).
    max_grad_norm : float or None, default 1.0
        Clip gradients to this norm. None: no clipping.
    chrono_init : int or None, default None
        Initialize the gates for dependencies of up to this many steps; see
        `w2v.sequence.chrono_init`.
    seed : int, default 1
        Random seed.
    device : str, default "auto"
        A PyTorch device such as "cpu" or "cuda:1"; "auto" is a GPU if there is one, otherwise the
        CPU.
    progress : bool or callable, default False
        True: a progress bar on standard error. A callable is called with a `LanguageModelEpoch`
        after each epoch.

    Attributes
    ----------
    embedding_ : Embedding
        The word vectors; ``embedding_.to_keyed_vectors()`` converts them.
    network_ : torch.nn.Module
    history_ : list of LanguageModelEpoch
    settings : dict
        The parameters by name, except `vectors`.
    index_to_key : list of str
        The vocabulary, in the order of `probabilities`.

    Raises
    ------
    TypeError, ValueError
        If a parameter has the wrong type or is out of range.

    Notes
    -----
    A text starts with a step of zeros, from which its first word is predicted. The end of a
    sentence is predicted only if it appears in the texts as a word that has a vector. Words without
    a vector are read as `unknown` says and never predicted; loss and perplexity ignore them.

    Examples
    --------
    >>> model = RNNLanguageModel(wv).fit(texts)  # doctest: +SKIP
    >>> model.predict_next(["I", "am"], topn=3)  # doctest: +SKIP
    """

    _kind = "w2v.language-model"
    _epoch_type = LanguageModelEpoch

    history_: list[LanguageModelEpoch]
    network_: LanguageModelNetwork

    _variable = frozenset({"settings"})

    def __init__(
        self,
        vectors: KeyedVectors | Word2Vec,
        *,
        cell: str = "lstm",
        hidden_size: int = 128,
        num_layers: int = 1,
        dropout: float = 0.2,
        freeze: bool = True,
        unknown: str = "zero",
        tie_weights: bool = False,
        softmax: str = "auto",
        num_sampled: int = 1000,
        tokenizer: Tokenizer | str | None = None,
        lowercase: bool = False,
        epochs: int = 5,
        batch_size: int = 32,
        segment_length: int = 35,
        learning_rate: float = 0.002,
        max_grad_norm: float | None = 1.0,
        chrono_init: int | None = None,
        seed: int = 1,
        device: str = "auto",
        progress: bool | Callable[[LanguageModelEpoch], object] = False,
    ) -> None:
        self.settings: dict[str, Any] = {
            name: to_python_scalar(value)
            for name, value in locals().items()
            if name not in ("self", "vectors")
        }
        _check_settings(self.settings)
        self._vectors = vectors
        self.embedding_ = self._make_embedding()
        self.history_ = []

    @property
    def index_to_key(self) -> list[str]:
        """The vocabulary, in the order of `probabilities`."""
        return self.embedding_.index_to_key

    def __len__(self) -> int:
        """Return the size of the vocabulary."""
        return len(self.embedding_)

    def __repr__(self) -> str:
        fitted = "" if hasattr(self, "network_") else ", not fitted"
        cell, size = self.settings["cell"], self.settings["hidden_size"]
        return f"<RNNLanguageModel: {len(self):,} words, {cell}, {size} units{fitted}>"

    # ---- Training ----

    def fit(
        self, texts: Iterable[Text], validation: Iterable[Text] | None = None
    ) -> RNNLanguageModel:
        """Train from scratch on texts.

        Parameters
        ----------
        texts : iterable of str or of sequences of str
            Sentences or longer texts.
        validation : iterable of str or of sequences of str, optional
            Texts whose perplexity is measured after each epoch.

        Returns
        -------
        RNNLanguageModel
            The model itself. If Ctrl-C ends training, KeyboardInterrupt is raised and the model
            keeps the progress made so far.

        Raises
        ------
        TypeError, ValueError
            If texts have the wrong type or contain no known word, or the device is not available.
        FloatingPointError
            If the loss or a weight becomes NaN or infinite.

        Warns
        -----
        UserWarning
            If words have no vector, with their number.
        """
        settings = self.settings
        device = resolve_device(settings["device"])
        previous = self.embedding_
        self.embedding_ = self._make_embedding()
        try:
            data = self._segments(texts)
            validation_data = None if validation is None else self._segments(validation)
            counts = data.counts(len(self))
            if not counts.any():
                raise ValueError(
                    "the texts contain no word that has a vector, so there is nothing to predict"
                )
            if validation_data is not None and validation_data.unknown == validation_data.words:
                raise ValueError("validation contains no word that has a vector")
        except BaseException:  # keep the network that was fitted before, with its embedding
            self.embedding_ = previous
            raise
        _warn_about_unknown("texts", data)
        if validation_data is not None:
            _warn_about_unknown("validation", validation_data)
        with seeded_random(device, settings["seed"]):
            self.network_ = self._make_network(counts).to(device)
            trainer = LanguageModelTrainer(self.network_, settings, device, len(self))
            self.history_ = trainer.history
            try:
                trainer.train(data, validation_data)
            finally:  # after Ctrl-C, too, the network can be used
                self.network_.eval()
        return self

    def _make_embedding(self) -> Embedding:
        s = self.settings
        return Embedding(self._vectors, freeze=s["freeze"], unknown=s["unknown"], seed=s["seed"])

    def _make_network(self, counts: IntArray | None = None) -> LanguageModelNetwork:
        s = self.settings
        recurrent = RecurrentEncoder(
            self.embedding_.embedding_dim,
            s["hidden_size"],
            s["cell"],
            s["num_layers"],
            dropout=s["dropout"],
        )
        if s["chrono_init"] is not None:
            init_gates(recurrent, s["chrono_init"], seed=s["seed"])
        softmax = s["softmax"]
        if softmax == "auto":
            large = "sampled" if s["tie_weights"] else "adaptive"
            softmax = "full" if len(self) <= _MAX_FULL_SOFTMAX else large
        output: FullSoftmax | SampledSoftmax | AdaptiveSoftmax
        if softmax == "adaptive":
            output = AdaptiveSoftmax(s["hidden_size"], self._frequency_ranks())
        else:
            tied = self.embedding_.weight if s["tie_weights"] else None
            output = FullSoftmax(s["hidden_size"], len(self), tied=tied, first_row=FIRST)
            if softmax == "sampled":
                output = SampledSoftmax(output, counts, s["num_sampled"])
            if counts is not None:
                output.init_bias_from_counts(counts)
        return LanguageModelNetwork(self.embedding_, recurrent, s["dropout"], output)

    def _frequency_ranks(self) -> IntArray:
        """Return the frequency rank of each word; without counts, its index."""
        counts = self.embedding_.to_keyed_vectors().counts
        if counts is None:
            return np.arange(len(self))
        ranks = np.empty(len(self), np.int64)
        ranks[np.argsort(-counts, kind="stable")] = np.arange(len(self))
        return ranks

    def _segments(self, texts: Iterable[Text]) -> Segments:
        s = self.settings
        return Segments.from_texts(
            texts, self.embedding_, s["segment_length"], s["tokenizer"], s["lowercase"]
        )

    # ---- Prediction ----

    def perplexity(self, texts: Iterable[Text]) -> float:
        """Return the perplexity of texts.

        Parameters
        ----------
        texts : iterable of str or of sequences of str
            Texts that were not used for training.

        Returns
        -------
        float
            exp of the mean cross-entropy of the words that have a vector, with the full softmax.

        Raises
        ------
        RuntimeError
            If the model has not been fitted.
        ValueError
            If the texts contain no word that has a vector.

        Warns
        -----
        UserWarning
            If words have no vector, with their number. They are ignored, so the perplexities of
            models with different vocabularies cannot be compared.
        """
        self._check_fitted()
        data = self._segments(texts)
        if data.unknown == data.words:
            raise ValueError(
                "the texts contain no word that has a vector, so perplexity is undefined"
            )
        if data.unknown:
            warn(
                f"perplexity ignores {data.unknown:,} of {data.words:,} words, which have no "
                "vector",
            )
        batch_size = self.settings["batch_size"]
        return evaluate_perplexity(self.network_, data, batch_size, self._device(), len(self))

    def probabilities(self, words: str | Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the probability of each word of the vocabulary to come next.

        Parameters
        ----------
        words : str or sequence of str
            Preceding words; empty: predict the first word of a text.

        Returns
        -------
        ndarray of float64, shape (vocabulary size,)
            In the order of `index_to_key`; sums to 1.

        Raises
        ------
        RuntimeError
            If the model has not been fitted.

        Warns
        -----
        UserWarning
            If none of the words has a vector.
        """
        with torch.inference_mode():
            outputs, _ = self._step(self._encode_prompt(words), None)
            log_probabilities = self.network_.output.log_probabilities(outputs[-1:])[0]
            probabilities: npt.NDArray[np.float64] = torch.softmax(
                log_probabilities.double().cpu(), 0
            ).numpy()
        return probabilities

    def predict_next(self, words: str | Sequence[str], topn: int = 10) -> list[tuple[str, float]]:
        """Return the most probable next words and their probabilities, the most probable first.

        Parameters
        ----------
        words : str or sequence of str
            Preceding words; empty: predict the first word of a text.
        topn : int, default 10
            Maximum number of words to return.

        Returns
        -------
        list of (str, float)

        Raises
        ------
        RuntimeError
            If the model has not been fitted.
        ValueError
            If `topn` is below 1.
        """
        if topn < 1:
            raise ValueError(f"topn={topn!r}: expected an integer of at least 1")
        probabilities = self.probabilities(words)
        best = np.argsort(-probabilities, kind="stable")[:topn]
        return [(self.index_to_key[i], float(probabilities[i])) for i in best]

    def generate(
        self,
        prompt: str | Sequence[str] = (),
        n: int = 20,
        *,
        temperature: float = 1.0,
        seed: int = 1,
    ) -> list[str]:
        """Continue a text, sampling one word at a time.

        Parameters
        ----------
        prompt : str or sequence of str
            Preceding words.
        n : int, default 20
            Number of words to generate.
        temperature : float, default 1.0
            Divides the logits: below 1 favors probable words, above 1 makes all words more alike.
            0: always the most probable word.
        seed : int, default 1
            Random seed.

        Returns
        -------
        list of str
            The generated words, without the prompt.

        Raises
        ------
        RuntimeError
            If the model has not been fitted.
        ValueError
            If `n` or `temperature` is negative.
        """
        if n < 0:
            raise ValueError(f"n={n!r}: expected an integer of at least 0")
        if not 0 <= temperature < math.inf:
            raise ValueError(f"temperature={temperature!r}: expected a finite number from 0 up")
        generator = torch.Generator().manual_seed(seed)
        ids, state, generated = self._encode_prompt(prompt), None, []
        with torch.inference_mode():
            for _ in range(n):
                outputs, state = self._step(ids, state)
                logits = self.network_.output.log_probabilities(outputs[-1:])[0].double().cpu()
                if temperature == 0:
                    word = int(logits.argmax())
                else:
                    # Relative to the largest: finite at any temperature.
                    scaled = torch.softmax((logits - logits.max()) / temperature, 0)
                    word = int(torch.multinomial(scaled, 1, generator=generator))
                generated.append(self.index_to_key[word])
                ids = [word + FIRST]
        return generated

    def hidden_states(self, text: Text, *, layer: int = -1) -> HiddenStates:
        """Return states and gates after each word of a text; see `w2v.sequence.hidden_states`.

        The first state is zeros; the step of zeros at the start of a text is left out.
        """
        return hidden_states(self, text, layer=layer)

    def tokenize(self, text: Text) -> list[str]:
        """Return the words of a text as the model reads them."""
        return next(tokenize([text], self.settings["tokenizer"], self.settings["lowercase"]))

    def _encode_prompt(self, words: str | Sequence[str]) -> list[int]:
        self._check_fitted()
        ids = self.embedding_.encode(self.tokenize(words))
        if ids and max(ids) < FIRST:
            warn(
                f"none of the {len(ids):,} words is in the vocabulary; the prediction ignores them",
            )
        return [PADDING, *ids]

    def _step(self, ids: list[int], state: Any) -> tuple[Tensor, Any]:
        """Return the outputs of these steps, shape (steps, hidden_size), and the new state."""
        rows = torch.tensor(ids, device=self._device())
        outputs, state = self.network_.recurrent.rnn(self.network_.embedding(rows)[None], state)
        return outputs[0], state

    def _device(self) -> torch.device:
        return self.embedding_.weight.device

    # ---- Files, see Checkpointed ----

    def _fitted_settings(self) -> Mapping[str, Any]:
        return self.settings

    @classmethod
    def _from_settings(
        cls,
        wv: KeyedVectors,
        settings: Mapping[str, Any],
        metadata: Mapping[str, Any],
        *,
        device: str,
        progress: bool | Callable[[Any], object],
    ) -> RNNLanguageModel:
        return cls(wv, **settings, device=device, progress=progress)


def _warn_about_unknown(name: str, data: Segments) -> None:
    if data.unknown:
        warn(
            f"{name}: {data.unknown:,} of {data.words:,} words have no vector; they are read as "
            "unknown words and never predicted",
        )


def _check_settings(s: dict[str, Any]) -> None:
    """Raise a ValueError or TypeError for a bad setting, except those of `Embedding`."""
    one_of(CELLS, "cell", s["cell"])
    one_of(SOFTMAXES, "softmax", s["softmax"])
    if s["tie_weights"] and s["softmax"] == "adaptive":
        raise ValueError(
            "tie_weights=True and softmax='adaptive' are mutually exclusive: the adaptive softmax "
            "has smaller matrices for rare words; use softmax='sampled' or 'full'"
        )
    counts = ("hidden_size", "num_layers", "num_sampled", "epochs", "batch_size", "segment_length")
    check_counts(s, counts)
    check_fractions(s, ["dropout"])
    clipped = s["max_grad_norm"] is not None
    check_positive(s, ["learning_rate", "max_grad_norm"] if clipped else ["learning_rate"])
    if s["chrono_init"] is not None and s["chrono_init"] < 3:
        raise ValueError(f"chrono_init={s['chrono_init']!r}: expected an integer of at least 3")
    if s["chrono_init"] is not None and s["cell"] == "rnn":
        raise ValueError("chrono_init: a plain RNN has no gates; use cell='lstm' or 'gru'")
    check_progress(s["progress"])
