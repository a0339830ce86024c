"""Text larger than one machine: encoded by the tasks of a Ray cluster."""

from w2v.distributed.encoding import encode

__all__ = ["encode"]
