from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Buffer = bytes | bytearray | memoryview | npt.NDArray[np.uint8] | npt.NDArray[np.bool_]

UNICODE_VERSION: str
STRICT: int
REPLACE: int
IGNORE: int
OK: int
BAD_UTF8: int
NUL_BYTE: int

class Block:
    def __buffer__(self, flags: int, /) -> memoryview: ...

class Part:
    lines: int

class Map: ...

class Encoder:
    items: int
    empty_tokens: int
    first_empty: tuple[int, int] | None
    def __init__(self, policy: int, unicode: bool = False, lowercase: bool = False) -> None: ...
    def tally(self) -> tuple[int, int, int, int]: ...
    def feed(self, data: bytes | bytearray | memoryview, final: bool) -> tuple[int, int]: ...
    def end_sentence(self) -> None: ...
    def add_sentences(self, sentences: Iterator[object], limit: int) -> bool: ...
    def add_rows(
        self,
        data: Buffer,
        offsets: npt.NDArray[np.int64],
        valid: Buffer | None = None,
    ) -> int: ...
    def add_lists(
        self,
        data: Buffer,
        offsets: npt.NDArray[np.int64],
        list_offsets: npt.NDArray[np.int64],
        valid: Buffer | None = None,
        valid_tokens: Buffer | None = None,
    ) -> tuple[int, int]: ...
    def memory(self) -> tuple[int, int]: ...
    def take(self) -> Block: ...
    def take_part(self, part: Part | None = None) -> Part: ...
    def join(self, part: Part, map: Map) -> None: ...
    def join_counts(self, counts: npt.NDArray[np.int64] | memoryview, map: Map) -> None: ...
    def finish(self) -> tuple[Block, Block, Block, Block]: ...
