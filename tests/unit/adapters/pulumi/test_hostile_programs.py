"""Programs that misbehave, and engines that die, on the stand-in engine and on the real one where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cloud.domain.errors import (
    AccessDenied,
    CloudError,
    ConfigurationError,
    EngineMissing,
    ProgramFailed,
    PulumiError,
    RunInterrupted,
)
from cloud.domain.events import NewEvent
from cloud.domain.operations import OperationKind
from cloud.ports.runner import RunResult, Secret
from tests.contract.runner_scenarios import (
    NO_REAL_ENGINE,
    PASSWORD,
    Log,
    RunnerUnderTest,
    automation_runner,
    never,
    real_engine_root,
    zipped,
)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The stand-in engine's root, and the environment in which it finds its fork server (which makes it fast)."""
    from cloud_local.pulumi import install
    from cloud_local.pulumi.fork_server_process import ForkServerProcess

    root = tmp_path_factory.mktemp("engine")
    install(root)
    with ForkServerProcess(root / "fork.socket") as server:
        yield str(root), server.environment()


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.real_pulumi)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> RunnerUnderTest:
    if request.param == "real":
        root = real_engine_root()
        if root is None:
            pytest.skip(NO_REAL_ENGINE)
        return automation_runner("real", root, {}, tmp_path)
    return automation_runner("stand-in", *request.getfixturevalue("stand_in"), tmp_path)


class AnsweringLog(Log):
    """Makes a file once it has heard from the run: by then Pulumi holds its lock, and the runner knows that it does."""

    def __init__(self, heard: Path) -> None:
        super().__init__()
        self.heard = heard

    def __call__(self, events: Sequence[NewEvent]) -> None:
        super().__call__(events)
        self.heard.touch()


WAIT_UNTIL_HEARD = """
print("ready", flush=True)
while not os.path.exists(os.path.join(os.environ["TMPDIR"], "..", "..", "..", "heard")):
    time.sleep(0.05)
"""


@pytest.fixture
def log(tmp_path: Path) -> AnsweringLog:
    return AnsweringLog(tmp_path / "heard")


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, engine: RunnerUnderTest) -> Iterator[None]:
    """After every run, whatever it was: no process that worked for it, and no folder of it."""
    yield
    assert list((tmp_path / "work").iterdir()) == []
    assert list(processes_that_mention(str(tmp_path / "work"))) == []


def processes_that_mention(folder: str) -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if folder.encode() in environment:
                yield f"{entry.name}: {command!r}"


def deploy(engine: RunnerUnderTest, log: AnsweringLog, code: str, **more: object) -> RunResult:
    return engine.runner.run(engine.request_for(zipped(code), **more), log, never)


def fails_with(engine: RunnerUnderTest, log: AnsweringLog, code: str, **more: object) -> CloudError:
    with pytest.raises(CloudError) as failed:
        deploy(engine, log, code, **more)
    assert "Traceback" not in failed.value.message
    return failed.value


def test_a_program_that_raises_keeps_its_traceback_in_the_log(engine: RunnerUnderTest, log: AnsweringLog) -> None:
    error = fails_with(engine, log, 'def make(): raise ValueError("the CIDR is wrong")\nmake()')

    assert type(error) is ProgramFailed
    assert error.message == "ValueError: the CIDR is wrong"
    [told] = [data for data in log.of("log.created") if data["level"] == "error"]
    assert 'File "__main__.py"' in told["message"]


def test_a_program_with_a_syntax_error_is_told_by_it(engine: RunnerUnderTest, log: AnsweringLog) -> None:
    error = fails_with(engine, log, "def (")
    assert type(error) is ProgramFailed
    assert error.message.startswith("SyntaxError: ")


def test_a_program_that_ends_its_process_with_an_error_is_told_by_the_exit_code(
    engine: RunnerUnderTest, log: AnsweringLog
) -> None:
    error = fails_with(engine, log, "os._exit(3)")
    assert (type(error), error.message) == (ProgramFailed, "The program ended with exit code 3.")


def test_a_program_that_ends_its_process_as_if_all_were_well_has_failed(
    engine: RunnerUnderTest, log: AnsweringLog
) -> None:
    error = fails_with(engine, log, 'Box("a")\nos._exit(0)')
    assert type(error) is ProgramFailed
    assert "before it had registered the stack's outputs" in error.message


