"""What programs are run with in local mode, as one text for fingerprints: whatever is named in it makes stacks run again.

In AWS the digest of the runner's image says all of this at once (``CLOUD_ENGINE``).
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
from importlib import metadata, util
from pathlib import Path

from cloud import __version__
from cloud.settings import host_environment
from cloud_local.pulumi.version import engine_version

_SDKS = ("pulumi", "pulumi_aws")
_KIT = "cloud_stack"
_PROVIDER = "cloud_local.provider"
_STAND_IN = "cloud_local.pulumi"
_VERSION_SECONDS = 20.0

SCRIPTED = f"scripted {__version__}"
"""Where no Pulumi runs at all."""


def identity(installed: Path | None) -> str:
    """Engine, SDKs, plugin, kit and runtime; ``installed`` is the Pulumi to run, None the stand-in.

    Empty, which makes every stack run, when the installed Pulumi does not say which version it is: running it will tell why.
    """
    engine = _stand_in() if installed is None else _version(installed)
    if not engine:
        return ""
    sdks = [f"{name} {metadata.version(name)}" for name in _SDKS]
    ours = [f"{name} {__version__} {source_digest(name)}" for name in (_PROVIDER, _KIT)]
    return ", ".join([f"engine {engine}", *sdks, *ours, f"python {platform.python_version()}"])


def source_digest(package: str) -> str:
    """Of the package's own Python files, by name and content: a checkout changes without a new version.

    Raises ModuleNotFoundError.
    """
    spec = util.find_spec(package)
    if spec is None or not spec.origin:
        raise ModuleNotFoundError(f"There is no package {package}.", name=package)
    root = Path(spec.origin).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _stand_in() -> str:
    return f"{engine_version()} {source_digest(_STAND_IN)}"


def _version(executable: Path) -> str:
    environment = {**host_environment(), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            [str(executable), "version"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            text=True,
            timeout=_VERSION_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
