"""Handlers start cold: what they import of the domain brings neither pydantic nor YAML."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["identifiers", "manifest", "manifest_graph", "configuration", "placeholders", "placeholders_resolution"]
)
def test_what_task_handlers_need_imports_neither_pydantic_nor_yaml(module: str) -> None:
    code = f"import sys, cloud.domain.{module}; print(sorted({{'pydantic', 'yaml', 'difflib'}} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
