"""Files of recurrent models, in safetensors; docs/file-formats.md specifies them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from w2v._types import PathLike
from w2v.io import safetensors_file
from w2v.io.words import unpack_words, word_tensors
from w2v.sequence.batching import Tokenizer
from w2v.sequence.embedding import UNKNOWN, Embedding
from w2v.vectors.keyed_vectors import KeyedVectors

_PREFIX = "network."


def write(
    path: PathLike,
    kind: str,
    embedding: Embedding,
    state: Mapping[str, torch.Tensor],
    metadata: Mapping[str, object],
) -> None:
    """Write a model, replacing `path` only when all is on disk.

    Parameters
    ----------
    path : str or path-like
    kind : {"w2v.classifier", "w2v.language-model"}
    embedding : Embedding
    state : mapping of str to tensor
        The rest of the network, of type float32.
    metadata : mapping of str to object
        Whatever JSON can say.

    Raises
    ------
    OSError
        The destination cannot be written; what was there is unchanged.
    """
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


def read(
    path: PathLike, kind: str, needs: tuple[str, ...]
) -> tuple[KeyedVectors, np.ndarray[Any, Any], dict[str, torch.Tensor], dict[str, Any]]:
    """Read a model.

    Parameters
    ----------
    path : str or path-like
    kind : str
        As it was written.
    needs : tuple of str
        What the metadata must have.

    Returns
    -------
    vectors : KeyedVectors
    unknown : ndarray of float32, shape (vector_size,)
        The vector of unknown words.
    state : dict of str to tensor
    metadata : dict of str to object

    Raises
    ------
    ValueError
        The file is truncated, corrupt, foreign, or of another kind.
    OSError
        It cannot be read.
    """
    tensors, texts = safetensors_file.read(path, kind=(kind,))
    words = unpack_words(tensors, path)
    wv = KeyedVectors(words, tensors["vectors"], counts=tensors.get("counts"))
    unknown = tensors.get("unknown")
    if unknown is None or unknown.shape != (wv.vector_size,):
        raise corrupt(path, "the vector of unknown words is missing or of another length")
    metadata = {}
    for name in needs:
        try:
            metadata[name] = json.loads(texts[name])
        except (KeyError, ValueError):
            raise corrupt(path, f"its metadata have no {name!r}, or it is not JSON") from None
    state = {
        name.removeprefix(_PREFIX): torch.from_numpy(tensor)
        for name, tensor in tensors.items()
        if name.startswith(_PREFIX)
    }
    return wv, unknown, state, metadata


def without_functions(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with the name of a tokenizer that is a function, which no file holds."""
    tokenizer = settings["tokenizer"]
    if not callable(tokenizer):
        return dict(settings)
    return {**settings, "tokenizer": {"callable": getattr(tokenizer, "__name__", "?")}}


def with_tokenizer(path: PathLike, settings: Any, tokenizer: Tokenizer | None) -> Any:
    """Return settings as they were read, with the function in the place of its name.

    Raises
    ------
    ValueError
        A function is needed and missing, or given and not needed.
    """
    saved = settings.get("tokenizer") if isinstance(settings, dict) else None
    if isinstance(saved, dict):
        if tokenizer is None:
            raise ValueError(
                f"{os.fspath(path)}: its tokenizer is a function, {saved.get('callable', '?')!r}, "
                "which no file holds: pass load(..., tokenizer=FUNCTION)"
            )
        return {**settings, "tokenizer": tokenizer}
    if tokenizer is not None:
        raise ValueError(
            f"tokenizer: {os.fspath(path)} was made without a function for it; leave it out"
        )
    return settings


def fill(path: PathLike, network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Put what was read into the network, or say what does not fit."""
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    if expected != found:
        names = sorted(set(expected.items()) ^ set(found.items()))
        raise corrupt(path, f"the tensor {names[0][0]!r} does not fit its settings")
    network.load_state_dict(dict(state))


def corrupt(path: PathLike, what: str) -> ValueError:
    """Return the error for a file that is one of ours and yet not right."""
    return ValueError(f"{os.fspath(path)}: {what}; the file is corrupt, make it anew")
