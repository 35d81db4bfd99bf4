"""Finding the provider of a package.

In this order: one that the caller offers in-process (the AWS provider on boto3 is offered so), the small built-in ones
(dynamic providers and `random`), then `pulumi-resource-<package>` from PATH, started as a process and called over gRPC
as the Pulumi engine does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module, util
from typing import Any

from .errors import PulumiError
from .provider_client import ProviderClient
from .provider_transport import GrpcTransport, InProcessTransport

ServicerFactory = Callable[[], Any]
OutputHandler = Callable[[str, str], None]  # severity, line


def _aws() -> Any:
    # By name: the provider package imports nothing of the engine, nor the engine of it.
    return import_module("cloud_local.provider").create_provider()


def _random() -> Any:
    return import_module("cloud_local.pulumi.random_provider").RandomProvider()


def default_servicers() -> dict[str, ServicerFactory]:
    """The providers that this distribution ships, by package."""
    servicers: dict[str, ServicerFactory] = {"random": _random}
    if util.find_spec("cloud_local.provider") is not None:
        servicers["aws"] = _aws
    return servicers


class ProviderLoader:
    """Loads providers; `python` is the interpreter of the program, for its dynamic providers."""

    def __init__(
        self,
        servicers: Mapping[str, ServicerFactory],
        environment: Mapping[str, str],
        python: str,
        on_output: OutputHandler,
    ) -> None:
        self._servicers = servicers
        self._environment = dict(environment)
        self._python = python
        self._on_output = on_output
        self.engine_address = ""

    def load(self, package: str) -> ProviderClient:
        """A new, unconfigured provider. Raises PulumiError that says what to install when there is none."""
        client = self._load(package)
        client.handshake(self.engine_address)
        return client

    def _load(self, package: str) -> ProviderClient:
        if package in self._servicers:
            return ProviderClient(InProcessTransport(self._servicers[package]()))
        if package == "pulumi-python":
            return self._start(package, [self._python, "-u", "-m", "pulumi.dynamic"])
        executable = shutil.which(f"pulumi-resource-{package}", path=self._environment.get("PATH"))
        if executable is None:
            raise PulumiError(
                f"no resource plugin 'pulumi-resource-{package}' found in the workspace or on your $PATH: the emulated "
                f"engine downloads no plugins; put an executable of that name on PATH, or use the Pulumi CLI"
            )
        return self._start(package, [executable, self.engine_address])

    def _start(self, package: str, command: list[str]) -> ProviderClient:
        # A terminal's Ctrl-C is for the engine; plugins hear of it through Cancel. The mask is inherited. As the CLI's, they
        # have a process group each and outlive an engine that is killed. (No preexec_fn: gRPC is in use.)
        previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                process_group=0,
                env={**self._environment, "PYTHONUNBUFFERED": "1"},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, previous)
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        assert process.stderr is not None  # noqa: S101
        port = process.stdout.readline().strip()
        if not port.isdigit():
            process.kill()
            errors = process.stderr.read().strip()
            raise PulumiError(f"could not start the plugin of package '{package}': {errors or f'it printed {port!r}'}")
        for stream, severity in ((process.stdout, "info"), (process.stderr, "info#err")):
            threading.Thread(target=self._pump, args=(stream, severity), daemon=True).start()

        def end() -> None:
            process.kill()
            process.wait()

        return ProviderClient(GrpcTransport(f"127.0.0.1:{port}", end))

    def _pump(self, stream: Any, severity: str) -> None:
        for line in stream:
            self._on_output(severity, line)


def program_python(virtualenv_python: str | None) -> str:
    """The interpreter of programs: the virtualenv's, or this one when the project names none."""
    return virtualenv_python or sys.executable or os.fspath(shutil.which("python3") or "python3")
