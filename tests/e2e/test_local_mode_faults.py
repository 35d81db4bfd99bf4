"""The end of local mode in the middle of an operation: no program, no engine and no plugin goes on without it."""

from __future__ import annotations

import io
import os
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.client.contexts import LOCAL, load_context
from cloud.client.rest import CloudClient
from cloud_local import lifecycle
from tests.e2e.local_instances import eventually, nothing_left, processes_of

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")

PROGRAM = """
import os, pathlib, time
pathlib.Path({marker!r}).write_text(str(os.getpid()))
time.sleep(600)
"""
MANIFEST = """
version: 1
deployment: {{id: {id}, org: acme, project: web}}
environments: {{dev: {{enabled: true, account: "123456789012", region: us-east-1}}}}
stacks: {{one: {{source: stacks/one}}}}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "home"
    monkeypatch.setenv("CLOUD_HOME", str(path))
    yield path
    lifecycle.stop()
    assert eventually(lambda: not processes_of(path)), processes_of(path)


def run_a_program_that_hangs(marker: Path) -> int:
    """Deploy it, and wait until it runs; gives its process."""
    with CloudClient(load_context(LOCAL)) as cloud:
        deployment = cloud.init(org="acme", project="web")["id"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as program:
            program.writestr("Pulumi.yaml", "name: one\nruntime: python\n")
            program.writestr("__main__.py", PROGRAM.format(marker=str(marker)))
        digest = cloud.upload_program(deployment, archive.getvalue())
        cloud.put_manifest(deployment, manifest=MANIFEST.format(id=deployment), configs={}, programs={"one": digest})
        cloud.deploy(deployment, {"environment": "dev"})
    assert eventually(lambda: marker.exists() and marker.read_text() != "", 60), (
        Path(os.environ["CLOUD_HOME"]) / "local" / "log"
    ).read_text()
    return int(marker.read_text())


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("is_killed", [False, True], ids=["stopped", "killed"])
def test_a_program_ends_with_the_instance_that_runs_it(home: Path, tmp_path: Path, is_killed: bool) -> None:
    started = lifecycle.start(["--stand-in"])
    program = run_a_program_that_hangs(tmp_path / "marker")

    with nothing_left(home):
        if is_killed:
            os.kill(started.pid, signal.SIGKILL)
            lifecycle._started.pop(started.pid).wait()
        else:
            assert lifecycle.stop()
        assert eventually(lambda: is_gone(program))
    assert not lifecycle.status().running
