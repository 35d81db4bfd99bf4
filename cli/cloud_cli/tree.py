"""The live view's picture: layers, a bar per stack, what is in hand. A pure function of the progress, the time and the size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cloud.domain.states import StackStatus, TaskState
from cloud_cli.progress import Progress, StackProgress
from cloud_cli.terminal import clean
from cloud_cli.wording import MARKS, TO_DEPLOY, changes, counted, duration, first_line

BAR_WIDTH = 20
NARROW = 80
"""Below this width there are no bars: the figures say the same."""

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAMES_PER_SECOND = 10
_HEADER_LINES = 3
_FIGURES_WIDTH = 7
_SECONDS_WIDTH = 6
_MARGIN = 4  # the terminal echoes ^C behind the last line: it must not wrap, or a line of the picture stays behind
MAX_NAME = 40


def render(progress: Progress, now: datetime, *, width: int, height: int) -> RenderableType:
    """The picture in at most ``height`` lines: layers that are done, or have not begun, shrink to a line when it is tight."""
    room = max(height - _HEADER_LINES, 4)
    layers = progress.layers
    is_tight = sum(len(stacks) + 1 for stacks in layers.values()) > room
    names = min(max((cell_len(clean(name)) for name in progress.stacks), default=0), MAX_NAME)
    parts: list[RenderableType] = [_header(progress, now), *_notes(progress)]
    shown = 0
    for number, stacks in layers.items():
        shrunk = is_tight and not any(_matters(stack) for stack in stacks)
        needed = 1 if shrunk else 1 + len(stacks)
        if is_tight and shown + needed > room - 1:
            left = sum(len(others) for layer, others in layers.items() if layer >= number)
            parts.append(Text(f"and {counted(left, 'stack')} more", style="dim"))
            break
        shown += needed
        if number:
            parts.append(Text(f"Layer {number}{_shrunk(stacks) if shrunk else ''}", style="dim"))
        if not shrunk:
            parts.append(_layer(stacks, now, width, names, progress.kind))
    return Group(*parts)


def _matters(stack: StackProgress) -> bool:
    return stack.is_under_way or stack.status in (StackStatus.FAILED, StackStatus.CANCELLED)


def _shrunk(stacks: list[StackProgress]) -> str:
    done, total = sum(stack.is_good for stack in stacks), counted(len(stacks), "stack")
    if done == len(stacks):
        return f": {total} done"
    return f": {done} of {total} done" if done else f": {total} waiting"


def _layer(stacks: Sequence[StackProgress], now: datetime, width: int, names: int, operation: str) -> RenderableType:
    """A line per stack; the columns are as wide as in every other layer."""
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.width = max(width - _MARGIN, 1)
    grid.add_column(width=3, justify="right")
    grid.add_column(no_wrap=True, overflow="ellipsis", width=names)
    if width >= NARROW:
        grid.add_column(width=BAR_WIDTH)
    grid.add_column(justify="right", no_wrap=True, width=_FIGURES_WIDTH)
    grid.add_column(justify="right", no_wrap=True, width=_SECONDS_WIDTH)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for stack in stacks:
        grid.add_row(*_row(stack, now, width, operation))
    return grid


def _header(progress: Progress, now: datetime) -> Text:
    done = sum(stack.is_good for stack in progress.stacks.values())
    style = {TaskState.FAILED: "bold red", TaskState.ERROR: "bold red", TaskState.CANCELLED: "bold yellow"}
    header = Text(
        f"{progress.kind} {progress.deployment_id} in {progress.environment}", style=style.get(progress.state, "bold")
    )
    state = "cancelling" if progress.is_cancelling and not progress.is_finished else progress.state.value
    header.append(f"  {state}", style="yellow" if state == "cancelling" else "cyan")
    if progress.stacks:
        header.append(f"  {done} of {counted(len(progress.stacks), 'stack')}", style="dim")
    header.append(f"  {duration(progress.elapsed(now))}", style="dim")
    left = None if progress.is_finished or progress.is_cancelling else progress.remaining(now)
    if left is not None:
        header.append(f", about {duration(left)} left", style="dim")
    header.no_wrap, header.overflow = True, "ellipsis"
    return header


def _notes(progress: Progress) -> Iterator[Text]:
    if progress.note:
        yield Text(progress.note, style="yellow", no_wrap=True, overflow="ellipsis")


def _row(stack: StackProgress, now: datetime, width: int, operation: str) -> list[RenderableType]:
    mark, style = _mark(stack, now)
    bar: list[RenderableType] = [_bar(stack)] if width >= NARROW else []
    return [
        Text(mark, style=style),
        Text(clean(stack.name), style="" if stack.is_under_way else style),
        *bar,
        Text(_figures(stack), style="dim"),
        Text(duration(stack.elapsed(now)), style="dim"),
        Text(_words(stack, operation), style="red" if stack.status is StackStatus.FAILED else "dim"),
    ]


def _mark(stack: StackProgress, now: datetime) -> tuple[str, str]:
    if stack.is_to_deploy:
        return TO_DEPLOY
    if stack.is_under_way:
        return _FRAMES[int(now.timestamp() * _FRAMES_PER_SECOND) % len(_FRAMES)], "cyan"
    return MARKS[stack.status]


def _bar(stack: StackProgress) -> RenderableType:
    if stack.status in (StackStatus.SKIPPED, StackStatus.CANCELLED) or not (stack.is_under_way or stack.has_ended):
        return ""
    style = "red" if stack.status is StackStatus.FAILED else "cyan"
    if stack.is_good:
        return ProgressBar(total=1, completed=1, width=BAR_WIDTH)
    # Until the number of resources is known the bar is empty: it must not look like progress.
    return ProgressBar(
        total=max(stack.expected, 1),
        completed=stack.done if stack.expected else 0,
        width=BAR_WIDTH,
        complete_style=style,
    )


def _figures(stack: StackProgress) -> str:
    if not stack.expected:
        return str(stack.done) if stack.done else ""
    return f"{stack.done}/{stack.expected}"


def _words(stack: StackProgress, operation: str) -> str:
    """What is in hand, what is waited for, or how it ended."""
    if stack.is_under_way:
        return stack.resource
    if stack.status in (StackStatus.WAITING, StackStatus.PENDING) and not stack.has_ended:
        waits = f"after {', '.join(clean(name) for name in stack.dependencies)}" if stack.dependencies else "waiting"
        return f"{waits}; {clean(stack.prediction)}" if stack.prediction else waits
    if stack.status is StackStatus.SKIPPED and stack.blocked_by:
        return f"skipped: {stack.blocked_by} failed"
    if stack.is_good:
        return changes(stack.changes, operation) or first_line(stack.reason)
    return first_line(stack.reason) or stack.status.value
