"""What package managers of programs get to see: where packages come from on this machine, and caches that outlive a run.

A run has a home of its own, empty at its start; without these every run would fetch everything again, and from the public
registries whatever the user has configured.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_CACHES: Mapping[str, str] = {
    "NPM_CONFIG_CACHE": "npm",
    "GOMODCACHE": "go/modules",
    "GOCACHE": "go/builds",
    "PIP_CACHE_DIR": "pip",
    "UV_CACHE_DIR": "uv",
}
_PREFIXES = ("npm_config_", "pip_", "uv_")
_GO = frozenset(
    {"GOPROXY", "GOPRIVATE", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOFLAGS", "GOTOOLCHAIN", "GOAUTH", "GOINSECURE"}
)
_FILES: Mapping[str, tuple[str, ...]] = {
    "NPM_CONFIG_USERCONFIG": (".npmrc",),
    "PIP_CONFIG_FILE": (".config/pip/pip.conf", ".pip/pip.conf"),
}
"""The user's own settings files, which the tools would look for in the run's home."""


def toolchain_environment(host: Mapping[str, str], caches: Path) -> dict[str, str]:
    """Variables for the processes of runs. ``host`` is the machine's environment; what is fetched is kept in ``caches``."""
    given = {
        name: value for name, value in host.items() if value and (name in _GO or name.lower().startswith(_PREFIXES))
    }
    spelled = {name.upper() for name in given}
    found: dict[str, str] = {}
    for name, folder in _CACHES.items():
        if name not in spelled:
            found[name] = str(caches / folder)
    for name, candidates in _FILES.items():
        for candidate in candidates:
            path = Path(host.get("HOME", "/nonexistent")) / candidate
            if name not in spelled and name not in found and path.is_file():
                found[name] = str(path)
    return {**found, **given}
