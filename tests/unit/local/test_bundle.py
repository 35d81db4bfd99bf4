from __future__ import annotations

import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from cloud_local import bundle


def copy_of_the_module(root: Path) -> ModuleType:
    """The module as it would lie in ``root/local/cloud_local``."""
    path = root / "local" / "cloud_local" / "bundle.py"
    path.parent.mkdir(parents=True)
    shutil.copy(bundle.__file__, path)
    spec = spec_from_file_location("bundle_copy", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_the_wheel_carries_comes_before_what_lies_around_it(tmp_path: Path) -> None:
    module = copy_of_the_module(tmp_path)
    packed, around = tmp_path / "local" / "cloud_local" / "bundle_data" / "stacks", tmp_path / "stacks"
    around.mkdir()
    assert module.folder("stacks") == around
    packed.mkdir(parents=True)
    assert module.folder("stacks") == packed


def test_an_incomplete_installation_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="lacks the folder templates"):
        copy_of_the_module(tmp_path).folder("templates")


@pytest.mark.parametrize("name", ["statemachine", "stacks", "templates"])
def test_the_checkout_has_them_all(name: str) -> None:
    assert any(bundle.folder(name).iterdir())
