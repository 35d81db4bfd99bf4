"""Settles what an earlier run left pending, before anything is created again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloud.adapters.pulumi.event_reader import EventReader, resource_name
from cloud.adapters.pulumi.failures import Ids, refused_for_pending
from cloud.adapters.pulumi.pending import Decision, Find, Verdict, creations, decide, settled
from cloud.adapters.pulumi.supervision import EventQueue
from cloud.domain.errors import PendingOperations
from cloud.domain.events import EventType, NewEvent
from cloud.domain.operations import OperationKind

if TYPE_CHECKING:
    from cloud.adapters.pulumi.automation import RunStack, RunWorkspace

_SETTLED_FOR = frozenset({OperationKind.DEPLOY, OperationKind.ROLLBACK, OperationKind.DESTROY, OperationKind.REFRESH})
_SAYS: Mapping[Verdict, str] = {
    Verdict.FOUND: "it is there as {id}",
    Verdict.ABSENT: "it counts as not created",
    Verdict.UNKNOWN: "whether it exists is not known",
}


@dataclass(frozen=True, slots=True)
class Settler:
    """``find`` looks creations up; ``on_output`` takes the engine's display. Used on the run's own thread."""

    stack: RunStack
    workspace: RunWorkspace
    reader: EventReader
    queue: EventQueue
    find: Find
    on_output: Callable[[str], Any]
    ids: Ids

    def settle(self, kind: OperationKind) -> None:
        """Find out what became of each interrupted creation, tell it, and bring the state to it.

        Nothing is changed before all are decided, and for a run that only looks nothing at all. Raises PendingOperations for
        those that stay undecided; a refresh, which creates nothing, keeps them and goes on. What else is pending (updates,
        deletions) a refresh settles: see ``must_look``.
        """
        if kind not in _SETTLED_FOR or not creations(self.workspace.checkpoint):
            return
        decisions = decide(self.workspace.checkpoint, self.find)
        self.queue.put([self._told(each) for each in decisions])
        verdicts = {each.verdict for each in decisions}
        if Verdict.UNKNOWN in verdicts:
            refusal = refused_for_pending(decisions, self.stack.name, self.ids)
            if kind is not OperationKind.REFRESH:
                raise self._without_secrets(refusal)
            self.queue.put([self._log("warning", f"{refusal.message} {refusal.hint}")])
        elif Verdict.FOUND in verdicts:
            state = self.workspace.sealed_state(self.stack.name)
            edited = {**state, "deployment": settled(state["deployment"], decisions)}
            self.workspace.replace_state(self.stack.name, edited)
            self.workspace.select_stack(self.stack.name)
        else:
            # The flag knows no single ones; it clears no other, because all that are pending were proved absent.
            self.stack.refresh(
                clear_pending_creates=True,
                color="never",
                on_output=self.on_output,
                suppress_outputs=True,
                suppress_progress=True,
            )
            self.workspace.select_stack(self.stack.name)

    @property
    def must_look(self) -> bool:
        """Whether a refresh has to come first: it settles interrupted updates and deletions, and reads adopted resources.

        Also where the run that adopted them was killed before it came to that.
        """
        return bool(self.workspace.checkpoint.pending or self.workspace.checkpoint.unread)

    def _told(self, decision: Decision) -> NewEvent:
        urn = decision.pending.urn
        found = _SAYS[decision.verdict].format(id=decision.id)
        message = f"{resource_name(urn)} was being created when an earlier run was killed; {found}: {decision.reason}."
        return self._log("warning" if decision.verdict is Verdict.UNKNOWN else "info", message, urn)

    def _log(self, level: str, message: str, urn: str = "") -> NewEvent:
        data = {"stack": self.reader.stack, "level": level, "message": self.reader.redactor.message(message)}
        if urn:
            data["urn"] = self.reader.redactor.message(urn)
        return NewEvent(EventType.LOG_CREATED, data)

    def _without_secrets(self, refusal: PendingOperations) -> PendingOperations:
        scrub = self.reader.redactor.scrub
        return PendingOperations(scrub(refusal.message), hint=scrub(refusal.hint), **self.ids)
