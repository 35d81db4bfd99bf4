"""Where the files are that are not Python: state machines, stacks, templates. In a checkout, or inside the wheel."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder ``statemachine``, ``stacks`` or ``templates``. Raises FileNotFoundError for an incomplete installation."""
    for root in (_HERE / "bundle_data", _HERE.parent.parent):
        if (root / name).is_dir():
            return root / name
    raise FileNotFoundError(f"The installation lacks the folder {name}.")
