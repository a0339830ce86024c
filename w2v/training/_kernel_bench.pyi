import numpy as np
import numpy.typing as npt

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
    pool_scale: float = 0.0,
    grad_scale: float = 0.0,
    offsets: npt.NDArray[np.float32] | None = None,
) -> float: ...
def flops(variant: str, repeats: int) -> float: ...
def l1_bytes(variant: str, stores: bool, repeats: int) -> float: ...
