from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Buffer = bytes | bytearray | memoryview | npt.NDArray[np.uint8]

FLOAT_CHARS: int

def parse_rows(
    data: Buffer, out: npt.NDArray[np.float32], spans: npt.NDArray[np.int64], binary: bool
) -> tuple[int, int]: ...
def count_nonfinite_rows(rows: npt.NDArray[np.float32]) -> tuple[int, int]: ...
def format_rows(
    rows: npt.NDArray[np.float32],
    words: Buffer,
    ends: npt.NDArray[np.int64],
    out: npt.NDArray[np.uint8],
    format_slow: Callable[[float], bytes],
) -> int: ...
