"""The device on which a network runs."""

from __future__ import annotations

import torch


def resolve_device(name: str) -> torch.device:
    """Return the device with this name, after checking that PyTorch can use it.

    Parameters
    ----------
    name : str
        A PyTorch device such as "cpu", "cuda", "cuda:1" or "mps"; "auto" is a GPU if there is
        one, otherwise the CPU.

    Raises
    ------
    ValueError
        If the name is unknown, or this machine or this PyTorch cannot use the device.
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
            f"device={name!r}: expected 'auto', 'cpu', 'cuda', 'cuda:1' or another PyTorch device"
        ) from None
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device={name!r}: PyTorch {torch.__version__} cannot use it here ({reason}); use "
            "device='auto' or 'cpu'"
        ) from None
    return device
