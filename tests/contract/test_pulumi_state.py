"""The port ``PulumiState``: one suite for a bucket, for a directory and for the in-memory sibling."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Protocol

import pytest

from cloud.adapters.memory.state import MemoryState
from cloud.adapters.state_objects import HiddenState, pulumi_state
from cloud.domain.errors import AccessDenied
from cloud.ports.state import PulumiState
from cloud.settings import Settings
from cloud_local.aws.server import EmulatedAws

pytestmark = pytest.mark.xdist_group("pulumi-state")

Fresh = Callable[[str], str]
STACK = "D1BRV40-network-dev"


class Backend(Protocol):
    """A backend as Pulumi writes it, and the port's view of it."""

    state: PulumiState

    def write(self, project: str, stack: str, content: str) -> None: ...

    def remove(self, project: str, stack: str) -> None: ...


class MemoryBackend:
    def __init__(self) -> None:
        self._memory = MemoryState()
        self.state: PulumiState = self._memory

    def write(self, project: str, stack: str, content: str) -> None:
        assert content
        self._memory.written(project, stack)

    def remove(self, project: str, stack: str) -> None:
        self._memory.removed(project, stack)


class DirectoryBackend:
    def __init__(self, folder: Path, suffix: str = ".json") -> None:
        self.folder, self._suffix = folder, suffix
        self.state = pulumi_state(Settings(backend_url=folder.as_uri()))

    def write(self, project: str, stack: str, content: str) -> None:
        path = self._path(project, stack)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(content, self._suffix))

    def remove(self, project: str, stack: str) -> None:
        self._path(project, stack).unlink()

    def _path(self, project: str, stack: str) -> Path:
        return self.folder / ".pulumi" / "stacks" / project / f"{stack}{self._suffix}"


class BucketBackend:
    def __init__(self, aws: EmulatedAws, settings: Settings, prefix: str, suffix: str = ".json") -> None:
        self._client, self._prefix, self._suffix = aws.client("s3"), prefix, suffix
        self.bucket = "cloud-state"
        url = f"s3://{self.bucket}/{prefix}"
        self.state = pulumi_state(Settings(region=settings.region, endpoint_url=settings.endpoint_url, backend_url=url))

    def write(self, project: str, stack: str, content: str) -> None:
        body = encoded(content, self._suffix)
        self._client.put_object(Bucket=self.bucket, Key=self._key(project, stack), Body=body)

    def remove(self, project: str, stack: str) -> None:
        self._client.delete_object(Bucket=self.bucket, Key=self._key(project, stack))

    def _key(self, project: str, stack: str) -> str:
        return f"{self._prefix}/.pulumi/stacks/{project}/{stack}{self._suffix}".lstrip("/")


def encoded(content: str, suffix: str) -> bytes:
    data = json.dumps({"version": 3, "checkpoint": content}).encode()
    return gzip.compress(data, mtime=0) if suffix.endswith(".gz") else data


@pytest.fixture(params=["memory", "directory", "zipped directory", "bucket", "prefix of a bucket", "zipped bucket"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, fresh: Fresh) -> Iterator[Backend]:
    suffix = ".json.gz" if "zipped" in request.param else ".json"
    if request.param == "memory":
        yield MemoryBackend()
    elif "directory" in request.param:
        yield DirectoryBackend(tmp_path / "Pulumi's state", suffix)
    else:
        aws, settings = request.getfixturevalue("aws"), request.getfixturevalue("settings")
        prefix = f"{fresh('team')}/states" if "prefix" in request.param else ""
        yield BucketBackend(aws, settings, prefix, suffix)


@pytest.fixture
def project(fresh: Fresh) -> str:
    return fresh("shop")


def test_a_stack_without_a_state_has_no_etag(backend: Backend, project: str) -> None:
    assert backend.state.etag(project, STACK) == ""


def test_a_state_keeps_its_etag_until_it_is_written(backend: Backend, project: str) -> None:
    backend.write(project, STACK, "one")
    first = backend.state.etag(project, STACK)
    assert first
    assert backend.state.etag(project, STACK) == first
    backend.write(project, STACK, "two")
    assert backend.state.etag(project, STACK) not in ("", first)


def test_stacks_and_projects_have_their_own(backend: Backend, project: str) -> None:
    backend.write(project, STACK, "one")
    first = backend.state.etag(project, STACK)
    backend.write(project, "D1BRV40-network-prod", "two")
    backend.write(f"{project}2", STACK, "three")
    assert backend.state.etag(project, STACK) == first
    assert (
        len({first, backend.state.etag(project, "D1BRV40-network-prod"), backend.state.etag(f"{project}2", STACK)}) == 3
    )


def test_a_state_that_was_removed_has_no_etag_again(backend: Backend, project: str) -> None:
    backend.write(project, STACK, "one")
    backend.remove(project, STACK)
    assert backend.state.etag(project, STACK) == ""


class Forbidding(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(403)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Says nothing."""


@pytest.mark.usefixtures("aws")
def test_a_state_that_may_not_be_read_is_an_error_and_never_an_absent_one() -> None:
    with HTTPServer(("127.0.0.1", 0), Forbidding) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        closed = Settings(endpoint_url=f"http://127.0.0.1:{server.server_port}", backend_url="s3://closed")
        try:
            with pytest.raises(AccessDenied, match=f"look at the state of {STACK}"):
                pulumi_state(closed).etag("shop", STACK)
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize("url", ["", "https://api.pulumi.com", "azblob://states", "gs://states"])
def test_a_backend_whose_states_are_hidden_never_gives_an_etag(url: str) -> None:
    state = pulumi_state(Settings(backend_url=url))
    assert isinstance(state, HiddenState)
    assert state.etag("shop", STACK) == ""
