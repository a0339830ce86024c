"""The nodes of a training run, as the process that leads it sees them.

Nodes may be lost at any time: a round is repeated then as far as its results are lost, from the
base that the leading process has. For each lost node another one is asked for, which joins when
there is room for it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from w2v import simd
from w2v._warnings import warn
from w2v.distributed.cluster import Machines, NodeLostError
from w2v.distributed.nodes import Node, NodeFacts, NodeSettings

if TYPE_CHECKING:
    from w2v._types import IdArray
    from w2v.training.weights import Weights
    from w2v.vocab.sampling import SamplingTables
    from w2v.vocab.vocabulary import Vocabulary

logger = logging.getLogger("w2v")

_WRITTEN = 1 << 25  # bytes of the base sent at once
_PATIENCE = 600.0  # seconds without any node, until the run ends
_START = 120.0  # seconds for all nodes to begin
_ANSWER = 30.0  # seconds for a node to answer after another one was lost
_TICK = 0.1  # seconds
_MOST_STARTS = 200  # of other nodes: the cluster is broken then


@dataclass(eq=False)
class Member:
    """A node.

    Attributes
    ----------
    process : object
        What `Machines` call it by.
    prepared : object
        Reference to the result of `Node.prepare`.
    facts : NodeFacts or None
        None until it is prepared.
    busy : int
        Replicas that it trains now.
    tokens : int
        That it has trained.
    """

    process: Any
    prepared: Any
    facts: NodeFacts | None = None
    busy: int = 0
    tokens: int = 0


@dataclass
class Team:
    """The nodes of a run.

    Parameters
    ----------
    machines : Machines
    settings : NodeSettings
    vocabulary : Vocabulary
    tables : SamplingTables
    ids : int32 array, or None
        The text, if the nodes do not find it by themselves.
    base : Weights
        The model's matrices.

    Attributes
    ----------
    members : list of Member
        Those that work.
    coming : list of Member
        Those that were asked for.
    lost : int
        Nodes lost so far.
    """

    machines: Machines
    settings: NodeSettings
    vocabulary: Vocabulary
    tables: SamplingTables
    ids: IdArray | None
    base: Weights
    members: list[Member] = field(default_factory=list)
    coming: list[Member] = field(default_factory=list)
    lost: int = 0
    starts: int = 0

    def open(self) -> None:
        """Start all nodes.

        Raises
        ------
        TimeoutError
            If the cluster does not start them in time.
        Exception
            What `Node.prepare` raises.
        """
        put = self.machines.put
        self.arguments = put(self.settings), put(self.vocabulary), put(self.tables)
        self.text = None if self.ids is None else put(self.ids)
        self.coming = [self.begin() for _ in range(self.settings.owners)]
        deadline = time.monotonic() + _START
        while self.coming:
            self.admit(_TICK)
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"only {len(self.members)} of {self.settings.owners} nodes with "
                    f"{self.settings.workers} workers have started after {_START:g} seconds: the "
                    "cluster is busy; wait, or use fewer nodes or workers_per_node"
                )
        variants = {member.facts.simd for member in self.members if member.facts}
        if variants - {simd.active()}:
            found = ", ".join(sorted(variants | {simd.active()}))
            warn(
                f"the nodes have different SIMD variants ({found}): which of them trains what "
                "depends on their speed, so that results differ from run to run, as good as each "
                "other; set W2V_SIMD on all to the one that all have",
                RuntimeWarning,
            )

    def begin(self) -> Member:
        """Ask for a node."""
        self.starts += 1
        process = self.machines.start(Node, self.settings.workers)
        prepared = self.machines.call(process, "prepare", *self.arguments, self.text)
        return Member(process, prepared)

    def admit(self, seconds: float = 0.0) -> None:
        """Let nodes join that are prepared; wait no longer than this for the first."""
        if not self.coming:
            return
        ready = self.machines.ended([member.prepared for member in self.coming], seconds)
        for member in [each for each in self.coming if each.prepared in ready]:
            self.coming.remove(member)
            try:
                member.facts = self.machines.get(member.prepared)
                self.members.append(member)
                self.refresh([member])
            except NodeLostError:
                self.replace(member)

    def replace(self, member: Member) -> None:
        """Ask for another node instead of one that is lost."""
        self.lost += 1
        self.machines.stop(member.process)
        if member in self.members:
            self.members.remove(member)
            host = member.facts.host if member.facts else "?"
            logger.warning(
                "a node on %s is lost; %d of %d remain, and another one is asked for",
                host,
                len(self.members),
                self.settings.owners,
            )
        if self.starts > _MOST_STARTS:
            raise NodeLostError(
                f"{self.lost} nodes were lost: something on the machines ends them (look for the "
                "system's messages about memory); lower workers_per_node, and resume from the "
                "checkpoint"
            )
        self.coming.append(self.begin())

    def repair(self) -> set[int]:
        """Find out who is lost; return the ids of the members that are."""
        before = list(self.members)
        asked = {id(m): self.machines.call(m.process, "ping") for m in before}
        gone = set()
        for member in before:
            answer = asked[id(member)]
            try:
                if not self.machines.ended([answer], _ANSWER):
                    raise NodeLostError("no answer")
                self.machines.get(answer)
            except NodeLostError:
                gone.add(id(member))
                self.replace(member)
        return gone

    def present(self, stopped: Callable[[], bool]) -> bool:
        """Wait until there is a node; return False if the run is to end first."""
        deadline = time.monotonic() + _PATIENCE
        self.admit()
        while not self.members:
            if stopped():
                return False
            if time.monotonic() > deadline:
                raise NodeLostError(
                    f"all nodes are lost, and the cluster has not started another one in "
                    f"{_PATIENCE:g} seconds: resume from the checkpoint when it can"
                )
            self.admit(_TICK)
        return True

    def refresh(self, members: Iterable[Member] | None = None) -> None:
        """Send the whole base to nodes, by default to all."""
        for name, rows in self.base.matrices().items():
            dim = self.settings.config.vector_size
            step = max(1, _WRITTEN // (4 * dim))
            for first in range(0, len(rows), step):
                part = self.machines.put(rows[first : first + step, :dim].copy())
                self.on_all("write", name, first, part, members=members, refreshes=False)

    def on_all(
        self,
        method: str,
        *args: Any,
        members: Iterable[Member] | None = None,
        refreshes: bool = True,
    ) -> list[Any]:
        """Call a method of nodes, by default of all, and return what they return.

        Lost nodes are replaced. One that has only lost what it needs gets the base again, or is
        replaced, too, if that was the base.
        """
        chosen = list(self.members if members is None else members)
        calls = [(m, self.machines.call(m.process, method, *args)) for m in chosen]
        return list(self._results(calls, refreshes))

    def _results(self, calls: list[tuple[Member, Any]], refreshes: bool) -> Iterator[Any]:
        for member, reference in calls:
            try:
                yield self.machines.get(reference)
            except NodeLostError:
                gone = self.repair()
                if id(member) in gone or member not in self.members:
                    continue
                if refreshes:
                    self.refresh([member])
                else:
                    self.replace(member)

    def close(self) -> None:
        """End all nodes."""
        for member in [*self.members, *self.coming]:
            self.machines.stop(member.process)
        self.members, self.coming = [], []
