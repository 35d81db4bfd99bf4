"""Starts programs, as the language host does: in a child process, with its output turned into diagnostics.

The child is a fork of this process when the program uses the same interpreter (made before gRPC is first used, and
single-threaded: neither survives a fork), else the interpreter of the project's virtualenv.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from . import program_runner
from .errors import PulumiError
from .project import Project

OutputHandler = Callable[[str, str], None]  # severity, text
FinishHandler = Callable[[str | None], None]  # None: it ended well; "": it failed and has said why; else why it failed

_GRACE_SECONDS = 5.0


class Program(Protocol):
    """A program that the engine can start once, and stop."""

    def start(self, parameters: dict[str, Any], on_output: OutputHandler, on_finish: FinishHandler) -> None:
        """Run it; `on_finish` is called when it has ended."""

    def stop(self, *, at_once: bool = False) -> None:
        """End it: ask first (unless `at_once`), then by force. Returns when it is gone."""


def refuse_other_runtimes(project: Project) -> None:
    """Raises PulumiError for what isn't Python with pip."""
    if project.runtime != "python":
        raise PulumiError(f"the emulated engine runs Python programs only, not {project.runtime}")
    toolchain = project.runtime_options.get("toolchain", "pip")
    if toolchain != "pip":
        raise PulumiError(f"the emulated engine knows the toolchain pip only, not {toolchain}")


def virtualenv_python(project: Project) -> str | None:
    """The interpreter of the project's `virtualenv` option; None when it has none or it is this process's own.

    Raises PulumiError when the option names no virtual environment, and as `refuse_other_runtimes`.
    """
    refuse_other_runtimes(project)
    name = project.runtime_options.get("virtualenv")
    if not name:
        return None
    root = project.directory / str(name)
    python = root / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        raise PulumiError(
            f"The 'virtualenv' option in Pulumi.yaml is set to \"{name}\", but {str(root)!r} "
            + ("doesn't appear to be a virtual environment" if root.is_dir() else "doesn't exist")
            + "; run `pulumi install` or create it with `python -m venv`"
        )
    return None if root.resolve() == Path(sys.prefix).resolve() else str(python)


class _Child:
    """What both kinds of children share: pipes for their output, and how they end."""

    def __init__(self) -> None:
        self._pid = 0
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def _watch(
        self, pipes: list[tuple[int, str]], wait: Callable[[], int], on: OutputHandler, done: FinishHandler
    ) -> None:
        pumps = [threading.Thread(target=_pump, args=(fd, severity, on), daemon=True) for fd, severity in pipes]
        for pump in pumps:
            pump.start()

        def await_end() -> None:
            code = wait()
            with self._lock:
                self._ended.set()
            for pump in pumps:
                # Something that the program started may still hold the pipe.
                pump.join(_GRACE_SECONDS)
            done(explain(code))

        threading.Thread(target=await_end, daemon=True).start()

    def stop(self, *, at_once: bool = False) -> None:
        if not self._pid:
            return
        for number in (signal.SIGKILL,) if at_once else (signal.SIGINT, signal.SIGKILL):
            with self._lock:
                if self._ended.is_set():
                    return
                os.kill(self._pid, number)
            self._ended.wait(_GRACE_SECONDS)


def explain(code: int) -> str | None:
    """Why a program failed, from its exit code (negative: the signal that ended it)."""
    if code == 0:
        return None
    if code == program_runner.TOLD_THE_USER:
        return ""
    # A program that died by a signal shows exit status -1, as in the Go runtime.
    return f"an unhandled error occurred: program exited with non-zero exit code: {code if code > 0 else -1}"


def _pump(fd: int, severity: str, on_output: OutputHandler) -> None:
    with os.fdopen(fd, encoding="utf-8", errors="replace") as stream:
        for line in stream:
            on_output(severity, line)


class ForkedProgram(_Child):
    """A fork made ahead of time, which waits for its parameters; make it before any thread or gRPC use."""

    def __init__(self) -> None:
        super().__init__()
        self._command, child_command = os.pipe()[::-1]
        out, child_out = os.pipe()
        err, child_err = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                for fd in (self._command, out, err):
                    os.close(fd)
                code = _child(child_command, child_out, child_err)
            finally:
                os._exit(code)
        for fd in (child_command, child_out, child_err):
            os.close(fd)
        self._pid = pid
        self._started = False
        self._out, self._err = out, err

    def start(self, parameters: dict[str, Any], on_output: OutputHandler, on_finish: FinishHandler) -> None:
        self._started = True
        with os.fdopen(self._command, "w") as stream:
            stream.write(json.dumps(parameters))
        self._watch([(self._out, "info"), (self._err, "info#err")], self._wait, on_output, on_finish)

    def discard(self) -> None:
        """End a fork that was never started; one that was is left alone."""
        if not self._started:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def _wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _child(command: int, out: int, err: int) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    for fd, target in ((null, 0), (out, 1), (err, 2)):
        os.dup2(fd, target)
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    with os.fdopen(command) as stream:
        text = stream.read()
    if not text:
        return 1  # the engine ended before it came to the program
    try:
        return program_runner.run_program(json.loads(text))
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return int(end.code or 0)
    except BaseException:  # noqa: BLE001 - the interpreter would print it as well
        import traceback

        traceback.print_exc()
        return 1


class InterpreterProgram(_Child):
    """The program in another interpreter."""

    def __init__(self, python: str) -> None:
        super().__init__()
        self._python = python

    def start(self, parameters: dict[str, Any], on_output: OutputHandler, on_finish: FinishHandler) -> None:
        process = subprocess.Popen(
            [self._python, "-u", program_runner.__file__, json.dumps(parameters)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=parameters["directory"],
        )
        assert process.stdout is not None  # noqa: S101 - they are pipes
        assert process.stderr is not None  # noqa: S101
        self._pid = process.pid
        pipes = [(os.dup(process.stdout.fileno()), "info"), (os.dup(process.stderr.fileno()), "info#err")]
        process.stdout.close()
        process.stderr.close()
        self._watch(pipes, process.wait, on_output, on_finish)


class InlineProgram:
    """A function in the Automation API's process, behind a LanguageRuntime service (`--client`)."""

    def __init__(self, address: str) -> None:
        self._address = address.removeprefix("tcp://")

    def start(self, parameters: dict[str, Any], on_output: OutputHandler, on_finish: FinishHandler) -> None:
        del on_output  # it prints where it runs
        import grpc
        from pulumi.runtime.proto import language_pb2, language_pb2_grpc

        from .provider_transport import OPTIONS

        def run() -> None:
            with grpc.insecure_channel(self._address, options=OPTIONS) as channel:
                try:
                    response = language_pb2_grpc.LanguageRuntimeStub(channel).Run(
                        language_pb2.RunRequest(
                            project=parameters["project"],
                            stack=parameters["stack"],
                            pwd=parameters["directory"],
                            program=parameters["program"],
                            args=[parameters["engine"]],
                            config=parameters["config"],
                            configSecretKeys=parameters["secret_keys"],
                            dryRun=parameters["dry_run"],
                            parallel=parameters["parallel"],
                            monitor_address=parameters["monitor"],
                            organization=parameters["organization"],
                        )
                    )
                except grpc.RpcError as error:
                    on_finish(f"failed to run the inline program: {error.details()}")
                    return
            on_finish(f"an unhandled error occurred: {response.error}" if response.error else None)

        threading.Thread(target=run, daemon=True).start()

    def stop(self, *, at_once: bool = False) -> None:
        """Nothing to end here: the function learns from its next call that the engine is gone."""
