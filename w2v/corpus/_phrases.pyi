from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

CONNECTOR: int
FIRST: int
SECOND: int

class OverBudget(Exception):  # noqa: N818 - phrases.py makes the error of it
    pairs: int

class Bigrams:
    pending: int
    def __init__(self, flags: npt.NDArray[np.uint8]) -> None: ...
    def insert(self, words: npt.NDArray[np.int32], number: int) -> None: ...
    def apply(self, ids: npt.NDArray[np.int32], out: npt.NDArray[np.int32]) -> int: ...

class Pairs:
    def __init__(
        self, flags: npt.NDArray[np.uint8], budget: int, joiners: list[Bigrams]
    ) -> None: ...
    def __len__(self) -> int: ...
    def begin(self, ids: npt.NDArray[np.int32], piece: int) -> None: ...
    def work(self, word_counts: npt.NDArray[np.int64]) -> None: ...
    def next_stage(self) -> bool: ...
    def begin_scoring(
        self,
        npmi: bool,
        min_count: int,
        scale: float,
        threshold: float,
        counts: npt.NDArray[np.int64],
    ) -> None: ...
    def found(self) -> list[tuple[tuple[int, ...], int, float]]: ...

def renumber(
    ids: npt.NDArray[np.int32],
    numbers: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    first: int,
) -> int: ...
def join_tokens(
    sentence: Iterable[object], followers: dict[str, dict[Any, str]], connectors: frozenset[str]
) -> list[str]: ...
