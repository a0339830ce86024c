"""Labels to numbers of classes, and what a training needs to know of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from w2v.sequence.batching import Ints

Label = str | int | bool


def plain(value: Any) -> Any:
    """Return a number or string of NumPy's as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def kind_of(labels: Iterable[Any]) -> tuple[type, list[Label]]:
    """Return the labels' one type, and the labels in Python's own types; or raise."""
    if isinstance(labels, (str, bytes)):
        raise TypeError(f"labels={labels[:40]!r} is a single string: expected a list of them")
    listed = [plain(label) for label in labels]
    first: type = type(listed[0]) if listed else str
    for number, label in enumerate(listed):
        if type(label) not in (str, int, bool):
            raise TypeError(
                f"label {label!r} (text {number:,}) is of type {type(label).__name__}: expected "
                "str, int or bool"
            )
        if type(label) is not first:
            raise TypeError(
                f"labels of mixed types: {listed[0]!r} (text 0) is of type {first.__name__}, "
                f"{label!r} (text {number:,}) of type {type(label).__name__}; make them all one"
            )
    return first, listed


def targets_of(labels: Iterable[Any], texts: int) -> tuple[npt.NDArray[Any], Ints]:
    """Return the classes, sorted, and the number of each text's class."""
    kind, listed = kind_of(labels)
    if not texts:
        raise ValueError("there are no texts: expected at least two, of two classes")
    if len(listed) != texts:
        raise ValueError(f"{texts:,} texts but {len(listed):,} labels: expected one each")
    classes = sorted(set(listed))
    if len(classes) < 2:
        raise ValueError(
            f"all {texts:,} labels are {classes[0]!r}: expected at least two classes to tell apart"
        )
    number = {label: i for i, label in enumerate(classes)}
    return np.array(classes, dtype=kind), np.array([number[label] for label in listed], np.int64)


def numbers_of(labels: Iterable[Any], classes: npt.NDArray[Any], texts: int, name: str) -> Ints:
    """Return the number of each label among the classes."""
    _, listed = kind_of(labels)
    if len(listed) != texts or not texts:
        raise ValueError(
            f"{name}: {texts:,} texts but {len(listed):,} labels: expected one each, and "
            "at least one"
        )
    number = {label: i for i, label in enumerate(classes.tolist())}
    for i, label in enumerate(listed):
        if label not in number:
            raise ValueError(
                f"{name}: label {label!r} (text {i:,}) is none of those to train: "
                f"{json.dumps(classes.tolist())[:200]}"
            )
    return np.array([number[label] for label in listed], np.int64)


def split(targets: Ints, share: float, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the rows to train and those to hold out: a share of each class, never all of one."""
    held = []
    for one in range(int(targets.max()) + 1):
        rows = random.permutation(np.flatnonzero(targets == one))
        held.append(rows[: min(round(share * len(rows)), len(rows) - 1)])
    out = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(targets)), out), out


def weights_of(
    given: str | Mapping[Any, float] | None, classes: npt.NDArray[Any], targets: Ints
) -> torch.Tensor | None:
    """Return what to multiply the loss of each class by."""
    if given is None:
        return None
    if isinstance(given, str) and given == "balanced":
        counts = np.bincount(targets, minlength=len(classes))
        return torch.from_numpy(len(targets) / (len(classes) * counts)).float()
    if not isinstance(given, Mapping):
        raise ValueError(
            f"class_weight={given!r}: expected None, 'balanced' or a mapping of label to number"
        )
    labels = classes.tolist()
    if set(given) != set(labels):
        odd = next(iter(set(given) ^ set(labels)))
        raise ValueError(
            f"class_weight: label {odd!r} is in one of class_weight and labels only; expected a "
            "weight for each class"
        )
    weights = [float(given[label]) for label in labels]
    if not all(0 < weight < math.inf for weight in weights):
        raise ValueError(f"class_weight={dict(given)!r}: expected numbers above 0")
    return torch.tensor(weights)
