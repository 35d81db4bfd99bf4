"""The layer and the functions as AWS would unpack them: our own source, what requirements/runtime.txt locks, no more."""

from __future__ import annotations

import re
import shutil
import site
from importlib import metadata
from pathlib import Path

from cloud_local import bundle

ROOT = bundle.folder("statemachine").parent
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def locked_distributions() -> list[str]:
    """The names in requirements/runtime.txt."""
    return _PINNED.findall((ROOT / "requirements" / "runtime.txt").read_text())


def unpack(folder: Path) -> tuple[Path, Path]:
    """Write ``layer/python`` and ``function`` below ``folder``; gives both.

    The dependencies are links to what is installed here, so that the layer holds the locked names and nothing else.
    """
    layer, function = folder / "layer" / "python", folder / "function"
    layer.mkdir(parents=True)
    for name in locked_distributions():
        for entry in _top_levels(name):
            target = layer / entry.name
            if not target.exists():
                target.symlink_to(entry, target_is_directory=entry.is_dir())
    shutil.copytree(ROOT / "layers" / "shared" / "python" / "cloud", layer / "cloud", ignore=_caches)
    shutil.copytree(ROOT / "functions", function / "functions", ignore=_caches)
    return layer, function


def _top_levels(name: str) -> list[Path]:
    try:
        files = metadata.files(name) or []
    except metadata.PackageNotFoundError:
        return []  # locked for another Python or system
    base = Path(site.getsitepackages()[0])
    tops = {file.parts[0] for file in files if not file.parts[0].startswith("..") and file.parts[0] != "__pycache__"}
    return [base / top for top in sorted(tops) if (base / top).exists()]


_caches = shutil.ignore_patterns("__pycache__")
