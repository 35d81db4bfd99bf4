"""The command line as a whole: exit codes, what goes where, and reports instead of tracebacks."""

import json
import subprocess
import sys

import pytest

from cloud import __version__
from cloud.domain.errors import CloudError, Problem, error_classes
from cloud_cli.reporting import report
from cloud_cli.session import GlobalOptions
from tests.unit.cli.command_line import MANIFEST, CommandLine


@pytest.mark.parametrize("arguments", [["version"], ["--version"], ["version", "-q"], ["--no-color", "version"]])
def test_the_version_is_shown(cloud: CommandLine, arguments: list[str]) -> None:
    ran = cloud(*arguments)
    assert (ran.code, ran.out, ran.err) == (0, f"cloud {__version__}\n", "")


@pytest.mark.parametrize("arguments", [["version", "--json"], ["--json", "version"], ["--json", "--version"]])
def test_global_options_stand_before_or_after_the_command(cloud: CommandLine, arguments: list[str]) -> None:
    assert cloud(*arguments).json() == {"version": __version__}


def test_without_a_command_the_help_is_shown(cloud: CommandLine) -> None:
    ran = cloud()
    assert ran.code == 0
    assert "deploy" in ran.out
    assert "reset" in cloud("local").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["deply"], "Did you mean 'deploy'?"),
        (["status", "--bogus"], "No such option: --bogus"),
        (["deploy", "--parallel", "0"], "--parallel"),
        (["deploy", "--on-failure", "shrug"], "--on-failure"),
        (["stack-outputs"], "Missing argument 'stack'"),
        (["init", "--account", "dev"], "ENV=ID"),
        (["logs", "--level", "loud"], "debug, info, warning, error"),
        (["logs", "--since", "yesterday"], "10m"),
        (["demo", "--context", "aws"], "--context"),
    ],
)
def test_a_wrong_command_line_is_exit_2_and_says_what_is_wrong(
    cloud: CommandLine, arguments: list[str], told: str
) -> None:
    cloud.add_project()
    ran = cloud(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_a_wrong_command_line_is_json_too_when_asked(cloud: CommandLine) -> None:
    ran = cloud("status", "--bogus", "--json")
    assert ran.code == 2
    assert ran.json()["code"] == "usage"


@pytest.mark.parametrize(
    "command", ["health", "status", "list", "outputs", "logs", "watch", "cancel", "approve", "reject"]
)
def test_without_a_control_plane_the_report_says_how_to_start_one(cloud: CommandLine, command: str) -> None:
    cloud.add_project()
    ran = cloud(command)
    assert ran.code == 1
    assert ran.out == ""
    assert "cloud local start" in ran.err


def test_an_unknown_context_is_told(cloud: CommandLine) -> None:
    ran = cloud("health", "--context", "mars", "--json")
    assert ran.code == 3
    assert "mars" in ran.json()["message"]


def test_a_deploy_without_a_control_plane_sends_nothing_and_writes_nothing(cloud: CommandLine) -> None:
    cloud.add_project()
    before = cloud.files()
    ran = cloud("deploy", "--yes")
    assert ran.code == 1
    assert cloud.files() == before


def test_nobody_is_asked_without_a_terminal(cloud: CommandLine) -> None:
    ran = cloud("local", "reset")
    assert ran.code == 2
    assert "cloud local reset --yes" in ran.err


def test_local_mode_that_does_not_run_is_told_and_is_no_error(cloud: CommandLine) -> None:
    assert cloud("local", "status").out == "Local mode is not running.\n"
    assert cloud("local", "status", "--json").json()["running"] is False
    assert cloud("local", "stop").out == "Local mode was not running.\n"
    assert cloud("local", "reset", "--yes").code == 0


def test_a_pulumi_that_is_not_there_is_refused_before_anything_starts(cloud: CommandLine) -> None:
    ran = cloud("local", "start", "--pulumi-root", "/nowhere", "--json")
    assert ran.code == 1
    assert ran.json()["code"] == "engine-missing"


@pytest.mark.parametrize("cls", list(error_classes()), ids=lambda cls: cls.__name__)
def test_every_error_of_the_tree_has_its_exit_code_and_its_json(
    cls: type[CloudError], capsys: pytest.CaptureFixture[str]
) -> None:
    error = cls("what is wrong", hint="what to do", problems=[Problem("bad", "stacks.x", "m.yaml", 3, 5)])
    assert report(error, GlobalOptions(no_color=True), as_json=True) == cls.exit_code
    out, err = capsys.readouterr()
    assert json.loads(out) == error.to_dict()
    assert err == "Error: what is wrong\n  m.yaml:3:5: stacks.x: bad\nwhat to do\n"


def test_a_defect_is_reported_without_a_traceback_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        try:
            raise RuntimeError("boom \x1b[2J")
        except RuntimeError as error:
            return report(error, GlobalOptions(debug=False), as_json=False)

    assert fail() == 1
    assert "Traceback" not in capsys.readouterr().err
    try:
        raise RuntimeError("boom \x1b[2J")
    except RuntimeError as error:
        report(error, GlobalOptions(debug=True), as_json=False)
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "\x1b[2J" not in err


def test_a_file_that_cannot_be_read_is_named_and_is_no_defect(cloud: CommandLine) -> None:
    ran = cloud("init", "/dev/null/x", "--org", "acme", "--project", "shop")
    assert ran.code == 1
    assert "/dev/null" in ran.err
    assert "defect" not in ran.err


def test_problems_beyond_fifty_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem(f"problem {number}") for number in range(60)]
    report(CloudError("many", problems=problems), GlobalOptions(), as_json=False)
    assert "  and 10 more\n" in capsys.readouterr().err


def test_the_environment_comes_from_the_variable_too(cloud: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.add_project(MANIFEST.replace("enabled: false", "enabled: true"))
    assert cloud("plan").code == 2
    monkeypatch.setenv("CLOUD_ENV", "prod")
    assert cloud("plan", "--json").json()["environment"] == "prod"
    assert cloud("plan", "--json", "-e", "dev").json()["environment"] == "dev"


def test_the_start_imports_nothing_heavy() -> None:
    program = "import sys, cloud_cli.app; cloud_cli.app.build_app(); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"pulumi", "moto", "boto3", "pydantic", "httpx", "yaml", "websockets", "rich.live"}
    assert heavy.isdisjoint(ran.stdout.split())
