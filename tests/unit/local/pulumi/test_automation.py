"""The emulated engine as the unmodified Automation API drives it: an executable, a fork server, real programs."""

from __future__ import annotations

import inspect
import json
import os
import select
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation

from cloud.adapters.pulumi.engine_settings import RUN_MARKER
from cloud_local.leftovers import end_runs
from cloud_local.pulumi import install
from cloud_local.pulumi.fork_server_process import ForkServerProcess

PASSPHRASE = "correct horse"

# A resource whose creation says that it has begun, and then waits to be told how to end.
SLOW = """
    import os, pulumi
    from pulumi.dynamic import CreateResult, Resource, ResourceProvider

    class Slow(ResourceProvider):
        def create(self, props):
            with open(os.environ["BEGUN"], "w") as begun:
                begun.write("x")
            with open(os.environ["GO"]) as go:
                go.read()
            return CreateResult("made", props)

    class Thing(Resource):
        def __init__(self, name, opts=None):
            super().__init__(Slow(), name, {}, opts)

    first = Thing("first")
    Thing("second", pulumi.ResourceOptions(depends_on=[first]))
"""
PETS = """
    import pulumi

    class Random(pulumi.CustomResource):
        result: pulumi.Output[str]
        def __init__(self, kind, name, **props):
            super().__init__(f"random:index/random{kind}:Random{kind}", name, {**props, "result": None})

    class Group(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("my:index:Group", name)
            self.register_outputs({"done": True})

    config = pulumi.Config()
    number = Random("Integer", "number", min=1, max=int(config.get("max") or 9))
    password = Random("Password", "password", length=20)
    Group("group")
    print("the token is", config.get("token"))
    pulumi.export("number", number.result)
    pulumi.export("password", password.result)
    pulumi.export("twice", number.result.apply(lambda n: n * 2))
"""


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    install(root)
    return root


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServerProcess]:
    # Socket paths are limited to some 100 characters; pytest's folders are nearly that long.

    with tempfile.TemporaryDirectory() as folder, ForkServerProcess(Path(folder) / "s") as running:
        yield running


class Site:
    """A project directory, a backend and a home, in which commands run."""

    def __init__(self, folder: Path, root: Path, server: ForkServerProcess) -> None:
        self.folder, self.root = folder, root
        self.state = folder / "state"
        self.state.mkdir()
        self.environment = {
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_HOME": str(folder / "home"),
            "BEGUN": str(folder / "begun"),
            "GO": str(folder / "go"),
            RUN_MARKER: "test",
            **server.environment(),
        }

    def project(self, program: str, name: str = "shop", **document: Any) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "Pulumi.yaml").write_text(json.dumps({"name": name, "runtime": "python", **document}))
        (folder / "__main__.py").write_text(inspect.cleandoc(program))
        return folder

    def stack(self, program: str, name: str = "shop", stack: str = "dev", **document: Any) -> automation.Stack:
        folder = self.project(program, name, **document)
        options = automation.LocalWorkspaceOptions(
            pulumi_command=automation.PulumiCommand(root=str(self.root)), env_vars=self.environment
        )
        return automation.create_or_select_stack(stack, work_dir=str(folder), opts=options)

    def start(self, folder: Path, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.root / "bin" / "pulumi"), *words],
            cwd=folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, *words: str) -> tuple[int, str, str]:
        process = self.start(folder, *words)
        out, err = process.communicate()
        return process.returncode, out, err

    def checkpoint(self, name: str = "shop", stack: str = "dev") -> dict[str, Any]:
        text = (self.state / ".pulumi" / "stacks" / name / f"{stack}.json").read_text()
        latest: dict[str, Any] = json.loads(text)["checkpoint"]["latest"]
        return latest


@pytest.fixture
def site(tmp_path: Path, root: Path, server: ForkServerProcess) -> Iterator[Site]:
    made = Site(tmp_path, root, server)
    yield made
    end_runs(made.environment["PULUMI_BACKEND_URL"])  # plugins outlive an engine that was killed


