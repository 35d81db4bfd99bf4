"""Pulumi's Automation API, driven on processes that the runner owns.

Three of its classes are adapted, each for one reason:

``EngineCommand``   the API starts the CLI in our process group with our whole environment, and can't end it
``RunWorkspace``    selecting a stack reads its state, which the run needs anyway; new stacks don't touch Pulumi's home
``RunStack``        after an ``up`` the API asks three more commands (output, output, history) for what one export says

This is the only module that imports Pulumi; import it inside functions.
"""

from __future__ import annotations

import json
import subprocess
import threading
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import IO, Any

from pulumi.automation import CommandResult, LocalWorkspace, PulumiCommand, Stack, UpdateSummary
from pulumi.automation._stack import StackInitMode  # Stack's constructor wants it, its public makers only make a Stack
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from cloud.adapters.pulumi.checkpoint import Checkpoint, read_checkpoint
from cloud.adapters.pulumi.failures import INSTALL_HINT
from cloud.adapters.pulumi.processes import RunProcesses
from cloud.domain.errors import EngineMissing

# A killed engine breaks its event stream; the API warns of it, and the run's own error says it better.
warnings.filterwarnings("ignore", message="Error in event stream", module=r"pulumi\.automation")

OnOutput = Callable[[str], Any]

_MAJOR = 3
_VERSION_SECONDS = 30.0
_LONG_COMMANDS = frozenset({"up", "preview", "refresh", "destroy"})
_KEPT_CHARACTERS = 256 * 1024
_READ_CHARACTERS = 64 * 1024
_DRAIN_SECONDS = 1.0


class EngineCommand(PulumiCommand):
    """``pulumi``, in sessions of ``processes``, with exactly the environment given."""

    def __init__(self, executable: str, version: VersionInfo, processes: RunProcesses) -> None:
        # The API's own constructor would run `pulumi version` with the whole environment of this process, once per run.
        self.command = executable
        self.version = version
        self.processes = processes
        self.exit_code: int | None = None
        self.last_output = ("", "")

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """As the API's, with a bounded memory for the display of long commands (their events say more)."""
        return self._run(args, cwd, additional_env, "", on_output, on_error)

    def run_with_input(self, args: list[str], cwd: str, env: Mapping[str, str], text: str) -> CommandResult:
        """Run a command that reads ``text``: other users of the machine can see a command line, but not a pipe."""
        return self._run(args, cwd, env, text, None, None)

    def _run(
        self,
        args: list[str],
        cwd: str,
        env: Mapping[str, str],
        text: str,
        on_output: OnOutput | None,
        on_error: OnOutput | None,
    ) -> CommandResult:
        process = self.processes.start(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env={**env, "PULUMI_AUTOMATION_API": "true"},
            with_input=bool(text),
        )
        limit = _KEPT_CHARACTERS if args[:1] and args[0] in _LONG_COMMANDS else None
        stdout = _Reader(process.stdout, on_output, limit)
        stderr = _Reader(process.stderr, on_error, limit)
        _write(process, text)
        code = process.wait()
        if not (stdout.drain() and stderr.drain()):
            # Something that the command started holds its output open; the command is over, so it goes.
            self.processes.end_all()
            stdout.drain()
            stderr.drain()
        self.exit_code = code
        result = CommandResult(stdout=stdout.text(), stderr=stderr.text(), code=code)
        self.last_output = (result.stdout, result.stderr)
        if code != 0:
            raise create_command_error(result)
        return result


class _Reader:
    """Reads one pipe in a thread; keeps all of it, or the last ``limit`` characters."""

    def __init__(self, pipe: IO[bytes] | None, callback: OnOutput | None, limit: int | None) -> None:
        assert pipe is not None  # noqa: S101 (RunProcesses always opens them)
        self._pipe = pipe
        self._callback = callback
        self._limit = limit
        self._kept: deque[str] = deque()
        self._size = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for raw in iter(lambda: self._pipe.readline(_READ_CHARACTERS), b""):
            line = raw.decode("utf-8", "replace").rstrip()
            if self._callback is not None:
                self._callback(line)
            self._kept.append(line)
            self._size += len(line)
            while self._limit is not None and self._size > self._limit and len(self._kept) > 1:
                self._size -= len(self._kept.popleft())
        self._pipe.close()

    def drain(self) -> bool:
        """Wait a little for the end of the pipe; False when something still holds it open."""
        self._thread.join(_DRAIN_SECONDS)
        return not self._thread.is_alive()

    def text(self) -> str:
        return "\n".join(self._kept)


