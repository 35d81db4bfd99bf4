"""Standard output of commands."""

from __future__ import annotations

import json
import sys
from typing import Any


def print_line(text: str = "") -> None:
    """One line."""
    sys.stdout.write(f"{text}\n")


def print_json(value: Any) -> None:
    """A document, indented as the CLI does."""
    print_line(json.dumps(value, indent=2, ensure_ascii=False))
