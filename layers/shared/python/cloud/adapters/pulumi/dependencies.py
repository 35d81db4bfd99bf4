"""What a program needs beside Pulumi itself, and whether it must be installed into the program's folder first.

A program travels without its ``node_modules`` and virtual environment. Python programs run in the runner's own environment
when that has all they ask for; otherwise, and for Node.js, Pulumi installs it (``pulumi install``), by the language's own tool
and from the program's lock file where there is one. Go fetches its modules while it builds, and YAML needs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from cloud import DISTRIBUTION, __version__

TOOLS: Mapping[str, str] = {
    "nodejs": "Node.js with npm",
    "bun": "Bun",
    "go": "Go",
    "dotnet": "the .NET SDK",
    "java": "a JDK with Maven or Gradle",
}
"""What a machine needs beside the Pulumi CLI to run programs of a runtime."""

_INSTALLED_BY_PULUMI = frozenset({"nodejs", "bun"})
_PIP = frozenset({"", "pip"})
_ENVIRONMENT = frozenset({"toolchain", "virtualenv"})


def runtime_of(folder: Path) -> tuple[str, dict[str, Any]]:
    """The runtime of the project in ``folder``, which ``prepare_program`` made, and its options."""
    runtime = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))["runtime"]
    if isinstance(runtime, str):
        return runtime, {}
    return str(runtime.get("name", "")), dict(runtime.get("options") or {})


def must_install(folder: Path) -> bool:
    """Whether ``pulumi install`` has to run in ``folder`` before the program can.

    A Python project whose virtual environment isn't needed, because the runner has its requirements, loses that option.
    """
    runtime, options = runtime_of(folder)
    if runtime in _INSTALLED_BY_PULUMI:
        return True
    if runtime != "python" or not (options.get("virtualenv") or options.get("toolchain") not in (None, "pip")):
        return False
    if str(options.get("toolchain") or "") in _PIP and _satisfied(folder / "requirements.txt", folder):
        _without_virtualenv(folder / "Pulumi.yaml")
        return False
    return True


def _satisfied(requirements: Path, folder: Path) -> bool:
    """Whether this interpreter has every requirement of the file. What can't be judged counts as missing."""
    if not requirements.is_file():
        return True
    return all(_is_installed(line, folder) for line in _lines(requirements))


def _lines(requirements: Path) -> Iterator[str]:
    for line in requirements.read_text(encoding="utf-8", errors="replace").splitlines():
        stripped = line.partition(" #")[0].strip().removesuffix("\\").strip()
        if stripped and not stripped.startswith(("#", "--hash=")):
            yield stripped


def _is_installed(line: str, folder: Path) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        # A path outside the program, as the kit of this repository (`../../layers/stack_kit`), is the runner's to bring; any
        # other option, address or file of the program itself is for pip.
        return "://" not in line and not line.startswith("-") and not (folder / line).resolve().is_relative_to(folder)
    if requirement.url:
        return False
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    if canonicalize_name(requirement.name) == DISTRIBUTION:  # in Lambda it is a layer, of which pip knows nothing
        return requirement.specifier.contains(__version__, prereleases=True)
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _without_virtualenv(project: Path) -> None:
    settings = yaml.safe_load(project.read_text(encoding="utf-8"))
    options = {key: value for key, value in settings["runtime"]["options"].items() if key not in _ENVIRONMENT}
    settings["runtime"] = {"name": "python", "options": options} if options else "python"
    project.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
