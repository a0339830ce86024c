"""Class labels: checking and encoding them, the held-out split, class weights."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from w2v._types import IntArray
from w2v._validation import require_list

Label = str | int | bool


def to_python_scalar(value: Any) -> Any:
    """Convert a NumPy scalar to a Python one; return anything else unchanged."""
    return value.item() if isinstance(value, np.generic) else value


def check_labels(labels: Iterable[Any]) -> tuple[type, list[Label]]:
    """Return the common type of the labels, and the labels as Python scalars.

    Raises
    ------
    TypeError
        If `labels` is a single string, or a label is not a str, int or bool, or their types
        differ.
    """
    require_list("labels", labels, "labels")
    checked = [to_python_scalar(label) for label in labels]
    first: type = type(checked[0]) if checked else str
    for number, label in enumerate(checked):
        if type(label) not in (str, int, bool):
            raise TypeError(
                f"label {label!r} (text {number:,}) is of type {type(label).__name__}: expected "
                "str, int or bool"
            )
        if type(label) is not first:
            raise TypeError(
                f"labels of mixed types: {checked[0]!r} (text 0) is of type {first.__name__}, "
                f"{label!r} (text {number:,}) of type {type(label).__name__}; convert them to one "
                "type"
            )
    return first, checked


def fit_labels(labels: Iterable[Any], texts: int) -> tuple[npt.NDArray[Any], IntArray]:
    """Return the classes, sorted, and the index of each text's class.

    Raises
    ------
    TypeError
        As `check_labels` does.
    ValueError
        If there are no texts, fewer than two classes, or more or fewer labels than texts.
    """
    dtype, checked = check_labels(labels)
    if not texts:
        raise ValueError("there are no texts: expected at least two, from two classes")
    if len(checked) != texts:
        raise ValueError(
            f"{texts:,} texts but {len(checked):,} labels: expected one label per text"
        )
    classes = sorted(set(checked))
    if len(classes) < 2:
        raise ValueError(f"all {texts:,} labels are {classes[0]!r}: expected at least two classes")
    index = {label: i for i, label in enumerate(classes)}
    return np.array(classes, dtype=dtype), np.array([index[label] for label in checked], np.int64)


def encode_labels(
    labels: Iterable[Any], classes: npt.NDArray[Any], texts: int, name: str
) -> IntArray:
    """Return the index of each label in `classes`; errors start with `name`.

    Raises
    ------
    TypeError
        As `check_labels` does.
    ValueError
        If there are no texts, more or fewer labels than texts, or a label is not in `classes`.
    """
    _, checked = check_labels(labels)
    if len(checked) != texts or not texts:
        raise ValueError(
            f"{name}: {texts:,} texts but {len(checked):,} labels: expected one label per text, "
            "and at least one text"
        )
    index = {label: i for i, label in enumerate(classes.tolist())}
    for i, label in enumerate(checked):
        if label not in index:
            raise ValueError(
                f"{name}: label {label!r} (text {i:,}) is not among the training labels: "
                f"{json.dumps(classes.tolist())[:200]}"
            )
    return np.array([index[label] for label in checked], np.int64)


def stratified_split(
    targets: IntArray, fraction: float, random: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return the rows to train on and the rows to hold out: a fraction of each class, never all."""
    held_out = []
    for target in range(int(targets.max()) + 1):
        rows = random.permutation(np.flatnonzero(targets == target))
        held_out.append(rows[: min(round(fraction * len(rows)), len(rows) - 1)])
    out = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(targets)), out), out


def class_weights(
    weights: str | Mapping[Any, float] | None, classes: npt.NDArray[Any], targets: IntArray
) -> torch.Tensor | None:
    """Return the factor for the loss of each class, or None for equal weights.

    Parameters
    ----------
    weights : None, "balanced" or mapping of label to float
        See `SequenceClassifier`.
    classes : ndarray
    targets : ndarray of int64
        Class indices of the training texts.

    Raises
    ------
    ValueError
        If `weights` is something else, does not match the classes, or has a weight that is not
        positive and finite.
    """
    if weights is None:
        return None
    if isinstance(weights, str) and weights == "balanced":
        counts = np.bincount(targets, minlength=len(classes))
        return torch.from_numpy(len(targets) / (len(classes) * counts)).float()
    if not isinstance(weights, Mapping):
        raise ValueError(
            f"class_weight={weights!r}: expected None, 'balanced' or a mapping of label to number"
        )
    labels = classes.tolist()
    if set(weights) != set(labels):
        label = next(iter(set(weights) ^ set(labels)))
        missing = "class_weight" if label in labels else "the labels"
        raise ValueError(
            f"class_weight: label {label!r} is missing from {missing}; expected exactly one weight "
            "per class"
        )
    values = [float(weights[label]) for label in labels]
    if not all(0 < value < math.inf for value in values):
        raise ValueError(f"class_weight={dict(weights)!r}: expected positive finite numbers")
    return torch.tensor(values)
