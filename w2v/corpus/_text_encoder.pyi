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

class Chunk:
    lines: int

class TypeMap: ...

class Encoder:
    items: int
    empty_tokens: int
    first_empty: tuple[int, int] | None
    def __init__(self, policy: int, unicode: bool = False, lowercase: bool = False) -> None: ...
    def stats(self) -> tuple[int, int, int, int]: ...
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
    def take_ids(self) -> Block: ...
    def take_chunk(self, chunk: Chunk | None = None) -> Chunk: ...
    def merge(self, chunk: Chunk, type_map: TypeMap) -> None: ...
    def merge_counts(
        self, counts: npt.NDArray[np.int64] | memoryview, type_map: TypeMap
    ) -> None: ...
    def finish(self) -> tuple[Block, Block, Block, Block]: ...