def _write(process: subprocess.Popen[bytes], text: str) -> None:
    if process.stdin is None:
        return
    try:
        process.stdin.write(text.encode())
        process.stdin.close()
    except BrokenPipeError:
        pass  # The command ended without reading; its exit code and message say why.


class RunWorkspace(LocalWorkspace):
    """The folder of one run. ``checkpoint`` is the stack's state as last read."""

    checkpoint: Checkpoint = Checkpoint()

    def select_stack(self, stack_name: str) -> None:
        """Read the stack's state; raises the API's StackNotFoundError when there is no such stack."""
        self.checkpoint = read_checkpoint(self.export_stack(stack_name).deployment)

    def set_secret(self, stack_name: str, key: str, text: str) -> None:
        """Have the engine encrypt ``text`` into the stack's configuration."""
        args = ["config", "set", key, "--secret", "--stack", stack_name]
        command = self.pulumi_command
        assert isinstance(command, EngineCommand)  # noqa: S101 (given by open_stack)
        # The CLI takes one newline off the end of what it reads; without ours a key file would lose its last.
        command.run_with_input(args, self.work_dir, self.env_vars, text + "\n")

    def sealed_state(self, stack_name: str) -> dict[str, Any]:
        """The exported state with its secrets as they are kept, for editing: ``{"version": …, "deployment": …}``."""
        done = self.pulumi_command.run(["stack", "export", "--stack", stack_name], self.work_dir, self.env_vars)
        state: dict[str, Any] = json.loads(done.stdout)
        return state

    def replace_state(self, stack_name: str, state: Mapping[str, Any]) -> None:
        """Put an edited state in its place. The engine checks it, and leaves its pending operations out."""
        command = self.pulumi_command
        assert isinstance(command, EngineCommand)  # noqa: S101 (given by open_stack)
        args = ["stack", "import", "--stack", stack_name]
        command.run_with_input(args, self.work_dir, self.env_vars, json.dumps(state))

    def free_lock(self, stack_name: str) -> None:
        """Delete the stack's lock (``pulumi cancel``). Only ever for an owner that is proved dead."""
        self.cli_api.cancel(stack=stack_name, cwd=self.work_dir, additional_env=self.env_vars)


class RunStack(Stack):
    """A stack whose outputs are read from the checkpoint and whose summary comes from the events."""

    def outputs(self) -> dict[str, Any]:
        """Nothing: ``Checkpoint.outputs`` has them, with what is secret inside them."""
        return {}

    def info(self, show_secrets: bool = True) -> UpdateSummary:  # noqa: ARG002 (the API's signature)
        """Says no more than that the command ended well; the API won't do without."""
        return UpdateSummary("update", datetime.now(UTC), "", {}, {}, "succeeded")


def select_stack(name: str, workspace: RunWorkspace) -> RunStack:
    """Raises the API's StackNotFoundError."""
    return RunStack(name, workspace, StackInitMode.SELECT)


def create_stack(name: str, workspace: RunWorkspace) -> RunStack:
    return RunStack(name, workspace, StackInitMode.CREATE)


def engine_version(executable: str, env: Mapping[str, str]) -> VersionInfo:
    """The version of the ``pulumi`` at ``executable`` (a path, or a name on the PATH of ``env``).

    Raises EngineMissing when it isn't there, doesn't run, or is none that the installed Automation API can drive.
    """
    try:
        done = subprocess.run(
            [executable, "version"], env=dict(env), capture_output=True, check=True, text=True, timeout=_VERSION_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineMissing(f"The Pulumi engine at {executable} does not answer.", hint=INSTALL_HINT) from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()
        raise EngineMissing(
            f"The Pulumi engine at {executable} does not run: {said[-1] if said else f'exit code {error.returncode}'}.",
            hint=INSTALL_HINT,
        ) from error
    try:
        version = VersionInfo.parse(done.stdout.strip().removeprefix("v"))
    except ValueError as error:
        raise EngineMissing(f"{executable} does not say which version of Pulumi it is.", hint=INSTALL_HINT) from error
    if version.major != _MAJOR:
        raise EngineMissing(f"{executable} is Pulumi {version}; version {_MAJOR} is needed.", hint=INSTALL_HINT)
    return version
