"""RNNLanguageModel: words in, a probability for every word of the vocabulary out."""

from __future__ import annotations

import contextlib
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from w2v._types import PathLike
from w2v.sequence import checkpoint
from w2v.sequence.batching import Ints, Text, Texts, Tokenizer, tokens
from w2v.sequence.device import device_of
from w2v.sequence.embedding import FIRST, PADDING, UNKNOWN, Embedding
from w2v.sequence.hidden_states import HiddenStates, hidden_states
from w2v.sequence.labels import plain
from w2v.sequence.recurrent import CELLS, RecurrentEncoder
from w2v.sequence.softmax import SOFTMAXES, AdaptiveSoftmax, FullSoftmax, SampledSoftmax
from w2v.sequence.training import check_progress, check_weights
from w2v.vectors.keyed_vectors import KeyedVectors

if TYPE_CHECKING:
    from w2v.training.word2vec import Word2Vec

_KIND = "w2v.language-model"
_FULL = 20_000  # words; with more, softmax="auto" is adaptive
_READ = 1 << 22  # scores held at once where nothing is trained
_LARGEST = 709  # exp() of more is no float
_NOT_SAVED = ("device", "progress")


@dataclass(frozen=True)
class LanguageModelEpoch:
    """What one epoch of a `RNNLanguageModel`'s training came to.

    Attributes
    ----------
    epoch : int
        From 1.
    loss : float
        Mean cross-entropy (nats per word) as trained, with dropout. With ``softmax="sampled"`` it
        is that among the words drawn, far lower than the true one.
    validation_perplexity : float
        On the texts held out, after the epoch; NaN where none are.
    seconds : float
        Since the training began.
    """

    epoch: int
    loss: float
    validation_perplexity: float
    seconds: float


