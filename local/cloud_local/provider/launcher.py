"""The executable by which an engine starts the provider."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final

NAME: Final = "pulumi-resource-aws"


def write(directory: Path) -> Path:
    """Write `pulumi-resource-aws` into a directory, for this interpreter; returns its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / NAME
    python = shlex.quote(sys.executable)
    path.write_text(f'#!/bin/sh\nGRPC_VERBOSITY=NONE exec {python} -m cloud_local.provider "$@"\n')
    path.chmod(0o755)
    return path
