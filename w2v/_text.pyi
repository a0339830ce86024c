from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

STRICT: int
REPLACE: int
IGNORE: int
OK: int
BAD_UTF8: int
NUL_BYTE: int

class Block:
    def __buffer__(self, flags: int, /) -> memoryview: ...

def decode_words(
    words: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], types: npt.NDArray[np.int64]
) -> list[str]: ...

class Encoder:
    items: int
    empty_tokens: int
    first_empty: tuple[int, int] | None
    def __init__(self, policy: int) -> None: ...
    def tally(self) -> tuple[int, int, int, int]: ...
    def feed(self, data: bytes | bytearray | memoryview, final: bool) -> tuple[int, int]: ...
    def end_sentence(self) -> None: ...
    def add_sentences(self, sentences: Iterator[object], limit: int) -> bool: ...
    def finish(self) -> tuple[Block, Block, Block, Block]: ...
