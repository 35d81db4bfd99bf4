"""Which Pulumi local mode runs: the installed one where there is one, else the stand-in; and the AWS provider for either."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cloud.domain.errors import EngineMissing
from cloud.settings import ENGINE_PREFIX, host_environment
from cloud_local import provider, pulumi
from cloud_local.engine_identity import identity
from cloud_local.leftovers import end_runs
from cloud_local.pulumi.fork_server_process import ForkServerProcess
from cloud_local.toolchains import toolchain_environment

_logger = logging.getLogger(__name__)

MAX_SOCKET_PATH = 100
"""Bytes; Unix allows 104 (macOS) or 108 (Linux) with the end mark."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """``root`` names an installed Pulumi; empty looks on PATH. ``stand_in`` takes the stand-in in any case."""

    root: str = ""
    stand_in: bool = False

    def installed(self) -> Path | None:
        """The installed Pulumi to use, or None for the stand-in. Raises EngineMissing for a wrong root."""
        if self.stand_in:
            return None
        if not self.root:
            found = shutil.which("pulumi")
            return Path(found).absolute() if found else None
        # Links are left as they are: a shim's target is another program's name.
        executable = Path(self.root).expanduser().absolute() / "bin" / "pulumi"
        if executable.is_file() and os.access(executable, os.X_OK):
            return executable
        raise EngineMissing(
            f"There is no Pulumi at {executable.parent.parent}: {executable} is not an executable file.",
            hint="Give --pulumi-root the folder that holds bin/pulumi.",
        )


class Engine:
    """The chosen engine, ready to run. ``folder`` holds Pulumi's state, its passphrase and what is installed for it."""

    def __init__(self, choice: EngineChoice, folder: Path) -> None:
        self._choice = choice
        self._folder = folder
        self._server: ForkServerProcess | None = None
        self._sockets: Path | None = None
        self.root = Path()
        self.identity = ""
        self.is_stand_in = True

    def start(self) -> Engine:
        """Install what is missing and start the stand-in's fork server. Raises EngineMissing for a wrong root."""
        installed = self._choice.installed()
        # The emulated AWS begins empty, and so must Pulumi's state: it would speak of resources that are gone.
        end_runs(self._backend_url)
        shutil.rmtree(self._state, ignore_errors=True)
        self._state.mkdir(parents=True)
        self._write_passphrase()
        self.is_stand_in = installed is None
        plugins = self._folder / "plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        provider.install(plugins)
        if installed is None:
            self.root = self._folder / "engine"
            pulumi.install(self.root)
            self._server = ForkServerProcess(
                self._socket(), passphrase_file=self._folder / "passphrase", on_restart=_tell_of_a_restart
            ).start()
        else:
            self.root = self._root_of(installed)
        self.identity = identity(installed)
        return self

    def stop(self) -> None:
        """End the fork server and what still runs in it. Stopping twice is harmless."""
        if self._server is not None:
            self._server.stop()
            self._server.socket_path.unlink(missing_ok=True)  # one that had no time to tidy up leaves it
            self._server = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        end_runs(self._backend_url)

    @property
    def description(self) -> str:
        """For people: which engine runs."""
        if self.is_stand_in:
            return "the emulated Pulumi engine (no Pulumi is installed)"
        return f"the installed Pulumi at {self.root}"

    def settings(self) -> dict[str, str]:
        """The fields of ``cloud.settings.Settings`` that tell the runner of this engine."""
        return {
            "pulumi_root": str(self.root),
            "plugin_path": os.pathsep.join([str(self._folder / "plugins"), str(Path(sys.executable).parent)]),
            "backend_url": self._backend_url,
            "passphrase_file": str(self._folder / "passphrase"),
            "engine": self.identity,
        }

    def environment(self) -> dict[str, str]:
        """Variables of this process that reach Pulumi's processes (``cloud.settings.engine_environment``)."""
        given = toolchain_environment(host_environment(), self._folder / "caches")
        given |= self._server.environment() if self._server else {}
        return {f"{ENGINE_PREFIX}{name}": value for name, value in given.items()}

    @property
    def _state(self) -> Path:
        return self._folder / "state"

    @property
    def _backend_url(self) -> str:
        return f"file://{self._state}"

    def _write_passphrase(self) -> None:
        """A new passphrase for the new, empty state, readable by its owner only."""
        path = self._folder / "passphrase"
        path.unlink(missing_ok=True)  # its mode may be another
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(24))

    def _root_of(self, executable: Path) -> Path:
        """The folder above ``bin``, which the Automation API wants; one is made for a Pulumi that lies elsewhere."""
        if executable.parent.name == "bin" and executable.name == "pulumi":
            return executable.parent.parent
        link = self._folder / "installed" / "bin" / "pulumi"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(executable)
        return link.parent.parent

    def _socket(self) -> Path:
        """Where the fork server listens. Sockets have short names only; the folder of local mode may lie deep."""
        near = self._folder / "fork"
        if len(os.fsencode(near)) < MAX_SOCKET_PATH:
            return near
        self._sockets = Path(tempfile.mkdtemp(prefix="cloud-"))
        return self._sockets / "fork"


def _tell_of_a_restart() -> None:
    _logger.warning("The emulated engine's server died and was started again. What it was running goes on.")
