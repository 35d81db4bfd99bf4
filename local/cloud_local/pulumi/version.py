"""The version that the emulated engine reports."""

from __future__ import annotations

from functools import cache
from importlib import metadata


@cache
def engine_version() -> str:
    """`v<version of the installed Pulumi SDK>+emulated`: valid semver that compares equal to the CLI of that SDK."""
    return f"v{metadata.version('pulumi')}+emulated"