def test_up_makes_resources_outputs_events_and_history(site: Site) -> None:
    stack = site.stack(PETS)
    events: list[Any] = []
    result = stack.up(message="first", on_event=events.append)
    assert result.summary.resource_changes == {"create": 4}
    assert (result.summary.kind, result.summary.result, result.summary.message) == ("update", "succeeded", "first")
    assert result.outputs["twice"].value == 2 * result.outputs["number"].value
    assert result.outputs["password"].secret
    assert len(result.outputs["password"].value) == 20
    kinds = [event.resource_pre_event.metadata.type for event in events if event.resource_pre_event]
    assert "my:index:Group" in kinds
    assert [e.summary_event.resource_changes for e in events if e.summary_event] == [{"create": 4}]
    assert events[-1].cancel_event is not None
    assert [event.sequence for event in events] == list(range(len(events)))


def test_a_preview_plans_without_doing_and_knows_what_it_cannot_know(site: Site) -> None:
    stack = site.stack(PETS)
    preview = stack.preview()
    assert preview.change_summary == {"create": 4}
    assert "[unknown]" in preview.stdout
    assert "resources" not in site.checkpoint()
    stack.up()
    assert stack.preview().change_summary == {"same": 4}
    stack.set_config("max", automation.ConfigValue("99"))
    assert stack.preview().change_summary == {"same": 3, "replace": 1}


def test_refresh_and_destroy_end_with_nothing_left(site: Site) -> None:
    stack = site.stack(PETS)
    stack.up()
    assert stack.refresh().summary.resource_changes == {"same": 4}
    assert stack.preview_destroy().change_summary == {"delete": 4}
    assert stack.destroy().summary.resource_changes == {"delete": 4}
    assert "resources" not in site.checkpoint()
    stack.workspace.remove_stack("dev")
    assert stack.workspace.list_stacks() == []


def test_secrets_are_encrypted_at_rest_and_masked_wherever_they_are_shown(site: Site) -> None:
    stack = site.stack(PETS)
    stack.set_config("token", automation.ConfigValue("hunter2-hunter2", secret=True))
    events: list[Any] = []
    result = stack.up(on_event=events.append)
    password = result.outputs["password"].value
    files = "".join(
        f.read_text() for f in site.folder.rglob("*") if f.is_file() and f.suffix in {".json", ".yaml", ".bak"}
    )
    for secret in ("hunter2-hunter2", password):
        assert secret not in files
        assert secret not in result.stdout
        assert secret not in "".join(repr(event) for event in events)
    assert "the token is [secret]" in result.stdout
    assert stack.get_config("token").value == "hunter2-hunter2"
    exported = json.dumps(stack.export_stack().deployment)
    assert password in exported


def test_state_that_was_exported_can_be_imported_again(site: Site) -> None:
    stack = site.stack(PETS)
    before = stack.up().outputs
    exported = stack.export_stack()
    stack.destroy()
    stack.import_stack(exported)
    assert stack.preview().change_summary == {"same": 4}
    assert stack.outputs()["password"].value == before["password"].value


def test_a_program_that_raises_is_told_as_the_real_engine_tells_it(site: Site) -> None:
    stack = site.stack("def f():\n        raise ValueError('boom')\n    f()")
    with pytest.raises(automation.errors.RuntimeError) as caught:
        stack.up()
    text = str(caught.value)
    assert "error: Program failed with an unhandled exception:" in text
    assert "ValueError: boom" in text
    assert "program_runner" not in text
    assert stack.history(page_size=1)[0].result == "failed"


def test_a_program_that_leaves_by_os_exit_fails_the_update(site: Site) -> None:
    stack = site.stack("import os\n    print('so far', flush=True)\n    os._exit(3)")
    with pytest.raises(automation.CommandError, match="program exited with non-zero exit code: 3") as caught:
        stack.up()
    assert "so far" in str(caught.value)


def test_stacks_refer_to_each_others_outputs_and_secrets_stay_secret(site: Site) -> None:
    site.stack(
        "import pulumi\n    pulumi.export('a', {'b': 1})\n    pulumi.export('s', pulumi.Output.secret('quiet'))", "one"
    ).up()
    program = """
        import pulumi
        one = pulumi.StackReference("organization/one/dev")
        pulumi.export("b", one.require_output("a").apply(lambda a: a["b"]))
        pulumi.export("s", one.get_output("s"))
    """
    outputs = site.stack(program, "two").up().outputs
    assert outputs["b"].value == 1
    assert (outputs["s"].value, outputs["s"].secret) == ("quiet", True)


def test_a_reference_to_a_stack_that_does_not_exist_names_it(site: Site) -> None:
    stack = site.stack("import pulumi\n    pulumi.StackReference('organization/nowhere/dev')")
    with pytest.raises(automation.CommandError, match='unknown stack "organization/nowhere/dev"'):
        stack.up()


