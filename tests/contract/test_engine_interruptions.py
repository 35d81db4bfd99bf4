"""What the engine itself does with an interrupted creation, the stand-in and the real one: the runner is built on it."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.runner_scenarios import NO_REAL_ENGINE, real_engine_root

# A creation that says that it has begun, with the id of the plugin's process, and then never ends.
PROGRAM = """
import os, time
import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, ResourceProvider

class Slow(ResourceProvider):
    def create(self, props):
        with open(os.environ["BEGUN"], "a") as begun:
            begun.write(f"{os.getpid()}\\n")
        if os.environ["HANGS"]:
            time.sleep(600)
        return CreateResult("thing-1", props)

    def read(self, id_, props):
        return ReadResult(id_, props)

class Thing(Resource):
    def __init__(self, name):
        super().__init__(Slow(), name, {"size": 1})

Thing("thing")
"""
URN = "urn:pulumi:dev::shop::pulumi-python:dynamic:Resource::thing"
WARNING = "Attempting to deploy or update resources with 1 pending operations from previous deployment."


@dataclass
class Site:
    """A project in a folder of its own, whose ``begun`` gets the plugin's id at each creation."""

    folder: Path
    pulumi: str
    environment: dict[str, str]

    def run(self, *words: str) -> tuple[int, str, str]:
        """(exit code, standard output, standard error) of a command that doesn't hang."""
        done = subprocess.run(
            [self.pulumi, "--non-interactive", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout, done.stderr

    def kill_in_creation(self) -> int:
        """Begin an `up`, kill the CLI while the provider creates; the id of the plugin's process."""
        os.mkfifo(self.folder / "begun")
        process = subprocess.Popen(
            [self.pulumi, "--non-interactive", "up", "--yes", "--skip-preview"],
            cwd=self.folder,
            env={**self.environment, "HANGS": "yes"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with (self.folder / "begun").open() as begun:
            plugin = int(begun.readline())
        (self.folder / "begun").unlink()
        process.kill()
        process.wait()
        return plugin

    def creations(self) -> int:
        begun = self.folder / "begun"
        return len(begun.read_text().splitlines()) if begun.exists() else 0

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.run("stack", "export")[1])["deployment"]
        return state

    def pending(self) -> list[tuple[str, str, str]]:
        """(operation, URN, id) of each pending operation."""
        found = self.state.get("pending_operations") or ()
        return [(each["type"], each["resource"]["urn"], each["resource"].get("id", "")) for each in found]

    def locks(self) -> list[Path]:
        return [path for path in (self.folder / "state" / ".pulumi" / "locks").rglob("*.json") if path.is_file()]


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    from cloud_local.pulumi import install
    from cloud_local.pulumi.fork_server_process import ForkServerProcess

    root = tmp_path_factory.mktemp("engine")
    install(root)
    with ForkServerProcess(root / "fork.socket") as server:
        yield str(root), server.environment()


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.real_pulumi)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """With a stack whose only creation was interrupted by a kill; everything of that run is ended."""
    if request.param == "real":
        root, more = real_engine_root() or "", {}
        if not root:
            pytest.skip(NO_REAL_ENGINE)
    else:
        root, more = request.getfixturevalue("stand_in")
    (tmp_path / "state").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([f"{root}/bin", str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase of this test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "BEGUN": str(tmp_path / "begun"),
        "HANGS": "",
        **more,
    }
    site = Site(tmp_path, f"{root}/bin/pulumi", environment)
    assert site.run("stack", "init", "dev")[0] == 0
    plugin = site.kill_in_creation()

    # The plugin outlived the CLI, still at its creation, in a process group of its own: whoever killed the CLI has to end it.
    end = os.pidfd_open(plugin)
    assert not select.select([end], [], [], 0)[0]
    assert os.getpgid(plugin) != os.getpgrp()
    os.kill(plugin, signal.SIGKILL)
    assert select.select([end], [], [], 30)[0]
    os.close(end)
    return site


def test_a_kill_leaves_the_creation_pending_and_the_lock_which_a_cancel_removes_and_nothing_else(site: Site) -> None:
    assert site.pending() == [("creating", URN, "")]
    assert len(site.locks()) == 1

    code, _, said = site.run("refresh", "--yes", "--skip-preview")
    assert code == 1
    assert "error: the stack is currently locked by 1 lock(s)." in said
    before = site.state

    assert site.run("cancel", "--yes")[0] == 0
    assert site.locks() == []
    assert site.state == before


def test_a_refresh_keeps_a_pending_creation_and_the_next_up_warns_and_creates_again(site: Site) -> None:
    site.run("cancel", "--yes")

    code, shown, _ = site.run("refresh", "--yes", "--skip-preview")
    assert code == 0
    assert WARNING not in shown
    assert site.pending() == [("creating", URN, "")]

    code, shown, _ = site.run("up", "--yes", "--skip-preview")
    assert code == 0
    assert WARNING in shown
    assert f"* {URN}, interrupted while creating" in shown
    assert site.creations() == 1
    assert site.pending() == [("creating", URN, "")]

    code, shown, _ = site.run("up", "--yes", "--skip-preview", "--refresh")
    assert code == 0
    assert WARNING not in shown


def test_an_imported_creation_is_only_marked_and_a_refresh_forgets_it(site: Site) -> None:
    site.run("cancel", "--yes")
    named = ["--import-pending-creates", URN, "--import-pending-creates", "thing-1"]

    assert site.run("refresh", "--preview-only", *named)[0] == 0
    assert site.pending() == [("importing", URN, "thing-1")]

    assert site.run("refresh", "--yes", "--skip-preview")[0] == 0
    assert site.pending() == []
    assert URN not in {each["urn"] for each in site.state["resources"]}


def test_the_flags_for_pending_creations_in_all_their_combinations(site: Site) -> None:
    site.run("cancel", "--yes")
    refresh = ["refresh", "--preview-only"]

    code, _, said = site.run(*refresh, "--skip-pending-creates", "--clear-pending-creates")
    assert (code, said) == (1, "error: cannot set both --skip-pending-creates and --clear-pending-creates\n")
    code, _, said = site.run(*refresh, "--import-pending-creates", URN)
    assert (code, said) == (1, "error: each URN must be followed by an ID: found an odd number of entries\n")
    code, _, said = site.run(*refresh, "--import-pending-creates", "a,b", "--import-pending-creates", "c")
    assert code == 0
    assert said == 'warning: the following urns did not correspond to a pending create\n- ""\n- "a,b"\n'
    assert site.pending() == [("creating", URN, "")]

    assert site.run(*refresh, "--clear-pending-creates")[0] == 0
    assert site.pending() == []


def test_an_imported_state_loses_what_is_pending(site: Site) -> None:
    site.run("cancel", "--yes")
    file = site.folder / "exported.json"
    file.write_text(site.run("stack", "export")[1])

    code, _, said = site.run("stack", "import", "--file", str(file))
    assert code == 0
    assert f"warning: removing pending operation 'creating' on '{URN}' from snapshot" in said
    assert site.pending() == []

    file.write_text(re.sub("urn:pulumi:dev::", "urn:pulumi:prod::", file.read_text()))
    code, _, said = site.run("stack", "import", "--file", str(file))
    assert code == 1
    assert "is from a different stack (prod != dev)" in said
    assert "importing this file could be dangerous; rerun with --force to proceed anyway" in said
