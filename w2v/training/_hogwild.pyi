from typing import Final

import numpy as np
import numpy.typing as npt

from w2v.config import TrainingConfig
from w2v.training.weights import Replicas, Weights
from w2v.vocab.sampling import SamplingTables

INSTRUMENTED: Final[bool]
DONE: Final[int]
STOPPED: Final[int]
DIVERGED: Final[int]

class SharedState:
    def __init__(
        self,
        config: TrainingConfig,
        weights: Weights,
        ids: npt.NDArray[np.int32],
        tables: SamplingTables,
        total: int,
        max_inputs: int = 0,
    ) -> None: ...
    counters: dict[str, int]
    @property
    def max_inputs(self) -> int: ...
    def stop(self) -> None: ...
    @property
    def stopped(self) -> bool: ...
    @property
    def tokens(self) -> int: ...
    @tokens.setter
    def tokens(self, value: int) -> None: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def schedule(self) -> tuple[float, int, int]: ...
    @schedule.setter
    def schedule(self, value: tuple[float, int, int]) -> None: ...

class Worker:
    loss: float
    predictions: int
    def __init__(self, shared: SharedState, replicas: Replicas | None = None) -> None: ...
    def run(self, epoch: int, block: int, start: int, end: int) -> int: ...
    def begin_round(self, done: int, shards: int) -> None: ...
    def seek_block(self, epoch: int, block: int, start: int, end: int) -> None: ...
    def collect_predictions(
        self,
        contexts: npt.NDArray[np.int32],
        offsets: npt.NDArray[np.int64],
        targets: npt.NDArray[np.int32],
    ) -> int: ...
