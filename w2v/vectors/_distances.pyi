import numpy as np
import numpy.typing as npt

METRICS: dict[str, int]

def scores(
    variant: str,
    metric: str,
    rows: npt.NDArray[np.float32],
    queries: npt.NDArray[np.float32],
    norms: npt.NDArray[np.float32] | None,
    out: npt.NDArray[np.float32],
) -> None: ...
def norms(variant: str, rows: npt.NDArray[np.float32], out: npt.NDArray[np.float64]) -> None: ...
