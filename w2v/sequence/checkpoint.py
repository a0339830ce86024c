"""Files of fitted models, in safetensors; docs/file-formats.md specifies them."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from w2v._types import PathLike
from w2v.io import safetensors_file
from w2v.io.names import check_name
from w2v.io.reading import reading
from w2v.io.words import unpack_words, word_tensors
from w2v.sequence.batching import Tokenizer
from w2v.sequence.device import resolve_device
from w2v.sequence.embedding import UNKNOWN, Embedding
from w2v.sequence.hyperparameters import check_progress
from w2v.sequence.labels import to_python_scalar
from w2v.vectors.keyed_vectors import KeyedVectors

_PREFIX = "network."
_NOT_SAVED = ("device", "progress")

Model = TypeVar("Model", bound="Checkpointed")


class Checkpointed:
    """Saving and loading of a fitted model: what SequenceClassifier and RNNLanguageModel share.

    Subclasses set `_kind` (the "format" in the file), `_epoch_type` and, if they save more than
    settings and history, `_more_metadata`; and they override the methods below `load`.
    """

    _kind: ClassVar[str]
    _epoch_type: ClassVar[Callable[..., Any]]
    _more_metadata: ClassVar[tuple[str, ...]] = ()

    embedding_: Embedding
    history_: list[Any]
    network_: Any

    def save(self, path: PathLike) -> None:
        """Write the network, its vectors and its settings to a safetensors file.

        Parameters
        ----------
        path : str or path-like
            Written atomically: replaced only when the new file is complete.

        Raises
        ------
        RuntimeError
            If the model has not been fitted.
        OSError
            If the file cannot be written; an existing file is left unchanged.

        Notes
        -----
        `device`, `progress` and a tokenizer that is a function are not saved; pass them to `load`.
        """
        self._check_fitted()
        check_name(path, "a model is written in safetensors format")
        fitted = self._fitted_settings()
        settings = {name: to_python_scalar(fitted[name]) for name in self._saved_names()}
        history = [dataclasses.asdict(epoch) for epoch in self.history_]
        state = {
            name: tensor
            for name, tensor in self.network_.state_dict().items()
            if not name.startswith("embedding.")
        }
        _write(
            path,
            self._kind,
            self.embedding_,
            state,
            {
                "settings": _replace_function(settings),
                "history": history,
                **self._metadata(),
            },
        )

    @classmethod
    def load(
        cls: type[Model],
        path: PathLike,
        *,
        device: str = "auto",
        tokenizer: Tokenizer | None = None,
        progress: bool | Callable[[Any], object] = False,
    ) -> Model:
        """Load a model written by `save`.

        Parameters
        ----------
        path : str or path-like
        device : str, default "auto"
        tokenizer : callable, optional
            The function that was used for training, if it was one.
        progress : bool or callable, default False

        Returns
        -------
        SequenceClassifier or RNNLanguageModel
            With the vectors from the file.

        Raises
        ------
        ValueError
            If the file is truncated, corrupt or not of this kind; if `device` is not available; if
            `tokenizer` is missing.
        OSError
            If the file cannot be read.
        """
        check_progress(progress)
        needs = ("settings", "history", *cls._more_metadata)
        wv, unknown, state, metadata = _read(path, cls._kind, needs)
        settings = _restore_function(path, metadata["settings"], tokenizer)
        if not isinstance(settings, dict) or set(settings) != set(cls._saved_names()):
            raise _corrupt(path, f"the settings are not those of {cls.__name__}")
        try:
            model = cls._from_settings(wv, settings, metadata, device=device, progress=progress)
            # Before allocating anything of the sizes that the settings claim.
            cell = settings.get("cell", settings.get("encoder"))
            if cell != "mean":
                last = state[f"recurrent.rnn.weight_hh_l{settings['num_layers'] - 1}"]
                if last.shape[1] != settings["hidden_size"]:
                    raise ValueError("hidden_size differs")
            model.history_ = [cls._epoch_type(**epoch) for epoch in metadata["history"]]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise _corrupt(path, f"the settings do not match the tensors ({error})") from None
        with torch.no_grad():
            model.embedding_.weight[UNKNOWN] = torch.from_numpy(unknown)
        with torch.random.fork_rng(devices=[]):
            network = model._make_network()
        network.embedding = nn.Identity()  # it is complete already and not part of `state`
        _load_state(path, network, state)
        network.embedding = model.embedding_
        model.network_ = network.to(resolve_device(device)).eval()
        model._finish_loading(wv)
        return model

    @classmethod
    def _saved_names(cls) -> list[str]:
        """Return the names of the parameters that are saved as settings."""
        skipped = ("self", "vectors", *_NOT_SAVED, *cls._more_metadata)
        return [name for name in inspect.signature(cls.__init__).parameters if name not in skipped]

    def _check_fitted(self) -> None:
        if not hasattr(self, "network_"):
            name = type(self).__name__
            raise RuntimeError(f"this {name} has not been fitted: call fit() first, or load() one")

    def _fitted_settings(self) -> Mapping[str, Any]:
        """Return the parameters that were used for fitting."""
        raise NotImplementedError

    def _metadata(self) -> dict[str, object]:
        """Return what is saved besides settings and history, under the names `_more_metadata`."""
        return {}

    @classmethod
    def _from_settings(
        cls: type[Model],
        wv: KeyedVectors,
        settings: Mapping[str, Any],
        metadata: Mapping[str, Any],
        *,
        device: str,
        progress: bool | Callable[[Any], object],
    ) -> Model:
        """Return a model without a network, with `embedding_`."""
        raise NotImplementedError

    def _make_network(self) -> nn.Module:
        """Return a network with random weights that fits the settings."""
        raise NotImplementedError

    def _finish_loading(self, wv: KeyedVectors) -> None:
        """Set what depends on the loaded network."""


def _write(
    path: PathLike,
    kind: str,
    embedding: Embedding,
    state: Mapping[str, torch.Tensor],
    metadata: Mapping[str, object],
) -> None:
    """Write embedding, network state (float32) and metadata (anything that JSON can represent)."""
    wv = embedding.to_keyed_vectors()
    tensors = {"vectors": wv.vectors, **word_tensors(wv.index_to_key)}
    if wv.counts is not None:
        tensors["counts"] = wv.counts
    tensors["unknown"] = embedding.weight.detach()[UNKNOWN].cpu().numpy()
    for name, tensor in state.items():
        tensors[_PREFIX + name] = tensor.detach().cpu().numpy()
    safetensors_file.write(
        path, tensors, {"format": kind, **{k: json.dumps(v) for k, v in metadata.items()}}
    )


def _read(
    path: PathLike, kind: str, needs: tuple[str, ...]
) -> tuple[KeyedVectors, npt.NDArray[Any], dict[str, torch.Tensor], dict[str, Any]]:
    """Return the vectors, the vector of unknown words, the network state and the metadata."""
    tensors, texts = safetensors_file.read(path, kind=(kind,))
    words = unpack_words(tensors, path)
    with reading(path):
        wv = KeyedVectors(words, tensors["vectors"], counts=tensors.get("counts"))
    unknown = tensors.get("unknown")
    if unknown is None or unknown.shape != (wv.vector_size,):
        raise _corrupt(path, "the vector of unknown words is missing or has the wrong size")
    metadata = {}
    for name in needs:
        try:
            metadata[name] = json.loads(texts[name])
        except (KeyError, ValueError, RecursionError):
            raise _corrupt(path, f"the metadata lack {name!r}, or it is not JSON") from None
    state = {
        name.removeprefix(_PREFIX): torch.from_numpy(tensor)
        for name, tensor in tensors.items()
        if name.startswith(_PREFIX)
    }
    return wv, np.asarray(unknown), state, metadata


def _replace_function(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Replace a tokenizer that is a function, which cannot be saved, by its name."""
    tokenizer = settings["tokenizer"]
    if not callable(tokenizer):
        return dict(settings)
    return {**settings, "tokenizer": {"callable": getattr(tokenizer, "__name__", "?")}}


def _restore_function(path: PathLike, settings: Any, tokenizer: Tokenizer | None) -> Any:
    """Put the tokenizer back that `_replace_function` removed."""
    saved = settings.get("tokenizer") if isinstance(settings, dict) else None
    if isinstance(saved, dict):
        if tokenizer is None:
            raise ValueError(
                f"{os.fspath(path)}: the tokenizer is a function, {saved.get('callable', '?')!r}, "
                "and functions are not saved: pass load(..., tokenizer=FUNCTION)"
            )
        return {**settings, "tokenizer": tokenizer}
    if tokenizer is not None:
        raise ValueError(
            f"{os.fspath(path)} was saved without a custom tokenizer; do not pass tokenizer="
        )
    return settings


def _load_state(path: PathLike, network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Load the state dict; raise a ValueError if a tensor is missing or has another shape."""
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    if expected != found:
        names = sorted(set(expected.items()) ^ set(found.items()))
        raise _corrupt(path, f"the tensor {names[0][0]!r} does not match the settings")
    network.load_state_dict(dict(state))


def _corrupt(path: PathLike, problem: str) -> ValueError:
    return ValueError(f"{os.fspath(path)}: {problem}; the file is corrupt; copy or create it again")
