from typing import Final

import numpy as np
import numpy.typing as npt

from w2v.config import TrainingConfig

ROW_FLOATS: Final[int]
DONE: Final[int]
STOPPED: Final[int]
DIVERGED: Final[int]

def variants() -> list[tuple[str, bool]]: ...
def activate(name: str) -> None: ...
def active() -> str: ...

class Job:
    def __init__(
        self,
        config: TrainingConfig,
        vectors: npt.NDArray[np.float32],
        output_vectors: npt.NDArray[np.float32],
        ids: npt.NDArray[np.int32],
        index: npt.NDArray[np.int32],
        keep: npt.NDArray[np.uint32],
        noise: npt.NDArray[np.int32],
        total: int,
    ) -> None: ...
    def stop(self) -> None: ...
    @property
    def tokens(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...

class Worker:
    loss: float
    pairs: int
    def __init__(self, job: Job) -> None: ...
    def run(self, epoch: int, block: int, start: int, end: int) -> int: ...

def step(
    variant: str,
    vectors: npt.NDArray[np.float32],
    output_vectors: npt.NDArray[np.float32],
    dim: int,
    inputs: npt.NDArray[np.int32],
    outputs: npt.NDArray[np.int32],
    labels: npt.NDArray[np.float32],
    alpha: float,
    repeats: int = 1,
) -> float: ...
def peak(variant: str, repeats: int) -> float: ...
