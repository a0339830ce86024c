"""Text larger than one machine: encoded and trained on by the machines of a Ray cluster."""

from w2v.distributed.encoding import encode
from w2v.distributed.models import resume, train
from w2v.distributed.planning import ClusterPlan, plan

__all__ = ["ClusterPlan", "encode", "plan", "resume", "train"]
