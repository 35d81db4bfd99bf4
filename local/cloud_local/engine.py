"""Which Pulumi local mode runs: the installed one where there is one, else the stand-in; and the AWS provider for either."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from cloud.domain.errors import EngineMissing


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
    """The chosen engine, ready to run. ``folder`` holds the state backend, the passphrase and what is installed."""

    def __init__(self, choice: EngineChoice, folder: Path) -> None:
        self._choice = choice
        self._folder = folder
        self._server: object | None = None
        self.root = Path()
        self.is_stand_in = True
