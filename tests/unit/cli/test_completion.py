"""Completion never fails, whatever lies around."""

import pytest

from cloud_cli import completion
from cloud_cli.main import main
from tests.unit.cli.command_line import CommandLine


def test_ids_stacks_environments_and_templates_are_completed(cloud: CommandLine) -> None:
    cloud.add_project()
    assert completion.deployments("D1") == ["D123456"]
    assert completion.stacks("se") == ["security"]
    assert completion.environments("") == ["dev", "prod"]
    assert "minimal" in completion.templates("mini")


def test_nothing_is_completed_where_nothing_is(cloud: CommandLine) -> None:
    assert completion.deployments("") == []
    assert completion.stacks("") == []


def test_a_broken_manifest_completes_nothing(cloud: CommandLine) -> None:
    cloud.add_project("stacks: [")
    assert completion.stacks("") == []


def test_an_unreadable_manifest_completes_nothing(cloud: CommandLine) -> None:
    manifest = cloud.add_project()
    manifest.write_bytes(b"\xff\xfe")
    assert completion.environments("") == []


def test_the_shell_gets_its_completions(
    cloud: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.add_project()
    monkeypatch.setenv("_CLOUD_COMPLETE", "complete_bash")
    for words, completed in (
        ("cloud status D1", "D123456"),
        ("cloud deploy --stack n", "network"),
        ("cloud stat", "status"),
    ):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        with pytest.raises(SystemExit) as ended:
            main([])
        assert ended.value.code == 0
        assert capsys.readouterr().out.split() == [completed]
