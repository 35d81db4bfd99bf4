"""Which Pulumi local mode runs: the installed one where there is one, else the stand-in; and the AWS provider for either."""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cloud.domain.errors import EngineMissing
from cloud.settings import ENGINE_PREFIX
from cloud_local import provider, pulumi
from cloud_local.pulumi.fork_server_process import ForkServerProcess


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """``root`` names an installed Pulumi; empty looks on PATH. ``stand_in`` takes the stand-in in any case."""

    root: str = ""
    stand_in: bool = False

    def installed(self) -> Path | None:
        """The root of the installed Pulumi to use, or None for the stand-in. Raises EngineMissing for a wrong root."""
        if self.stand_in:
            return None
        if self.root:
            root = Path(self.root).expanduser().resolve()
            if not (root / "bin" / "pulumi").is_file():
                raise EngineMissing(
                    f"There is no Pulumi at {root}: {root / 'bin' / 'pulumi'} is not a file.",
                    hint="Give --pulumi-root the folder that holds bin/pulumi.",
                )
            return root
        found = shutil.which("pulumi")
        # PulumiCommand wants the folder above bin; an installation that has no bin is named with --pulumi-root.
        return Path(found).resolve().parent.parent if found and Path(found).resolve().parent.name == "bin" else None


class Engine:
    """The chosen engine, ready to run. ``folder`` holds Pulumi's state, its passphrase and what is installed for it."""

    def __init__(self, choice: EngineChoice, folder: Path) -> None:
        self._choice = choice
        self._folder = folder
        self._server: ForkServerProcess | None = None
        self._sockets: Path | None = None
        self.root = Path()
        self.is_stand_in = True

    def start(self) -> Engine:
        """Install what is missing and start the stand-in's fork server. Raises EngineMissing for a wrong root."""
        installed = self._choice.installed()
        # The emulated AWS begins empty, and so must Pulumi's state: it would speak of resources that are gone.
        shutil.rmtree(self._folder / "state", ignore_errors=True)
        self.is_stand_in = installed is None
        plugins = self._folder / "plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        provider.install(plugins)
        if installed is None:
            self.root = self._folder / "engine"
            pulumi.install(self.root)
            # Sockets have short names only; the folder of local mode may lie deep.
            self._sockets = Path(tempfile.mkdtemp(prefix="cloud-"))
            self._server = ForkServerProcess(self._sockets / "fork").start()
        else:
            self.root = installed
        return self

    def stop(self) -> None:
        """End the fork server and what still runs in it. Stopping twice is harmless."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None

    @property
    def description(self) -> str:
        """For people: which engine runs."""
        if self.is_stand_in:
            return "the emulated Pulumi engine (no Pulumi is installed)"
        return f"the installed Pulumi at {self.root}"

    def settings(self) -> dict[str, str]:
        """The fields of ``cloud.settings.Settings`` that tell the runner of this engine."""
        state = self._folder / "state"
        state.mkdir(parents=True, exist_ok=True)
        return {
            "pulumi_root": str(self.root),
            "plugin_path": f"{self._folder / 'plugins'}:{Path(sys.executable).parent}",
            "backend_url": f"file://{state}",
            "passphrase_file": str(self._passphrase()),
        }

    def environment(self) -> dict[str, str]:
        """Variables of this process that reach Pulumi's processes (``cloud.settings.engine_environment``)."""
        given = self._server.environment() if self._server else {}
        return {f"{ENGINE_PREFIX}{name}": value for name, value in given.items()}

    def _passphrase(self) -> Path:
        """The file with the passphrase of this instance's state, made once and readable by its owner only."""
        path = self._folder / "passphrase"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24), encoding="utf-8")
        return path