class _Network(nn.Module):
    """Ids to hidden states, and what makes words of these."""

    def __init__(self, embedding: nn.Module, recurrent: RecurrentEncoder, dropout: float,
                 output: FullSoftmax | SampledSoftmax | AdaptiveSoftmax) -> None:  # fmt: skip
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent
        self.dropout = nn.Dropout(dropout)
        self.output = output

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the hidden state before each word, shape (batch, steps, hidden_size)."""
        outputs, _ = self.recurrent(self.embedding(ids), lengths)
        return self.dropout(outputs)


class RNNLanguageModel:
    """Predict the next word of a text: a recurrent language model that reads word vectors.

    Parameters
    ----------
    vectors : KeyedVectors or Word2Vec
        The words that can be read, and predicted.
    cell : {"lstm", "gru", "rnn"}, default "lstm"
        See `RecurrentEncoder`.
    hidden_size : int, default 128
    num_layers : int, default 1
    dropout : float, default 0.2
        Share of numbers set to zero in training, between layers and before the output.
    freeze : bool, default True
        Keep the word vectors as they are. False: fine-tune a copy of them.
    unknown : {"zero", "mean", "random", "error"}, default "zero"
        See `Embedding`.
    tie_weights : bool, default False
        A word's output weights are its vector (Press and Wolf, 2017; Inan et al., 2017). A linear
        layer stands between hidden state and vectors, as they may have different sizes. With
        ``freeze=True`` the output weights then stay as they are too.
    softmax : {"auto", "full", "sampled", "adaptive"}, default "auto"
        "full": exact, over all words. "sampled": in training, over the true word and `num_sampled`
        others drawn by frequency, with a correction (Jean et al., 2015); predictions use all words.
        "adaptive": rare words in groups with smaller matrices (Grave et al., 2017). "auto": full
        up to 20,000 words, then adaptive, or sampled if `tie_weights`.
    num_sampled : int, default 1000
        Of the sampled softmax, for each batch.
    tokenizer : None, "unicode" or callable, default None
        How texts that are strings are split; see `SequenceClassifier`.
    lowercase : bool, default False
        Lower-case all words first.
    epochs : int, default 5
    batch_size : int, default 32
        Pieces of text in a step.
    segment_length : int, default 35
        Words of a piece: errors go back no further. Longer texts are cut, and each piece is read
        from a state of zeros, beginning with the last word of the piece before.
    learning_rate : float, default 0.002
        Of Adam (Kingma and Ba, 2015).
    max_grad_norm : float or None, default 1.0
        Gradients longer than this are shortened to it.
    chrono_init : int or None, default None
        Let the gates begin with memories of up to so many steps; see `chrono_init`.
    seed : int, default 1
    device : str, default "auto"
        "auto" takes a GPU if PyTorch sees one; or "cpu", "cuda", "cuda:1", ...
    progress : bool or callable, default False
        True shows a bar; a callable is given a `LanguageModelEpoch` after each.

    Attributes
    ----------
    embedding_ : Embedding
    network_ : torch.nn.Module
    history_ : list of LanguageModelEpoch
    index_to_key : list of str
        The words, in the order of `probabilities`.

    Notes
    -----
    A text begins with a step of zeros, from which its first word is predicted. Ends of sentences
    are not predicted, unless they stand in the texts as a word that has a vector. Words without a
    vector are read as `unknown` says and never predicted: neither loss nor perplexity counts them.

    Examples
    --------
    >>> model = RNNLanguageModel(wv).fit(texts)  # doctest: +SKIP
    >>> model.predict_next(["I", "am"], topn=3)  # doctest: +SKIP
    """

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
            name: plain(value)
            for name, value in locals().items()
            if name not in ("self", "vectors")
        }
        _check(self.settings)
        self.tokenizer, self.lowercase = tokenizer, lowercase
        self._vectors = vectors
        self.embedding_ = Embedding(vectors, freeze=freeze, unknown=unknown, seed=seed)
        self.history_: list[LanguageModelEpoch] = []

    @property
    def index_to_key(self) -> list[str]:
        """The words, in the order of `probabilities`."""
        return self.embedding_.index_to_key

    def __repr__(self) -> str:
        fitted = "" if hasattr(self, "network_") else ", not fitted"
        words, cell = len(self.embedding_), self.settings["cell"]
        return (
            f"<RNNLanguageModel: {words:,} words, {cell}, {self.settings['hidden_size']}{fitted}>"
        )

    # ---- Training ----

    def fit(
        self, texts: Iterable[Text], validation: Iterable[Text] | None = None
    ) -> RNNLanguageModel:
        """Train on texts, from the beginning.

        Parameters
        ----------
        texts : iterable of str or of sequences of str
            One sentence each, or longer ones.
        validation : iterable of str or of sequences of str, optional
            Their perplexity is measured after each epoch; nothing is learned from them.

        Returns
        -------
        RNNLanguageModel
            Itself.

        Raises
        ------
        TypeError, ValueError
            Texts are of another type, hold no known word, or the device is not there.
        FloatingPointError
            The loss became NaN or infinite; the message says where.

        Warns
        -----
        UserWarning
            Words have no vector: how many. They are read as unknown words, and never predicted.
        """
        s = self.settings
        device = device_of(s["device"])
        before = self.embedding_
        self.embedding_ = Embedding(
            self._vectors, freeze=s["freeze"], unknown=s["unknown"], seed=s["seed"]
        )
        try:
            inputs, targets, unknown = self._pieces(texts)
            held = None if validation is None else self._pieces(validation)
            counts = np.bincount(targets.ids[targets.ids >= FIRST] - FIRST, minlength=len(self))
            if not counts.any():
                raise ValueError(
                    "no text holds a word that has a vector: there is nothing to predict"
                )
            if held is not None and not (held[1].ids >= FIRST).any():
                raise ValueError(
                    "validation holds no word that has a vector: expected at least one"
                )
        except BaseException:  # what was fitted before stays whole
            self.embedding_ = before
            raise
        _tell_unknown("texts", unknown, len(targets.ids))
        if held is not None:
            _tell_unknown("validation", held[2], len(held[1].ids))
        # The same network from the same seed, and PyTorch's own generators as they were.
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(s["seed"])
            self.network_ = self._network(counts).to(device)
            try:
                self._train(inputs, targets, held, device)
            finally:  # Ctrl-C leaves what was learned until then, ready to be asked
                self.network_.eval()
        return self

    def __len__(self) -> int:
        return len(self.embedding_)

    def _network(self, counts: Ints | None = None) -> _Network:
        s = self.settings
        recurrent = RecurrentEncoder(
            self.embedding_.embedding_dim, s["hidden_size"], s["cell"], s["num_layers"],
            dropout=s["dropout"],
        )  # fmt: skip
        if s["chrono_init"] is not None:
            from w2v.sequence.initialization import chrono_init

            chrono_init(recurrent, s["chrono_init"], seed=s["seed"])
        kind = s["softmax"]
        if kind == "auto":
            kind = "full" if len(self) <= _FULL else "sampled" if s["tie_weights"] else "adaptive"
        output: FullSoftmax | SampledSoftmax | AdaptiveSoftmax
        if kind == "adaptive":
            output = AdaptiveSoftmax(s["hidden_size"], self._ranks())
        else:
            tied = self.embedding_.weight if s["tie_weights"] else None
            output = FullSoftmax(s["hidden_size"], len(self), tied=tied, first=FIRST)
            if kind == "sampled":
                output = SampledSoftmax(output, counts, s["num_sampled"])
            if counts is not None:
                output.begin_with(counts)
        return _Network(self.embedding_, recurrent, s["dropout"], output)

    def _ranks(self) -> Ints:
        """Return the place of each word by frequency; without counts, their order is taken."""
        counts = self.embedding_.to_keyed_vectors().counts
        if counts is None:
            return np.arange(len(self))
        ranks = np.empty(len(self), np.int64)
        ranks[np.argsort(-counts, kind="stable")] = np.arange(len(self))
        return ranks

    def _pieces(self, texts: Iterable[Text]) -> tuple[Texts, Texts, int]:
        """Return what is read, what is to be predicted at each step, and how much of it cannot."""
        size = self.settings["segment_length"]
        inputs: list[list[int]] = []
        targets: list[list[int]] = []
        unknown = 0
        for number, words in enumerate(tokens(texts, self.tokenizer, self.lowercase)):
            try:
                ids = self.embedding_.encode(words)
            except KeyError as error:
                raise KeyError(f"text {number:,}: {error.args[0]}") from None
            unknown += ids.count(UNKNOWN)
            read = [PADDING, *ids[:-1]]
            for start in range(0, len(ids), size):
                inputs.append(read[start : start + size])
                targets.append(ids[start : start + size])
        return Texts(inputs), Texts(targets), unknown

    def _train(self, inputs: Texts, targets: Texts, held: tuple[Texts, Texts, int] | None,
               device: torch.device) -> None:  # fmt: skip
        s = self.settings
        learned = [p for p in self.network_.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(learned, lr=s["learning_rate"])
        random = np.random.default_rng(s["seed"])
        rows = np.arange(len(inputs))
        self.history_ = []
        began = time.perf_counter()
        with _progress_bar(s["progress"] is True, s["epochs"] * int(targets.lengths.sum())) as bar:
            for epoch in range(1, s["epochs"] + 1):
                self.network_.train()
                total, done = 0.0, 0
                shuffled = inputs.shuffled(rows, s["batch_size"], random)
                for number, batch in enumerate(shuffled, 1):
                    hidden, wanted = self._step(inputs, targets, batch, device)
                    if not len(wanted):
                        continue
                    loss = self.network_.output.loss(hidden, wanted)
                    value = float(loss.detach())
                    if not math.isfinite(value):
                        raise FloatingPointError(
                            f"the loss is {value} in epoch {epoch}, batch {number} (after {done:,} "
                            f"words): lower learning_rate ({s['learning_rate']:g}) or "
                            f"max_grad_norm ({s['max_grad_norm']})"
                        )
                    optimizer.zero_grad(set_to_none=True)
                    loss.backward()
                    if s["max_grad_norm"] is not None:
                        nn.utils.clip_grad_norm_(learned, s["max_grad_norm"])
                    optimizer.step()
                    total, done = total + value * len(wanted), done + len(wanted)
                    if bar is not None:
                        bar.set_description_str(f"epoch {epoch}", refresh=False)
                        bar.set_postfix_str(f"loss {total / done:.3f}", refresh=False)
                        bar.update(int(targets.lengths[batch].sum()))
                found = math.nan if held is None else self._perplexity(held[0], held[1])
                self.history_.append(
                    LanguageModelEpoch(epoch, total / done, found, time.perf_counter() - began)
                )
                if callable(s["progress"]):
                    s["progress"](self.history_[-1])
                elif bar is not None and held is not None:
                    told = f"epoch {epoch}: loss {total / done:.3f}, perplexity {found:.1f}"
                    bar.write(told, file=sys.stderr)
        check_weights(learned, s["learning_rate"])

    def _step(
        self, inputs: Texts, targets: Texts, batch: Ints, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """Return the states from which known words are predicted, and these words, from 0."""
        ids, lengths = inputs.batch(batch)
        wanted, _ = targets.batch(batch)
        hidden = self.network_(ids.to(device), lengths)
        wanted = wanted.to(device)
        known = wanted >= FIRST
        return hidden[known], wanted[known] - FIRST

    # ---- Asking ----

    def perplexity(self, texts: Iterable[Text]) -> float:
        """Return the perplexity of texts: as uncertain as among so many equally likely words.

        Parameters
        ----------
        texts : iterable of str or of sequences of str
            Not those that were trained on.

        Returns
        -------
        float
            exp of the mean cross-entropy of the words that have a vector, with the full softmax.

        Raises
        ------
        RuntimeError, ValueError
            Nothing was fitted; the texts hold no word that has a vector.

        Warns
        -----
        UserWarning
            Some words have no vector and are not counted: how many. Models with different
            vocabularies are then not comparable.
        """
        self._fitted()
        inputs, targets, unknown = self._pieces(texts)
        total = len(targets.ids)
        if unknown == total:
            raise ValueError("the texts hold no word that has a vector: there is no perplexity")
        if unknown:
            warnings.warn(
                f"{unknown:,} of {total:,} words have no vector and are not counted",
                stacklevel=2,
            )
        return self._perplexity(inputs, targets)

    def _perplexity(self, inputs: Texts, targets: Texts) -> float:
        self.network_.eval()
        device = self._device()
        total, count = 0.0, 0
        at_once = max(1, _READ // len(self))
        with torch.inference_mode():
            for batch in inputs.sorted(np.arange(len(inputs)), self.settings["batch_size"]):
                hidden, wanted = self._step(inputs, targets, batch, device)
                for some, words in zip(hidden.split(at_once), wanted.split(at_once), strict=True):
                    scores = self.network_.output.log_probabilities(some)
                    total -= float(scores.gather(1, words[:, None]).double().sum())
                count += len(wanted)
        mean = total / count
        return math.exp(mean) if mean < _LARGEST else mean if math.isnan(mean) else math.inf

    def probabilities(self, words: str | Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the probability of each word of the vocabulary to come next.

        Parameters
        ----------
        words : str or sequence of str
            What was said until now; nothing: the first word of a text is asked for.

        Returns
        -------
        ndarray of float64, shape (words of the vocabulary,)
            In the order of `index_to_key`; sums to 1.

        Raises
        ------
        RuntimeError
            Nothing was fitted.

        Warns
        -----
        UserWarning
            None of the words has a vector.
        """
        with torch.inference_mode():
            outputs, _ = self._read(self._prompt(words), None)
            scores = self.network_.output.log_probabilities(outputs[-1:])[0]
            found: npt.NDArray[np.float64] = torch.softmax(scores.double().cpu(), 0).numpy()
        return found

    def predict_next(self, words: str | Sequence[str], topn: int = 10) -> list[tuple[str, float]]:
        """Return the most probable next words and their probabilities, the likeliest first.

        Parameters
        ----------
        words : str or sequence of str
            What was said until now.
        topn : int, default 10

        Returns
        -------
        list of (str, float)

        Raises
        ------
        RuntimeError, ValueError
            Nothing was fitted; `topn` is below 1.
        """
        if topn < 1:
            raise ValueError(f"topn={topn!r}: expected a whole number from 1 up")
        found = self.probabilities(words)
        best = np.argsort(-found, kind="stable")[:topn]
        return [(self.index_to_key[i], float(found[i])) for i in best]

    def generate(
        self,
        prompt: str | Sequence[str] = (),
        n: int = 20,
        *,
        temperature: float = 1.0,
        seed: int = 1,
    ) -> list[str]:
        """Go on with a text, a word at a time, each drawn by its probability.

        Parameters
        ----------
        prompt : str or sequence of str
            What was said until now.
        n : int, default 20
            How many words.
        temperature : float, default 1.0
            Scores are divided by it: below 1 probable words become more so, above 1 all become
            more alike. 0: always the most probable word.
        seed : int, default 1
            The same seed gives the same words.

        Returns
        -------
        list of str
            The new words, without the prompt.

        Raises
        ------
        RuntimeError, ValueError
            Nothing was fitted; `n` or `temperature` is negative.
        """
        if n < 0:
            raise ValueError(f"n={n!r}: expected a whole number from 0 up")
        if not 0 <= temperature < math.inf:
            raise ValueError(f"temperature={temperature!r}: expected a number from 0 up")
        generator = torch.Generator().manual_seed(seed)
        ids, state, made = self._prompt(prompt), None, []
        with torch.inference_mode():
            for _ in range(n):
                outputs, state = self._read(ids, state)
                scores = self.network_.output.log_probabilities(outputs[-1:])[0].double().cpu()
                if temperature == 0:
                    word = int(scores.argmax())
                else:
                    # Of the largest first: it stays finite however low the temperature.
                    chances = torch.softmax((scores - scores.max()) / temperature, 0)
                    word = int(torch.multinomial(chances, 1, generator=generator))
                made.append(self.index_to_key[word])
                ids = [word + FIRST]
        return made

    def hidden_states(self, text: Text, *, layer: int = -1) -> HiddenStates:
        """Return states and gates after each word; see `w2v.sequence.hidden_states`.

        h0 is zeros. The step of zeros with which the model begins a text is not read.
        """
        return hidden_states(self, text, layer=layer)

    def _words(self, text: Text) -> list[str]:
        """Return the words of a text, as this model splits it."""
        return next(tokens([text], self.tokenizer, self.lowercase))

    def _prompt(self, words: str | Sequence[str]) -> list[int]:
        self._fitted()
        given = self._words(words)
        ids = self.embedding_.encode(given)
        if ids and max(ids) < FIRST:
            warnings.warn(
                f"none of the {len(ids):,} words has a vector: the prediction knows nothing of "
                "them",
                stacklevel=3,
            )
        return [PADDING, *ids]

    def _read(self, ids: list[int], state: Any) -> tuple[Tensor, Any]:
        """Return the outputs of these steps and the state after them."""
        rows = torch.tensor(ids, device=self._device())
        outputs, state = self.network_.recurrent.rnn(self.network_.embedding(rows)[None], state)
        return outputs[0], state

    def _device(self) -> torch.device:
        return self.embedding_.weight.device

    def _fitted(self) -> None:
        if not hasattr(self, "network_"):
            message = "this RNNLanguageModel has not been fitted: call fit() first, or load() one"
            raise RuntimeError(message)

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
        self._fitted()
        known = checkpoint.without_functions(self.settings)
        settings = {name: v for name, v in known.items() if name not in _NOT_SAVED}
        history = [list(vars(epoch).values()) for epoch in self.history_]
        state = self._state(self.network_)
        metadata = {"settings": settings, "history": history}
        checkpoint.write(path, _KIND, self.embedding_, state, metadata)

    @staticmethod
    def _state(network: nn.Module) -> dict[str, Tensor]:
        """Return what the network has learned besides the vectors, which files hold once."""
        state = network.state_dict()
        return {name: state[name] for name in state if not name.startswith("embedding.")}

    @classmethod
    def load(
        cls,
        path: PathLike,
        *,
        device: str = "auto",
        tokenizer: Tokenizer | None = None,
        progress: bool | Callable[[LanguageModelEpoch], object] = False,
    ) -> RNNLanguageModel:
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
        RNNLanguageModel

        Raises
        ------
        ValueError
            The file is truncated, corrupt, foreign or of another kind; `device` is not there; a
            tokenizer is missing.
        OSError
            It cannot be read.
        """
        check_progress(progress)
        wv, unknown, state, metadata = checkpoint.read(path, _KIND, ("settings", "history"))
        settings = checkpoint.with_tokenizer(path, metadata["settings"], tokenizer)
        try:
            made = cls(wv, **settings, device=device, progress=progress)
            # Before anything of the size that the settings claim is made.
            last = state[f"recurrent.rnn.weight_hh_l{made.settings['num_layers'] - 1}"]
            if last.shape[1] != made.settings["hidden_size"]:
                raise ValueError("hidden_size is another")
            made.history_ = [LanguageModelEpoch(*epoch) for epoch in metadata["history"]]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise checkpoint.corrupt(
                path, f"its settings do not fit what it holds ({error})"
            ) from None
        with torch.no_grad():
            made.embedding_.weight[UNKNOWN] = torch.from_numpy(unknown)
        with torch.random.fork_rng(devices=[]):
            network = made._network()
        network.embedding = nn.Identity()  # already right, and without a place in `state`
        checkpoint.fill(path, network, state)
        network.embedding = made.embedding_
        made.network_ = network.to(device_of(device)).eval()
        return made


def _tell_unknown(name: str, unknown: int, words: int) -> None:
    if unknown:
        warnings.warn(
            f"{name}: {unknown:,} of {words:,} words have no vector: they are read as unknown "
            "words, and never predicted",
            stacklevel=3,
        )


@contextlib.contextmanager
def _progress_bar(shown: bool, total: int) -> Iterator[Any]:
    """Give a progress bar over words, or None."""
    if not shown:
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit=" words", unit_scale=True, dynamic_ncols=True) as bar:
        yield bar


def _check(s: dict[str, Any]) -> None:
    """Raise where a setting is out of range; `Embedding` checks its own."""
    if s["cell"] not in CELLS:
        raise ValueError(f"cell={s['cell']!r}: expected one of {', '.join(map(repr, CELLS))}")
    if s["softmax"] not in SOFTMAXES:
        known = ", ".join(map(repr, SOFTMAXES))
        raise ValueError(f"softmax={s['softmax']!r}: expected one of {known}")
    if s["tie_weights"] and s["softmax"] == "adaptive":
        raise ValueError(
            "tie_weights=True with softmax='adaptive': its groups of rare words have smaller "
            "matrices, which word vectors do not fit; use 'sampled' or 'full'"
        )
    for name in (
        "hidden_size",
        "num_layers",
        "num_sampled",
        "epochs",
        "batch_size",
        "segment_length",
    ):
        value = s[name]
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name}={value!r}: expected an integer of at least 1")
        s[name] = int(value)
    if not 0 <= s["dropout"] < 1:
        raise ValueError(f"dropout={s['dropout']!r}: expected a number from 0 to below 1")
    for name in ("learning_rate", "max_grad_norm"):
        if not (name == "max_grad_norm" and s[name] is None) and not 0 < s[name] < math.inf:
            raise ValueError(f"{name}={s[name]!r}: expected a number above 0")
    if s["chrono_init"] is not None and s["chrono_init"] < 3:
        raise ValueError(f"chrono_init={s['chrono_init']!r}: expected an integer of at least 3")
    if s["chrono_init"] is not None and s["cell"] == "rnn":
        raise ValueError(
            "chrono_init: a plain RNN has no gates to set; leave it out, or choose a cell"
        )
    check_progress(s["progress"])
