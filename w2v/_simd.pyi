from typing import Final

ROW_FLOATS: Final[int]

def variants() -> list[tuple[str, bool]]: ...
