"""Ctrl-C while an operation is followed: ask on a terminal, else do what ``--on-interrupt`` says.

Without a terminal the default is to detach: a script that dies must not take a deployment with it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from cloud_cli.terminal import is_interactive

if TYPE_CHECKING:
    from cloud_cli.deploying import Choice
    from cloud_cli.session import Session


class OnInterrupt(StrEnum):
    ASK = "ask"
    DETACH = "detach"
    CANCEL = "cancel"


class Decision:
    """What to do on Ctrl-C. ``has_cancelled`` tells afterwards whether the operation was cancelled by it."""

    def __init__(self, session: Session, on_interrupt: OnInterrupt) -> None:
        self._session = session
        self._on_interrupt = on_interrupt
        self.has_cancelled = False

    def __call__(self) -> Choice:
        from cloud_cli.deploying import Choice

        if self._on_interrupt is OnInterrupt.ASK:
            choice = self._ask() if is_interactive() else Choice.DETACH
        elif self._on_interrupt is OnInterrupt.CANCEL and not self.has_cancelled:
            choice = Choice.CANCEL
        else:
            choice = Choice.DETACH  # also for the second Ctrl-C of a run that is being cancelled
        if choice is Choice.CANCEL:
            self.has_cancelled = True
            self._session.say("Cancelling: nothing new starts, what runs is interrupted. Ctrl-C again detaches.")
        return choice

    def _ask(self) -> Choice:
        from cloud_cli.deploying import Choice

        answers = {"d": Choice.DETACH, "c": Choice.CANCEL, "g": Choice.GO_ON}
        ask: Callable[[], str] = lambda: self._session.ask(  # noqa: E731
            "\nThe operation runs on. [d]etach, [c]ancel it, or [g]o on watching? ", otherwise=""
        )
        try:
            while True:
                answer = ask().lower()[:1]
                if answer in answers:
                    return answers[answer]
        except typer.Abort:  # the terminal is gone
            return Choice.DETACH
