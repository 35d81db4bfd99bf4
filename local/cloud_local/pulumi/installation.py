"""Installs the emulated `pulumi` into a directory, as the Automation API's `PulumiCommand(root=…)` expects it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from .version import engine_version

_LAUNCHER = Path(__file__).with_name("launcher.py")


def install(root: Path, python: str = sys.executable) -> Path:
    """Write `<root>/bin/pulumi` and what it needs; returns its path. `python` must be able to import this package."""
    folder = root / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "pulumi-launcher.py"
    text = _LAUNCHER.read_text()
    script.write_text(text.replace("@VERSION@", engine_version()).replace("@PYTHON@", python))
    executable = folder / "pulumi"
    # A shell script, not a shebang of Python: those are limited in length and can't hold spaces.
    executable.write_text(
        "#!/bin/sh\n# The emulated Pulumi engine, not the Pulumi CLI: see `pulumi about`.\n"
        f'exec {shlex.quote(python)} -I -S -B {shlex.quote(str(script))} "$@"\n'
    )
    executable.chmod(0o755)
    return executable
