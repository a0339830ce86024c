"""Input and output vectors of a model, combined into one vector for each word.

The sum is the "w + c" of O. Levy, Y. Goldberg and I. Dagan (2015), Improving distributional
similarity with lessons learned from word embeddings. TACL 3; GloVe adds the two by default (J.
Pennington, R. Socher and C. Manning, 2014. GloVe: global vectors for word representation. EMNLP).
docs/objectives.md has the measurements behind the rules.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2v._types import FloatArray
from w2v._validation import one_of
from w2v.io.processing import Step
from w2v.vectors.knn import normalize_rows
from w2v.vectors.postprocessing import chunks

KINDS = ("input", "output", "combined")


@dataclass(frozen=True)
class Rule:
    """How the two vectors of a word become one.

    Attributes
    ----------
    output_weight : float
        Of the output vector; the input vector has 1.
    unit : bool
        Scale both to length 1 first.
    center : bool
        Subtract the mean of all sums in the end.
    """

    output_weight: float
    unit: bool = True
    center: bool = True

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Rule:
        """Return the rule for a model, from its hyper-parameters; CBOW gains more by the sum."""
        return cls(output_weight=0.25 if settings.get("sg", 1) else 1.0)

    @classmethod
    def checked(cls, output_weight: float, unit: bool, center: bool) -> Rule:
        """Return a rule, or raise a ValueError or TypeError."""
        message = f"output_weight={output_weight!r}: expected a number of at least 0"
        if not isinstance(output_weight, numbers.Real) or isinstance(output_weight, bool):
            raise TypeError(message)
        if not 0 <= output_weight < math.inf:
            raise ValueError(message)
        for name, value in (("unit", unit), ("center", center)):
            if not isinstance(value, (bool, np.bool_)):
                raise TypeError(f"{name}={value!r}: expected True or False")
        return cls(float(output_weight), bool(unit), bool(center))

    def sums(self, vectors: FloatArray, outputs: FloatArray) -> FloatArray:
        """Return the sums, float32, shape (V, d), not yet centered."""
        made = np.empty(vectors.shape, np.float32)
        for rows in chunks(vectors):
            one, other = vectors[rows], outputs[rows]
            if self.unit:
                one, other = normalize_rows(one), normalize_rows(other)
            made[rows] = one + self.output_weight * other.astype(np.float64)
        return made

    def step(self) -> Step:
        """Return the record of the sums."""
        settings = {"output_weight": self.output_weight, "unit": self.unit}
        return Step("combined", settings=settings)


def check_kind(vectors: object) -> str:
    """Return the kind of vectors that was asked for, or raise."""
    return one_of(KINDS, "vectors", vectors)
