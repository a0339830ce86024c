"""Model files: a whole `Word2Vec` in one safetensors file, from which training can go on.

Tensors: the matrices without padding, the words and their counts. Metadata: the hyper-parameters,
the history of training and how the text was read, as JSON.

The checkpoint of a run is the file of the model as it is then, and the state of the run beside it:
tensors whose names begin with "run.", and metadata "run", with a checksum of the whole file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from w2v._memory import explain_shortage
from w2v._types import PathLike
from w2v._version import __version__
from w2v.config import TrainingConfig
from w2v.corpus.options import Reading
from w2v.io import safetensors_file
from w2v.io.words import packed_size, unpack_words, word_tensors
from w2v.training.history import EpochRecord
from w2v.training.run_state import RunState
from w2v.training.weights import Weights, pad_rows
from w2v.vocab.huffman import HuffmanTree
from w2v.vocab.vocabulary import Vocabulary

_KIND = "w2v.model"
_MIXED = "mixed"  # without this entry, the node vectors are those of a tree with ties in order
_MATRICES = ("vectors", "output_vectors", "node_vectors")
_LEARNED = "learned_"  # begins the names of masks of matrices that have rows of both kinds
_RUN, _CHECKSUM = "run.", "run_checksum"
_RUN_VERSION = 1
_RETIRED = ("hot_rows", "replicated_rows")  # settings of older versions, without any effect now
# Settings that older versions did not have, as they trained.
_ABSENT = {"score_offsets": False, "decay_start": 0.0}
_OFFSETS = "score_offsets"  # whether a model has them whose setting is None: defaults may change


@dataclass(frozen=True)
class Checkpoint:
    """Everything that a model file holds.

    Attributes
    ----------
    config : TrainingConfig
    vocabulary : Vocabulary
    weights : Weights
    loss : list of float
        Mean loss of each epoch trained.
    history : list of EpochRecord
        Of all trainings; written without times.
    epochs_trained : int
    corpus_count, corpus_total_words : int
        Sentences and tokens of the corpus from which the vocabulary was built.
    reading : Reading
        How the text of that corpus was read.
    shards : int
        Of the last training.
    simd : list of str
        The SIMD variants that have trained the model.
    extra : dict
        What a subclass of the model saves, as JSON.
    attributes : dict of str to ndarray
        Attributes of words.
    learned : dict of str to bool arrays, or None
        By the name of the matrix: the rows that hold something learned or given, if not all do.
    initial_words : int
        Number of words that began with given vectors.
    run : RunState or None
        Of the checkpoint of a run.
    """

    config: TrainingConfig
    vocabulary: Vocabulary
    weights: Weights
    loss: list[float]
    epochs_trained: int
    corpus_count: int
    corpus_total_words: int
    reading: Reading = field(default_factory=Reading)
    extra: dict[str, Any] = field(default_factory=dict)
    shards: int = 1
    simd: list[str] = field(default_factory=list)
    attributes: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    history: list[EpochRecord] = field(default_factory=list)
    learned: dict[str, npt.NDArray[np.bool_]] | None = None
    initial_words: int = 0
    run: RunState | None = None

    def save(self, path: PathLike) -> None:
        """Write the file atomically.

        Raises
        ------
        OSError
            If the file cannot be written; an existing file is left unchanged.
        MemoryError
            If there is no memory for the words as bytes; the matrices need none.
        """
        remedy = "the model is unchanged; free some, for example that of the corpus, and save again"
        size = packed_size(self.vocabulary.words)
        with explain_shortage(f"saving {os.fspath(path)}", size, remedy):
            self._write(path)

    def _write(self, path: PathLike) -> None:
        training = {
            "loss": self.loss,
            "epochs_trained": self.epochs_trained,
            "corpus_count": self.corpus_count,
            "corpus_total_words": self.corpus_total_words,
        }
        if self.shards > 1:
            training["shards"] = self.shards
        if self.initial_words:
            training["initial_words"] = self.initial_words
        if self.simd:
            training["simd"] = self.simd
        if self.history:
            records = [record.to_dict() for record in self.history]
            training["history"] = [
                {name: value for name, value in record.items() if name != "seconds"}
                for record in records
            ]
        settings = self.config.to_dict()
        if self.config.deterministic:
            settings["workers"] = None  # whose number the model does not depend on
        metadata = {
            "format": _KIND,
            "w2v_version": __version__,
            "config": json.dumps(settings),
            "training": json.dumps(training),
        }
        if self.config.score_offsets is None:
            metadata[_OFFSETS] = json.dumps(self.config.uses_score_offsets)
        if self.reading != Reading():
            metadata["reading"] = json.dumps(self.reading.to_dict())
        if self.extra:
            metadata["extra"] = json.dumps(self.extra)
        tree = self.vocabulary.given_tree
        given: dict[str, npt.NDArray[Any]] = {}
        if tree is not None:
            given = {"huffman_offsets": tree.offsets, "huffman_path": tree.path}
        elif self.config.hs:
            metadata["huffman_ties"] = _MIXED
        more, described = safetensors_file.attribute_tensors(path, self.attributes)
        dim = self.config.vector_size
        matrices = {name: getattr(self.weights, name) for name in _MATRICES}
        tensors = {
            **{name: m[:, :dim] for name, m in matrices.items() if m is not None},
            **word_tensors(self.vocabulary.words),
            "counts": self.vocabulary.counts,
            **given,
            **{
                f"{_LEARNED}{name}": rows.view(np.uint8)
                for name, rows in (self.learned or {}).items()
            },
            **more,
        }
        metadata |= described
        if self.run is not None:
            metadata["run"] = json.dumps({"version": _RUN_VERSION, **self.run.values})
            tensors |= {_RUN + name: array for name, array in self.run.arrays.items()}
            metadata[_CHECKSUM] = safetensors_file.checksum(tensors, metadata)
        safetensors_file.write(path, tensors, metadata)

    def size(self) -> int:
        """Return about how many bytes the file takes."""
        dim = self.config.vector_size
        size = packed_size(self.vocabulary.words) + self.vocabulary.counts.nbytes
        size += sum(4 * dim * len(rows) for rows in self.weights.matrices().values())
        arrays = self.run.arrays.values() if self.run is not None else ()
        return size + sum(int(array.nbytes) for array in (*arrays, *self.attributes.values()))

    @classmethod
    def load(cls, path: PathLike, *, run: bool = False) -> Checkpoint:
        """Read a file written by `save`.

        Parameters
        ----------
        path : str or path-like
        run : bool, default False
            Whether it is to be the checkpoint of a run, whose state is read and checked, too.

        Raises
        ------
        ValueError
            If the file is truncated, corrupt or not a model; the message says which.
        OSError
            If the file cannot be read.
        """
        tensors, metadata = safetensors_file.read(path, kind=(_KIND,), mmap=True)
        state = _read_run(path, tensors, metadata) if run else None
        words = unpack_words(tensors, path)
        try:
            settings = json.loads(metadata["config"])
            kept = {name: value for name, value in settings.items() if name not in _RETIRED}
            config = _as_trained(TrainingConfig(**_ABSENT | kept), metadata)
            training = json.loads(metadata["training"])
            loss = [float(each) for each in training["loss"]]
            epochs_trained, corpus_count, corpus_total_words = (
                int(training[name])
                for name in ("epochs_trained", "corpus_count", "corpus_total_words")
            )
            reading = Reading.from_dict(json.loads(metadata.get("reading", "{}")))
            extra = dict(json.loads(metadata.get("extra", "{}")))
            shards = int(training.get("shards", 1))
            initial_words = int(training.get("initial_words", 0))
            simd = [str(name) for name in training.get("simd", [])]
            history = [EpochRecord.from_dict(record) for record in training.get("history", [])]
            if tensors["vectors"].shape[1] != config.vector_size:
                raise ValueError(
                    f"vectors have {tensors['vectors'].shape[1]} dimensions, but the settings have "
                    f"vector_size={config.vector_size}"
                )
            tree = None
            if "huffman_path" in tensors:
                found = (np.array(tensors[f"huffman_{name}"]) for name in ("offsets", "path"))
                tree = HuffmanTree(*found).checked()
                if len(tree.offsets) != len(words) + 1:
                    raise ValueError(f"the Huffman tree is not one of {len(words):,} words")
            elif "node_vectors" in tensors and metadata.get("huffman_ties") != _MIXED:
                counts = np.array(tensors["counts"], np.int64)
                tree = HuffmanTree.from_counts(counts, ties_in_order=True)
            learned = {
                name: np.array(tensors[_LEARNED + name], np.bool_)
                for name in _MATRICES
                if _LEARNED + name in tensors
            }
            for name, rows in learned.items():
                if rows.shape != tensors[name].shape[:1]:
                    raise ValueError(f"{_LEARNED}{name} has shape {rows.shape}")
            for name, wanted in Weights.needed(config).items():
                if wanted != (name in tensors):
                    raise ValueError(f"{name}: {'missing' if wanted else 'unexpected'}")
        except (
            AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError,
        ) as error:  # fmt: skip
            raise ValueError(
                f"{os.fspath(path)}: w2v {__version__} cannot read the settings of the model: "
                f"{error!r}; upgrade if the file comes from a newer w2v, otherwise it is corrupt"
            ) from error
        vocabulary = Vocabulary(words, np.array(tensors["counts"], np.int64))
        vocabulary.given_tree = tree
        attributes = safetensors_file.read_attributes(path, tensors, metadata, len(words))
        matrices = {name: pad_rows(tensors[name]) for name in _MATRICES if name in tensors}
        vectors = matrices.pop("vectors")
        outputs = matrices.get("output_vectors"), matrices.get("node_vectors")
        weights = Weights(vectors, *outputs)
        return cls(
            config,
            vocabulary,
            weights,
            loss,
            epochs_trained,
            corpus_count,
            corpus_total_words,
            reading,
            extra,
            shards,
            simd,
            attributes,
            history,
            learned or None,
            initial_words,
            state,
        )


def _read_run(
    path: PathLike, tensors: safetensors_file.Tensors, metadata: Mapping[str, str]
) -> RunState:
    """Return the state of the run, or raise a ValueError that says what is wrong."""
    name = os.fspath(path)
    if "run" not in metadata:
        raise ValueError(
            f"{name}: this file contains a model, not the checkpoint of a run: Word2Vec.load() "
            "reads it, and train() goes on from it"
        )
    try:
        values = json.loads(metadata["run"])
        version = int(values.pop("version"))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{name}: the state of the run is unreadable ({error!r}); the file is corrupt"
        ) from error
    if version > _RUN_VERSION:
        raise ValueError(
            f"{name}: the state of the run is of version {version}, written by w2v "
            f"{metadata.get('w2v_version', 'of an unknown version')}; this w2v ({__version__}) "
            f"reads version {_RUN_VERSION}: upgrade w2v"
        )
    if safetensors_file.checksum(tensors, metadata, without=_CHECKSUM) != metadata.get(_CHECKSUM):
        raise ValueError(
            f"{name}: checksum mismatch: the file is corrupt; copy it again, or resume from "
            "another checkpoint"
        )
    arrays = {
        key[len(_RUN) :]: np.array(array) for key, array in tensors.items() if key.startswith(_RUN)
    }
    return RunState(values, arrays)


def describe_run(path: PathLike) -> dict[str, Any] | None:
    """Return the values of the state of a run; None if the file has none, or cannot be read."""
    try:
        _, metadata = safetensors_file.read(path, kind=(_KIND,), mmap=True, only=())
        values: dict[str, Any] = json.loads(metadata["run"])
    except (OSError, KeyError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _as_trained(config: TrainingConfig, metadata: Mapping[str, str]) -> TrainingConfig:
    """Return the settings of a file; `score_offsets` is set if None meant something else then."""
    if config.score_offsets is not None:
        return config
    of_skip_gram = bool(config.sg) and config.uses_score_offsets  # the first default
    trained = bool(json.loads(metadata.get(_OFFSETS, json.dumps(of_skip_gram))))
    return config if trained == config.uses_score_offsets else config.replace(score_offsets=trained)
