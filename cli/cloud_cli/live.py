"""Views of a running operation: a live tree on a terminal, plain lines elsewhere, event envelopes for programs.

All are told the same: ``begin`` with the operation, ``take_plan`` when its plan is known, ``take`` for every event.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Protocol, Self

from cloud.domain.events import Event, EventType
from cloud.domain.states import StackStatus, TaskState
from cloud_cli.progress import Progress, StackProgress, moment, short_type
from cloud_cli.terminal import clean
from cloud_cli.wording import changes, counted, duration, status_word

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

    from cloud.domain.plan import Plan

REFRESH_PER_SECOND = 8
_LEVEL_STYLES = {"error": "red", "warning": "yellow"}


class View(Protocol):
    """What ``deploying.follow`` tells. It is entered before ``begin``; ``pause`` and ``resume`` make room for a question."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def begin(self, operation: Mapping[str, Any]) -> None: ...

    def take_plan(self, plan: Plan) -> None: ...

    def take(self, event: Event) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class _Base:
    """What views have in common: nothing to open, nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def begin(self, operation: Mapping[str, Any]) -> None:
        del operation

    def take_plan(self, plan: Plan) -> None:
        del plan

    def take(self, event: Event) -> None:
        del event

    def pause(self) -> None:
        return

    def resume(self) -> None:
        return


class SilentView(_Base):
    """Shows nothing (``--quiet``)."""


class JsonView(_Base):
    """Every event of the operation as a line of NDJSON, in the form that the WebSocket has."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def take(self, event: Event) -> None:
        self._file.write(json.dumps(event.to_dict()) + "\n")
        self._file.flush()


class LiveView(_Base):
    """The tree of layers and bars, redrawn in place by a thread of Rich's. ``clock`` gives the time in UTC."""

    def __init__(
        self, console: Console, *, verbose: bool = False, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._console = console
        self._verbose = verbose
        self._clock = clock
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._live: Live | None = None

    def begin(self, operation: Mapping[str, Any]) -> None:
        self._progress = Progress.of(operation)
        self.resume()

    def take_plan(self, plan: Plan) -> None:
        with self._lock:
            if self._progress is not None:
                self._progress.take_plan(plan)

    def take(self, event: Event) -> None:
        with self._lock:
            if self._progress is not None:
                self._progress.apply(event)
        line = _log_line(event, verbose=self._verbose)
        if line is not None:
            from rich.text import Text

            self._console.print(Text(line, style=_LEVEL_STYLES.get(str(event.data.get("level")), "dim")))

    def pause(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def resume(self) -> None:
        from rich.live import Live

        self._live = Live(
            get_renderable=self._picture,
            console=self._console,
            refresh_per_second=REFRESH_PER_SECOND,
            transient=True,  # the summary takes its place
            vertical_overflow="crop",
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def _picture(self) -> RenderableType:
        from cloud_cli import tree

        with self._lock:
            if self._progress is None:
                return ""
            size = self._console.size
            return tree.render(self._progress, self._clock(), width=size.width, height=size.height)


class PlainView(_Base):
    """One line per event that matters, with the seconds since the operation was asked for."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._verbose = verbose
        self._progress: Progress | None = None

    def begin(self, operation: Mapping[str, Any]) -> None:
        self._progress = Progress.of(operation)

    def take_plan(self, plan: Plan) -> None:
        if self._progress is not None:
            self._progress.take_plan(plan)

    def take(self, event: Event) -> None:
        progress = self._progress
        if progress is None or event.operation_id != progress.operation_id:
            return
        progress.apply(event)
        text = self._text(progress, event)
        if text:
            seconds = max(0.0, (moment(event.timestamp) - progress.created).total_seconds())
            self._console.print(f"[{duration(seconds):>7}] {text}")

    def _text(self, progress: Progress, event: Event) -> str:
        if event.type is EventType.DEPLOYMENT_STATUS:
            return _status_text(progress, event.data)
        if event.type is EventType.APPROVAL_REQUESTED:
            return progress.note
        if event.type is EventType.LOG_CREATED:
            return _log_line(event, verbose=self._verbose) or ""
        if event.type is EventType.STACK_RESOURCE:
            return _resource_text(event.data) if self._verbose or event.data.get("state") == "failed" else ""
        if "stack" in event.data and "status" in event.data:
            return _stack_text(progress.stacks[str(event.data["stack"])], progress.kind)
        return ""


def make_view(console: Console, *, file: IO[str], as_json: bool, quiet: bool, verbose: bool) -> View:
    """The view that suits: ``file`` gets the JSON, ``console`` everything else."""
    if as_json:
        return JsonView(file)
    if quiet:
        return SilentView()
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveView(console, verbose=verbose)
    return PlainView(console, verbose=verbose)


def _status_text(progress: Progress, data: Mapping[str, Any]) -> str:
    if data.get("terminal"):
        return f"{progress.kind} {progress.operation_id} {progress.state.value}"
    if data.get("cancelling"):
        return f"{clean(data.get('cancelled_by', 'somebody'))} cancels the operation"
    if progress.note:
        return f"queued: {progress.note}"
    if progress.state is TaskState.RUNNING:
        stacks = f": {counted(len(progress.stacks), 'stack')}" if progress.stacks else ""
        return f"{progress.kind} {progress.operation_id} runs{stacks}"
    return ""


def _stack_text(stack: StackProgress, operation: str) -> str:
    name = clean(stack.name)
    if stack.status is StackStatus.SKIPPED and stack.blocked_by:
        return f"{name} skipped: {stack.blocked_by} failed"
    if not stack.has_ended:
        return f"{name} {status_word(stack.status, operation)}"
    took = f" in {duration(stack.seconds)}" if stack.seconds is not None else ""
    if stack.is_good:
        told = changes(stack.changes, operation) or stack.reason
        return f"{name} {status_word(stack.status, operation)}{took}" + (f" ({told})" if told else "")
    return f"{name} {stack.status.value}{took}" + (f": {stack.reason}" if stack.reason else "")


def _resource_text(data: Mapping[str, Any]) -> str:
    figures = f" ({data.get('done', 0)}/{data['expected']})" if data.get("expected") else ""
    kind, name = short_type(str(data.get("type", ""))), clean(data.get("name", ""))
    return f"{clean(data['stack'])}: {clean(data.get('op', ''))} {kind} {name} {clean(data.get('state', ''))}{figures}"


def _log_line(event: Event, *, verbose: bool) -> str | None:
    """A line of a program's log: what warns or fails, and all with ``verbose``."""
    level = str(event.data.get("level", "info"))
    if event.type is not EventType.LOG_CREATED or (level not in _LEVEL_STYLES and not verbose):
        return None
    message = clean(event.data.get("message", ""), lines=True).rstrip().replace("\n", "\n    ")
    return f"{clean(event.data.get('stack', ''))}: {message}"