def test_a_program_that_hangs_and_ignores_signals_is_ended_with_its_daemons(
    engine: RunnerUnderTest, log: AnsweringLog
) -> None:
    code = """
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen(["sleep", "600"], start_new_session=True)
print("hanging", flush=True)
while True:
    time.sleep(600)
"""
    with pytest.raises(RunInterrupted):
        engine.runner.run(engine.request_for(zipped(code), grace_seconds=3.0), log, log.heard.exists)


def test_a_program_that_stops_the_engine_itself_is_ended_and_the_stack_is_free_again(
    engine: RunnerUnderTest, log: AnsweringLog
) -> None:
    stop = f"open({str(log.heard)!r} + '.now', 'w').close()\nos.kill(os.getsid(0), signal.SIGSTOP)\ntime.sleep(600)"
    code = WAIT_UNTIL_HEARD + stop
    stopped = log.heard.with_name("heard.now")
    with pytest.raises(RunInterrupted):
        engine.runner.run(engine.request_for(zipped(code), grace_seconds=1.0), log, stopped.exists)

    assert deploy(engine, log, 'Box("a")').changes == {"create": 1}


def test_an_engine_that_is_killed_is_told_by_the_signal_and_the_stack_is_free_again(
    engine: RunnerUnderTest, log: AnsweringLog
) -> None:
    error = fails_with(engine, log, WAIT_UNTIL_HEARD + "os.kill(os.getsid(0), signal.SIGKILL)\ntime.sleep(600)")

    assert (type(error), error.message) == (PulumiError, "Pulumi was killed by signal 9.")
    assert deploy(engine, log, 'Box("a")').changes == {"create": 1}


def test_a_program_that_prints_a_secret_shows_nothing(engine: RunnerUnderTest, log: AnsweringLog) -> None:
    code = """
import json
password = config.require("password")
print("plain", password)
print("json", json.dumps({"p": password}), file=sys.stderr)
pulumi.log.warn("warned of " + password)
Box("box-" + password)
raise RuntimeError(password)
"""
    error = fails_with(engine, log, code)

    assert PASSWORD not in f"{log.events}{error}{error.to_dict()}"
    messages = "\n".join(data["message"] for data in log.of("log.created"))
    assert "plain [secret]" in messages
    assert "warned of [secret]" in messages


def test_a_secret_that_only_the_state_knows_is_hidden_too(engine: RunnerUnderTest, log: AnsweringLog) -> None:
    deploy(engine, log, 'pulumi.export("generated", pulumi.Output.secret("generated-token-1"))')
    deploy(engine, log, 'print("it is generated-token-1")\npulumi.export("generated", pulumi.Output.secret("x"))')

    assert "generated-token-1" not in str(log.events)
    assert "it is [secret]" in str(log.events)


def test_a_program_that_prints_megabytes_is_cut_short_and_finishes(engine: RunnerUnderTest, log: AnsweringLog) -> None:
    code = 'for number in range(3000):\n    print("x" * 200, number)\nprint("y" * 2_000_000)\nBox("a")'
    assert deploy(engine, log, code).changes == {"create": 1}

    messages = [data["message"] for data in log.of("log.created")]
    assert max(map(len, messages)) < 5_000
    assert len(messages) <= 1_001
    assert "more messages of this run were left out" in messages[-1]
    assert all(len(batch) <= 50 for batch in log.batches)


def test_a_child_that_keeps_the_output_open_does_not_outlive_the_run(
    engine: RunnerUnderTest, log: AnsweringLog
) -> None:
    code = 'subprocess.Popen(["sleep", "600"])\nsubprocess.Popen(["sleep", "600"], start_new_session=True)\nBox("a")'
    assert deploy(engine, log, code).changes == {"create": 1}


@pytest.mark.parametrize(
    "name", ["näme mit Leerzeichen", "a::b::c", "%s {0} $HOME `x`", "<script>", "名前/with/slashes"]
)
def test_a_resource_may_be_named_oddly(engine: RunnerUnderTest, log: AnsweringLog, name: str) -> None:
    deploy(engine, log, f"Box({name!r})")

    assert {data["name"] for data in log.of("stack.resource")} == {name}


def test_control_characters_in_names_and_output_do_not_reach_a_terminal(
    engine: RunnerUnderTest, log: AnsweringLog
) -> None:
    deploy(engine, log, 'Box("a\\x1b[31mb\\u202ec")\nprint("\\x1b]0;title\\x07shown\\x00")')

    assert {data["name"] for data in log.of("stack.resource")} == {"abc"}
    assert "shown" in [data["message"] for data in log.of("log.created")]


