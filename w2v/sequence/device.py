"""Where a network runs."""

from __future__ import annotations

import torch


def device_of(name: str) -> torch.device:
    """Return the device of that name, if it is there.

    Parameters
    ----------
    name : str
        "auto", a GPU if PyTorch sees one, else the CPU; "cpu", "cuda", "cuda:1", "mps", ...

    Raises
    ------
    ValueError
        It is no device's name, or this machine or this PyTorch does not have it.
    """
    if name == "auto":
        mps = getattr(torch.backends, "mps", None)
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if mps is not None and mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        raise ValueError(
            f"device={name!r}: expected 'auto', 'cpu', 'cuda', 'cuda:1' or another of PyTorch's"
        ) from None
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device={name!r}: PyTorch {torch.__version__} cannot use it here ({reason}); use "
            "device='auto', or 'cpu'"
        ) from None
    return device