def test_an_inline_program_runs_in_the_callers_process(site: Site) -> None:
    import pulumi

    here = os.getpid()
    options = automation.LocalWorkspaceOptions(
        pulumi_command=automation.PulumiCommand(root=str(site.root)), env_vars=site.environment
    )
    stack = automation.create_stack(
        "dev", project_name="inline", program=lambda: pulumi.export("pid", os.getpid()), opts=options
    )
    assert stack.up().outputs["pid"].value == here


def test_the_automation_apis_typed_errors(site: Site) -> None:
    stack = site.stack(PETS)
    with pytest.raises(automation.StackNotFoundError):
        automation.Stack.select("nope", stack.workspace)
    with pytest.raises(automation.StackAlreadyExistsError):
        stack.workspace.create_stack("dev")
    lock = site.state / ".pulumi" / "locks" / "organization" / "shop" / "dev" / "other.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    holder = {"pid": 1, "username": "u", "hostname": "h", "timestamp": "2026-01-01T00:00:00Z"}
    lock.write_text(json.dumps(holder))
    with pytest.raises(automation.ConcurrentUpdateError, match=r"u@h \(pid 1\)"):
        stack.up()
    stack.cancel()
    assert not lock.exists()
    assert stack.up().summary.result == "succeeded"


def test_unknown_commands_and_flags_are_errors(site: Site) -> None:
    folder = site.project(PETS)
    for words in (["frobnicate"], ["up", "--frobnicate"], ["stack", "output", "a", "b"]):
        code, _, err = site.run(folder, *words)
        assert code == 1
        assert err.startswith("error: ")


def test_it_says_that_it_is_emulated(site: Site) -> None:
    folder = site.project(PETS)
    assert "emulated engine" in site.run(folder, "about")[1]
    assert site.run(folder, "version")[1].strip().endswith("+emulated")


def _until_begun(site: Site) -> None:
    with (site.folder / "begun").open() as stream:
        stream.read()


