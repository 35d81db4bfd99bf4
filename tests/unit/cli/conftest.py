from pathlib import Path

import pytest

from tests.unit.cli.command_line import CommandLine


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("CLOUD_HOME", str(tmp_path / "home"))
    for variable in ("CLOUD_CONTEXT", "CLOUD_ENV", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERMINAL_WIDTH", "100")
    return CommandLine(root, capsys)