def test_what_aws_denies_in_a_program_is_access_denied(engine: RunnerUnderTest, log: AnsweringLog) -> None:
    message = "An error occurred (AccessDenied) when calling the CreateVpc operation: not authorized"
    assert type(fails_with(engine, log, f"raise RuntimeError({message!r})")) is AccessDenied


def test_a_missing_value_names_itself_and_where_to_set_it(engine: RunnerUnderTest, log: AnsweringLog) -> None:
    error = fails_with(engine, log, 'config.require("cidr")')
    assert error.message == "The program needs the configuration value ecommerce:cidr."


def test_configuration_arrives_as_it_was_given(engine: RunnerUnderTest, log: AnsweringLog) -> None:
    given = {
        "text": "0123",
        "number": 3,
        "yes": True,
        "list": [1, None, "a"],
        "map": {"deep": {"x": 1.5}},
        "ü\u2028": "ö\u0085",
    }
    secret = {"user": "app", "keys": ["-----BEGIN\nüber\n-----END\n"]}
    code = """
pulumi.export("given", config.require_object("given"))
pulumi.export("number", config.require_int("number"))
pulumi.export("secret", config.require_secret_object("secret"))
pulumi.export("pem", config.require_secret("pem"))
pulumi.export("region", pulumi.Config("aws").require("region"))
pulumi.export("absent", config.get("absent"))
"""
    config = {
        "ecommerce:given": given,
        "ecommerce:number": 3,
        "ecommerce:secret": Secret(secret),
        "ecommerce:pem": Secret("line 1\nline 2\n"),
        "ecommerce:absent": None,
        "aws:region": "eu-west-1",
    }
    outputs = dict(deploy(engine, log, code, config=config).outputs)

    assert outputs.pop("absent", None) is None
    assert outputs == {
        "given": given,
        "number": 3,
        "secret": Secret(secret),
        "pem": Secret("line 1\nline 2\n"),
        "region": "eu-west-1",
    }


def test_a_program_sees_neither_the_hosts_environment_nor_its_home(
    engine: RunnerUnderTest, log: AnsweringLog, tmp_path: Path
) -> None:
    code = 'pulumi.export("names", sorted(os.environ))\npulumi.export("home", os.path.expanduser("~"))'
    outputs = deploy(engine, log, code).outputs

    assert not {"PYTEST_CURRENT_TEST", "USER", "SHELL", "PYTHONPATH", "CLOUD_PULUMI_ROOT"} & set(outputs["names"])
    assert outputs["home"].startswith(str(tmp_path / "work"))


def test_a_stack_reference_is_reported(engine: RunnerUnderTest, log: AnsweringLog) -> None:
    deploy(engine, log, 'pulumi.export("vpcId", "vpc-1")', stack="network")
    name = "organization/ecommerce/D1BRV40-network-dev"
    code = f'pulumi.export("vpc", pulumi.StackReference({name!r}).get_output("vpcId"))'
    result = deploy(engine, log, code, stack="security")

    assert result.references == (name,)
    assert result.outputs == {"vpc": "vpc-1"}
    assert result.resource_count == 0


def test_a_shipped_stack_configuration_is_refused_before_pulumi_starts(
    engine: RunnerUnderTest, log: AnsweringLog
) -> None:
    program = zipped("", **{"Pulumi.dev.yaml": "config: {}"})
    with pytest.raises(ConfigurationError, match=r"Pulumi\.dev\.yaml"):
        engine.runner.run(engine.request_for(program), log, never)
    assert log.events == []


def test_a_runtime_that_the_engine_does_not_have_is_the_engines_lack(
    engine: RunnerUnderTest, log: AnsweringLog
) -> None:
    program = zipped("", runtime="cobol")
    with pytest.raises(EngineMissing, match="cobol"):
        engine.runner.run(engine.request_for(program), log, never)


@pytest.mark.parametrize("kind", [OperationKind.REFRESH, OperationKind.DRIFT])
def test_looking_at_a_stack_that_is_not_there_is_no_error_but_says_so(
    engine: RunnerUnderTest, log: AnsweringLog, kind: OperationKind
) -> None:
    result = engine.runner.run(engine.request_for(zipped(""), kind), log, never)
    assert "nothing to do" in result.warnings[0]
