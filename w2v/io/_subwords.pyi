import numpy as np
import numpy.typing as npt

Buffer = bytes | bytearray | memoryview | npt.NDArray[np.uint8]

def hash_subwords(
    word: Buffer, min_n: int, max_n: int, buckets: int, out: npt.NDArray[np.uint32]
) -> int: ...
def subword_means(
    words: Buffer,
    ends: npt.NDArray[np.int64],
    matrix: npt.NDArray[np.uint8],
    hashing: tuple[int, int, int, int],
    scratch: npt.NDArray[np.uint32],
    out: npt.NDArray[np.float32],
) -> None: ...
