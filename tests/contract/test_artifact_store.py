"""The contract of ``ArtifactStore``, in memory and on S3."""

from __future__ import annotations

import hashlib
import urllib.request
from collections.abc import Callable

import pytest

from cloud.adapters.memory.artifacts import MemoryArtifactStore
from cloud.domain.errors import AlreadyExists, ConfigurationError, NotFound, StateError
from cloud.ports.stores import Stores

pytestmark = pytest.mark.xdist_group("artifact-store")

Fresh = Callable[[str], str]


def upload(stores: Stores, url: str, data: bytes) -> None:
    """PUT to a presigned URL, with nothing that the URL doesn't say."""
    if isinstance(stores.artifacts, MemoryArtifactStore):
        stores.artifacts.upload(url, data)
        return
    put = urllib.request.Request(url, data=data, method="PUT", headers={"Content-Type": "application/zip"})
    with urllib.request.urlopen(put, timeout=10) as response:
        assert response.status == 200


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_program_is_stored_under_its_digest_and_storing_it_again_changes_nothing(
    stores: Stores, fresh: Fresh
) -> None:
    data = fresh("zip").encode() * 1000
    assert not stores.artifacts.has_program(digest_of(data))
    assert stores.artifacts.put_program(data) == digest_of(data)
    assert stores.artifacts.put_program(data) == digest_of(data)
    assert stores.artifacts.has_program(digest_of(data))
    assert stores.artifacts.get_program(digest_of(data)) == data


def test_a_program_that_is_not_there_is_not_found(stores: Stores, fresh: Fresh) -> None:
    with pytest.raises(NotFound):
        stores.artifacts.get_program(digest_of(fresh("none").encode()))


def test_a_program_is_uploaded_with_nothing_but_its_url(stores: Stores, fresh: Fresh) -> None:
    data = fresh("zip").encode()
    upload(stores, stores.artifacts.presign_program(digest_of(data), expires_seconds=60), data)
    assert stores.artifacts.get_program(digest_of(data)) == data


def test_a_program_with_another_digest_is_never_given(stores: Stores, fresh: Fresh) -> None:
    digest = digest_of(fresh("zip").encode())
    upload(stores, stores.artifacts.presign_program(digest), b"something else")
    with pytest.raises(StateError, match="digest"):
        stores.artifacts.get_program(digest)


@pytest.mark.parametrize("digest", ["", "0" * 63, "A" * 64, "../" + "0" * 61, "0" * 64 + "\n"])
def test_what_is_no_digest_is_refused(stores: Stores, digest: str) -> None:
    for method in (stores.artifacts.presign_program, stores.artifacts.has_program, stores.artifacts.get_program):
        with pytest.raises(ConfigurationError, match="digest"):
            method(digest)


def test_a_version_of_a_manifest_is_written_once(stores: Stores, fresh: Fresh) -> None:
    deployment_id, document = fresh("D"), {"version": 1, "stacks": {"größe": [1, 2.5, None]}}
    stores.artifacts.put_manifest(deployment_id, 1, document)
    with pytest.raises(AlreadyExists):
        stores.artifacts.put_manifest(deployment_id, 1, {})
    stores.artifacts.put_manifest(deployment_id, 2, {})
    assert stores.artifacts.get_manifest(deployment_id, 1) == document
    assert stores.artifacts.get_manifest(deployment_id, 2) == {}
    with pytest.raises(NotFound):
        stores.artifacts.get_manifest(deployment_id, 3)


def test_a_record_is_overwritten(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id = fresh("D"), fresh("O")
    stores.artifacts.put_record(deployment_id, operation_id, "plan.json", {"layers": 1})
    stores.artifacts.put_record(deployment_id, operation_id, "plan.json", {"layers": 2})
    assert stores.artifacts.get_record(deployment_id, operation_id, "plan.json") == {"layers": 2}
    with pytest.raises(NotFound):
        stores.artifacts.get_record(deployment_id, operation_id, "record.json")


def test_a_text_is_kept_as_it_is(stores: Stores, fresh: Fresh) -> None:
    deployment_id, operation_id, name = fresh("D"), fresh("O"), "logs/network.log"
    stores.artifacts.put_text(deployment_id, operation_id, name, "größer\n")
    stores.artifacts.put_text(deployment_id, operation_id, name, "größer\nals zuvor\n")
    assert stores.artifacts.get_text(deployment_id, operation_id, name) == "größer\nals zuvor\n"
    with pytest.raises(NotFound):
        stores.artifacts.get_text(deployment_id, operation_id, "logs/app.log")


@pytest.mark.parametrize(
    "name", ["", "../plan.json", "a/b", "logs/", "logs/../x", "logs/a/b", ".hidden", "Plan.json", "a" * 101]
)
def test_what_is_no_name_of_a_record_is_refused(stores: Stores, fresh: Fresh, name: str) -> None:
    with pytest.raises(ConfigurationError, match="record"):
        stores.artifacts.put_record(fresh("D"), fresh("O"), name, {})


def test_what_is_read_shares_nothing_with_the_store(stores: Stores, fresh: Fresh) -> None:
    deployment_id, document = fresh("D"), {"list": [1]}
    stores.artifacts.put_manifest(deployment_id, 1, document)
    document["list"].append(2)
    assert stores.artifacts.get_manifest(deployment_id, 1) == {"list": [1]}


def test_what_json_does_not_have_is_refused(stores: Stores, fresh: Fresh) -> None:
    with pytest.raises(ValueError, match="JSON"):
        stores.artifacts.put_manifest(fresh("D"), 1, {"ratio": float("nan")})
