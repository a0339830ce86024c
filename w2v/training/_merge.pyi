from typing import Final

import numpy as np
import numpy.typing as npt

DRAWN_MULTIPLE: Final[int]
FRESH: Final[int]
TRAINED: Final[int]
STALE: Final[int]

class Scratch:
    def __init__(self, dim: int, shards: int) -> None: ...

class MatrixMerge:
    def __init__(
        self,
        base: npt.NDArray[np.float32],
        replicas: list[npt.NDArray[np.float32]],
        marks: list[npt.NDArray[np.uint16]],
        dim: int,
        occurrences: list[npt.NDArray[np.int32]],
        per_occurrence: npt.NDArray[np.float32],
        noise: npt.NDArray[np.float32] | None,
        draws: npt.NDArray[np.float32],
        pulls: npt.NDArray[np.float32] | None = None,
    ) -> None: ...
    @property
    def in_use(self) -> int: ...
    @in_use.setter
    def in_use(self, replicas: int) -> None: ...
    def __len__(self) -> int: ...
    def rows(
        self,
        first: int,
        end: int,
        basis: npt.NDArray[np.float32],
        transposed: npt.NDArray[np.float32],
        exponents: npt.NDArray[np.float32],
        least_exponent: float,
        scratch: Scratch,
    ) -> tuple[int, bool]: ...

def curvature(
    inputs: npt.NDArray[np.float32],
    outputs: npt.NDArray[np.float32],
    of_inputs: npt.NDArray[np.float32],
    of_outputs: npt.NDArray[np.float32],
) -> None: ...
def eigen(
    matrix: npt.NDArray[np.float32],
    vectors: npt.NDArray[np.float32],
    values: npt.NDArray[np.float64],
) -> bool: ...
def gram(
    rows: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    out: npt.NDArray[np.float32],
) -> None: ...
def transform(
    rows: npt.NDArray[np.float32],
    first: int,
    end: int,
    dim: int,
    matrix: npt.NDArray[np.float32],
    scratch: Scratch,
) -> None: ...
def count_words(
    ids: npt.NDArray[np.int32],
    index: npt.NDArray[np.int32],
    keep: npt.NDArray[np.float64],
    counts: npt.NDArray[np.int32],
) -> float: ...
def count_nodes(
    counts: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    path: npt.NDArray[np.int32],
    out: npt.NDArray[np.int32],
) -> None: ...
def count_tokens(
    ids: npt.NDArray[np.int32],
    index: npt.NDArray[np.int32],
    step: int,
    out: npt.NDArray[np.int64],
) -> None: ...