def _slow(site: Site) -> tuple[automation.Stack, subprocess.Popen[str]]:
    for name in ("begun", "go"):
        os.mkfifo(site.folder / name)
    stack = site.stack(SLOW)
    process = site.start(site.folder / "shop", "up", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive")
    _until_begun(site)
    return stack, process


def test_a_kill_in_the_middle_of_a_creation_leaves_a_pending_operation_and_the_lock(site: Site) -> None:
    stack, process = _slow(site)
    process.kill()
    process.communicate()
    (operation,) = site.checkpoint()["pending_operations"]
    assert operation["type"] == "creating"
    assert operation["resource"]["urn"].endswith("::first")
    with pytest.raises(automation.ConcurrentUpdateError):
        stack.refresh()
    stack.cancel()
    stack.refresh()
    assert len(site.checkpoint()["pending_operations"]) == 1
    stack.refresh(clear_pending_creates=True)
    assert "pending_operations" not in site.checkpoint()


def test_a_key_is_derived_once_for_all_stacks_of_a_server(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    with tempfile.TemporaryDirectory() as folder, ForkServerProcess(Path(folder) / "s", passphrase_file=file) as server:
        site.environment |= server.environment()
        folder_of_project = site.project(PETS)
        salts = set()
        for name in ("one", "two"):
            assert site.run(folder_of_project, "stack", "init", name)[0] == 0
            settings = (folder_of_project / f"Pulumi.{name}.yaml").read_text()
            salts.add(settings.partition("encryptionsalt: ")[2].split(":")[1])
    assert len(salts) == 1


def test_a_killed_server_fails_nothing_and_is_started_again(site: Site) -> None:
    restarted = threading.Event()
    with (
        tempfile.TemporaryDirectory() as folder,
        ForkServerProcess(Path(folder) / "s", on_restart=restarted.set) as server,
    ):
        site.environment |= server.environment()
        _, process = _slow(site)
        first = server.pid
        os.kill(first, signal.SIGKILL)
        restarted.wait()
        (site.folder / "go").write_text("the first")
        _until_begun(site)
        (site.folder / "go").write_text("the second")
        _, told = process.communicate()
        assert (process.returncode, told) == (0, "")
        assert len(site.checkpoint()["resources"]) == 4, "the stack, its provider and two things"
        assert server.pid != first
        assert site.run(site.folder / "shop", "stack", "ls")[0] == 0


def test_an_engine_killed_with_its_server_is_a_killed_cli(site: Site) -> None:
    with tempfile.TemporaryDirectory() as folder, ForkServerProcess(Path(folder) / "s") as server:
        site.environment |= server.environment()
        _, process = _slow(site)
        (engine,) = (
            int(entry.name)
            for entry in Path("/proc").glob("[0-9]*")
            if _parent_of(entry) == server.pid and os.getpgid(int(entry.name)) == int(entry.name)
        )
        os.kill(server.pid, signal.SIGKILL)
        os.killpg(engine, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        (operation,) = site.checkpoint()["pending_operations"]
        assert operation["type"] == "creating"


def _parent_of(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_an_interrupt_lets_the_running_operation_end_and_begins_no_other(site: Site) -> None:
    stack, process = _slow(site)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    for line in process.stdout:
        if "^C received; cancelling" in line:
            break
    (site.folder / "go").write_text("x")
    out, _ = process.communicate()
    assert process.returncode == 1
    assert "update canceled" in out
    names = [resource["urn"].rpartition("::")[2] for resource in site.checkpoint()["resources"]]
    assert "first" in names
    assert "second" not in names
    assert "pending_operations" not in site.checkpoint()
    assert stack.history(page_size=1)[0].result == "failed"


def test_a_second_interrupt_ends_it_at_once(site: Site) -> None:
    _, process = _slow(site)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    for line in process.stdout:
        if "^C received; cancelling" in line:
            process.send_signal(signal.SIGINT)
            break
    process.communicate()
    assert process.returncode != 0
    assert site.checkpoint()["pending_operations"][0]["type"] == "creating"


def test_a_program_that_hangs_is_ended_by_an_interrupt(site: Site) -> None:
    os.mkfifo(site.folder / "begun")
    folder = site.project(
        "import os, threading\n    open(os.environ['BEGUN'], 'w').close()\n    threading.Event().wait()"
    )
    site.run(folder, "stack", "init", "dev")
    process = site.start(folder, "up", "--yes", "--skip-preview")
    _until_begun(site)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 1


def test_without_a_fork_server_the_launcher_runs_the_engine_itself(site: Site) -> None:
    site.environment["CLOUD_LOCAL_PULUMI_SERVER"] = str(site.folder / "nobody")
    assert site.stack(PETS).up().summary.resource_changes == {"create": 4}


def test_a_program_in_a_subfolder_with_its_own_file_runs_there(site: Site) -> None:
    folder = site.project("", main="src/entry.py")
    (folder / "src").mkdir()
    (folder / "src" / "entry.py").write_text("import os, pulumi\npulumi.export('cwd', os.getcwd())\n")
    stack = site.stack("", main="src/entry.py")
    assert stack.up().outputs["cwd"].value == str(folder / "src")


def test_a_killed_launcher_takes_engine_and_program_with_it(site: Site) -> None:
    os.mkfifo(site.folder / "begun")
    program = """
        import os, threading
        with open(os.environ["BEGUN"], "w") as begun:
            begun.write(f"{os.getpid()} {os.getppid()}")
        threading.Event().wait()
    """
    folder = site.project(program)
    site.run(folder, "stack", "init", "dev")
    process = site.start(folder, "up", "--yes", "--skip-preview")
    with (site.folder / "begun").open() as stream:
        pids = [int(word) for word in stream.read().split()]
    ends = [os.pidfd_open(pid) for pid in pids]
    process.kill()
    process.communicate()
    for end in ends:
        # A process's descriptor becomes readable when it has ended, also as a zombie; the limit is for a failing test.
        assert select.select([end], [], [], 30)[0]
        os.close(end)


def test_an_engine_whose_launcher_was_killed_writes_nothing_more_though_it_hears_of_it_late(
    site: Site, server: ForkServerProcess
) -> None:
    _, process = _slow(site)
    # The server sleeps, so nobody kills the engine; its provider ends the creation, which would now be recorded.
    os.kill(server.pid, signal.SIGSTOP)
    try:
        engine = int(Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()[0])
        end = os.pidfd_open(engine)
        process.kill()
        (site.folder / "go").write_text("x")
        assert select.select([end], [], [], 30)[0]
        os.close(end)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    process.communicate()
    assert site.checkpoint()["pending_operations"][0]["type"] == "creating"
