import numpy as np
import numpy.typing as npt

Buffer = bytes | bytearray | memoryview | npt.NDArray[np.uint8]

def decode_spans(data: Buffer, spans: npt.NDArray[np.int64], n: int) -> list[str]: ...
def decode_rows(
    data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> list[str]: ...
