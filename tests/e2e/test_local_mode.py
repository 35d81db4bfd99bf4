"""``cloud local`` through real processes: it starts, serves, is found again, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.client.contexts import LOCAL, context_file, load_context
from cloud.client.rest import CloudClient
from cloud.domain.errors import InternalError, LockHeld
from cloud_local import lifecycle
from tests.e2e.local_instances import eventually, nothing_left, processes_of

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc")

START = "import sys; from cloud_local import lifecycle; print(lifecycle.start(['--scripted']).pid)"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "home"
    monkeypatch.setenv("CLOUD_HOME", str(path))
    yield path
    lifecycle.stop()
    assert eventually(lambda: not processes_of(path)), processes_of(path)


def client() -> CloudClient:
    return CloudClient(load_context(LOCAL))


def test_it_starts_serves_is_found_again_and_stops(home: Path) -> None:
    with nothing_left(home):
        started = lifecycle.start(["--stand-in"])
        assert started == lifecycle.status()
        assert started.running
        assert stat.S_IMODE(context_file(LOCAL).stat().st_mode) == 0o600
        with client() as cloud:
            assert cloud.health()["status"] == "ok"
            assert cloud.init(org="acme", project="web")["id"].startswith("D")
        with pytest.raises(LockHeld):
            lifecycle.start([])
        assert lifecycle.status() == started
        assert len(processes_of(home)) == 2  # the server and the stand-in's fork server
        assert lifecycle.stop()
        assert not context_file(LOCAL).exists()
        assert lifecycle.status().running is False
        assert lifecycle.stop() is False

    log = Path(started.log).read_text()
    assert log == f"ready: {started.url}\n"


def test_a_killed_instance_leaves_no_process_and_the_next_start_works_and_is_empty(home: Path) -> None:
    first = lifecycle.start(["--stand-in"])
    with client() as cloud:
        cloud.init(org="acme", project="web")
    (home / "local" / "work").mkdir(exist_ok=True)
    (home / "local" / "work" / "left").touch()
    (home / "local" / "state" / "left").touch()
    with nothing_left(home):
        os.kill(first.pid, signal.SIGKILL)
        lifecycle._started.pop(first.pid).wait()

    assert lifecycle.status().running is False
    assert context_file(LOCAL).exists()  # stale: nobody was there to remove it
    second = lifecycle.start(["--scripted", "--port", first.url.rsplit(":", 1)[1]])
    assert (second.pid != first.pid, second.url) == (True, first.url)
    assert load_context(LOCAL).token
    with client() as cloud:
        assert list(cloud.deployments("acme")) == []
    assert not (home / "local" / "work" / "left").exists()


def test_a_port_that_is_taken_is_one_clear_error_with_the_way_to_the_log(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with nothing_left(home), pytest.raises(InternalError) as failed:
            lifecycle.start(["--scripted", "--port", str(port)])

    assert f"The port {port} of 127.0.0.1 can't be taken: Address already in use" in failed.value.message
    assert "Traceback" not in failed.value.message
    assert str(home / "local" / "log") in failed.value.hint
    assert not lifecycle.status().running


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--pulumi-root", "/nowhere"], "There is no Pulumi at /nowhere"),
        (["--bogus"], "unrecognized arguments: --bogus"),
    ],
)
def test_a_start_that_fails_says_what_the_log_says(home: Path, arguments: list[str], reason: str) -> None:
    with nothing_left(home), pytest.raises(InternalError) as failed:
        lifecycle.start(arguments)

    assert failed.value.message.startswith("Local mode ended while it started.")
    assert reason in failed.value.message
    assert "Traceback" not in failed.value.message


def test_a_start_that_takes_too_long_is_ended_with_all_its_processes(home: Path) -> None:
    with nothing_left(home), pytest.raises(InternalError, match=r"was not ready after 0\.3 s"):
        lifecycle.start(["--stand-in"], seconds=0.3)

    assert not lifecycle.status().running


def test_of_many_starts_at_once_exactly_one_wins(home: Path) -> None:
    starts = [
        subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [(process.communicate(timeout=120), process.returncode) for process in starts]

    won = [output for (output, _), code in ended if code == 0]
    lost = [errors for (_, errors), code in ended if code != 0]
    assert len(won) == 1, lost
    assert all("Local mode runs already." in errors for errors in lost), lost
    assert int(won[0]) == lifecycle.status().pid
    with client() as cloud:
        assert cloud.health()["status"] == "ok"


def test_two_homes_have_two_instances_that_know_nothing_of_each_other(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = lifecycle.start(["--scripted"])
    first = load_context(LOCAL)
    monkeypatch.setenv("CLOUD_HOME", str(tmp_path / "other"))
    two = lifecycle.start(["--scripted"])
    second = load_context(LOCAL)
    try:
        assert (one.url != two.url, first.token != second.token) == (True, True)
        with CloudClient(first) as cloud, CloudClient(second) as other:
            cloud.init(org="acme", project="web")
            assert len(list(cloud.deployments("acme"))) == 1
            assert list(other.deployments("acme")) == []
    finally:
        assert lifecycle.stop()
        monkeypatch.setenv("CLOUD_HOME", str(home))
    assert eventually(lambda: not processes_of(tmp_path / "other"))
    assert lifecycle.status() == one
    with CloudClient(first) as cloud:
        assert cloud.health()["status"] == "ok"


def test_a_reset_ends_it_and_deletes_what_it_kept(home: Path) -> None:
    lifecycle.start(["--scripted"])

    assert lifecycle.reset()
    assert not (home / "local").exists()
    assert not lifecycle.status().running


def test_a_terminated_instance_ends_in_order_even_when_it_is_still_starting(home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cloud_local.serve", "--scripted"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert eventually(lambda: lifecycle.status().pid == process.pid, 60)
    process.terminate()
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert b"Traceback" not in output
    assert not context_file(LOCAL).exists()
    assert not (home / "local" / "pid").exists()


def test_the_callers_aws_and_proxy_reach_nothing_of_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile that isn't there, a broken configuration file and a proxy that answers nobody do no harm."""
    (tmp_path / "config").write_text("[broken")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
    lifecycle.start(["--scripted"])

    with client() as cloud:
        deployment = cloud.init(org="acme", project="web")["id"]
        assert cloud.exists(deployment)
