"""Checkpoints, secrets at rest, the backend's files, stack settings and the command line's grammar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloud_local.pulumi import checkpoint, passphrase
from cloud_local.pulumi.arguments import flags, parse
from cloud_local.pulumi.backend import Backend, StackReference, parse_stack_reference
from cloud_local.pulumi.checkpoint import Operation, Snapshot
from cloud_local.pulumi.configuration import full_key, get_path, set_path, split_key
from cloud_local.pulumi.dependency_graph import DependencyGraph, antichains
from cloud_local.pulumi.errors import PulumiError, UsageError
from cloud_local.pulumi.locks import break_locks, lock
from cloud_local.pulumi.passphrase import Crypter
from cloud_local.pulumi.project import Project, StackSettings
from cloud_local.pulumi.resource_state import ResourceState
from cloud_local.pulumi.targets import UrnTargets
from cloud_local.pulumi.values import UNKNOWN, Secret

# Made by the real Pulumi CLI 3.272.0 with the passphrase "p".
REAL_STATE = "v1:g9TUW1/Pqsk=:v1:m8VicamGREAi1MI5:kJmkk/eBw5t6UKjGhzcePUuk9UA3IA=="
REAL_SECRET = "v1:DTIBM+QcWLd0Yv5Z:dgWx6lug6CZ75fUlFb2zOSV1TBXxwKfv"
DEV = StackReference("shop", "dev")


@pytest.fixture(scope="module")
def crypter() -> Crypter:
    return Crypter("p", REAL_STATE)


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    backend = Backend(tmp_path.as_uri())
    backend.ensure_meta()
    return backend


def _state(name: str, **fields: Any) -> ResourceState:
    return ResourceState(f"urn:pulumi:dev::shop::t:m:T::{name}", "t:m:T", custom=False, **fields)


def test_secrets_of_the_real_cli_are_opened_and_ours_have_its_form(crypter: Crypter) -> None:
    assert crypter.decrypt(REAL_SECRET) == "hunter22"
    sealed = crypter.encrypt("quiet")
    assert sealed.startswith("v1:")
    assert Crypter("p", REAL_STATE).decrypt(sealed) == "quiet"


def test_a_wrong_passphrase_is_told_and_none_at_all_too() -> None:
    with pytest.raises(PulumiError, match="incorrect passphrase"):
        Crypter("wrong", REAL_STATE).verify()
    with pytest.raises(PulumiError, match="passphrase must be set"):
        passphrase.read_passphrase({})


def test_a_snapshot_survives_writing_and_reading(crypter: Crypter) -> None:
    a = _state("a", inputs={"s": Secret({"k": [1]}), "n": 1}, outputs={"u": UNKNOWN}, protect=True)
    b = _state("b", dependencies=[a.urn], property_dependencies={"x": [a.urn]}, parent=a.urn)
    document = checkpoint.serialize(Snapshot([a, b], [Operation(b, "creating")]), crypter)
    assert '"k"' not in json.dumps(document)
    again = checkpoint.deserialize(document, crypter)
    assert [vars(r) for r in again.resources] == [vars(a), vars(b)]
    assert [(o.type, vars(o.resource)) for o in again.pending_operations] == [("creating", vars(b))]


def test_a_state_whose_references_dangle_is_refused(crypter: Crypter) -> None:
    document = checkpoint.serialize(Snapshot([_state("b", parent="urn:pulumi:dev::shop::t:m:T::gone")]), crypter)
    with pytest.raises(PulumiError, match="refers to missing parent"):
        checkpoint.deserialize(document, crypter)


def test_a_state_with_features_that_would_be_lost_is_refused(backend: Backend, crypter: Crypter) -> None:
    document = checkpoint.serialize(Snapshot([_state("a")]), crypter)
    document["resources"][0]["viewOf"] = "urn:x"
    with pytest.raises(PulumiError, match="viewOf, which the emulated engine lacks"):
        checkpoint.deserialize(document, crypter)


def test_the_backend_keeps_a_backup_and_the_history(backend: Backend) -> None:
    backend.save(DEV, None)
    backend.save(DEV, {"manifest": {}})
    backend.record_update(DEV, {"kind": "update", "startTime": 1})
    backend.record_update(DEV, {"kind": "destroy", "startTime": 2})
    assert [u["kind"] for u in backend.history(DEV)] == ["destroy", "update"]
    assert [u["kind"] for u in backend.history(DEV, 1, 2)] == ["update"]
    assert backend.stack_file(DEV).with_name("dev.json.bak").exists()
    assert list(backend.stacks()) == [DEV]
    backend.remove(DEV)
    assert list(backend.stacks()) == []
    assert backend.history(DEV) == []


def test_only_file_backends_are_pretended(tmp_path: Path) -> None:
    with pytest.raises(PulumiError, match=r"file:// backends only"):
        Backend("s3://bucket")
    with pytest.raises(PulumiError, match="no such file or directory"):
        Backend((tmp_path / "nowhere").as_uri())


def test_a_lock_keeps_others_out_and_is_gone_afterwards(backend: Backend) -> None:
    with (
        lock(backend, DEV),
        pytest.raises(PulumiError, match="the stack is currently locked by 1 lock"),
        lock(backend, DEV),
    ):
        pass
    with lock(backend, DEV):
        break_locks(backend, DEV)
        with lock(backend, DEV):
            pass


@pytest.mark.parametrize("name", ["a/b/c/d", "other/shop/dev", "organization/shop/de v", "..", "", "x" * 101])
def test_bad_stack_names_are_refused(name: str) -> None:
    with pytest.raises(PulumiError):
        parse_stack_reference(name, "shop")


def test_stack_names_may_be_short_or_whole() -> None:
    assert parse_stack_reference("dev", "shop") == DEV
    assert parse_stack_reference("organization/shop/dev", None) == DEV
    assert DEV.display("shop") == "dev"
    assert DEV.display("other") == "organization/shop/dev"


@pytest.mark.parametrize(
    "text", ["[]", "name: 1\nruntime: python", "name: a b\nruntime: python", "runtime: python", ":"]
)
def test_a_bad_project_file_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text)
    with pytest.raises(PulumiError):
        Project.find(tmp_path)


def test_settings_keep_what_they_do_not_know_and_the_salt_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("other: 1\nconfig:\n  b:x: 1\n")
    settings = StackSettings(file)
    settings.salt = "v1:s"
    settings.config = {**settings.config, "a:y": "2"}
    settings.save()
    assert list(yaml.safe_load(file.read_text())) == ["encryptionsalt", "other", "config"]
    assert list(StackSettings(file).config) == ["a:y", "b:x"]


def test_configuration_keys_and_paths() -> None:
    assert full_key("shop", "a") == "shop:a"
    assert full_key("shop", "aws:config:region") == "aws:region"
    assert split_key("shop", "aws:tags.x[0]", as_path=True) == ("aws:tags", ["x", 0])
    config: dict[str, Any] = {}
    set_path(config, "shop:a", ["x", 0], 1)
    set_path(config, "shop:a", ["x", 1], 2)
    assert config == {"shop:a": {"x": [1, 2]}}
    assert get_path(config["shop:a"], ["x", 1]) == 2
    with pytest.raises(PulumiError):
        set_path(config, "shop:a", ["x", 7], 2)
    with pytest.raises(PulumiError):
        full_key("shop", "a:b:c:d")


def test_resources_are_deleted_in_groups_dependents_first() -> None:
    a = _state("a")
    b, c = _state("b", dependencies=[a.urn]), _state("c", dependencies=[a.urn])
    d = _state("d", parent=b.urn)
    graph = DependencyGraph([a, b, c, d])
    groups = [{s.urn[-1] for s in group} for group in antichains(graph, [a, b, c, d])]
    assert groups == [{"d"}, {"b", "c"}, {"a"}]
    assert [s.urn[-1] for s in graph.depending_on(a, include_children=True)] == ["b", "c", "d"]
    assert [s.urn[-1] for s in graph.depending_on(a)] == ["b", "c"]


def test_targets_match_literally_or_by_globs() -> None:
    urn = "urn:pulumi:dev::shop::t:m:T::a"
    assert urn in UrnTargets()
    assert urn in UrnTargets([urn])
    assert urn in UrnTargets(["**::a"])
    assert urn not in UrnTargets(["*::a"])
    assert urn not in UrnTargets(["**::b"])


def test_flags_are_parsed_as_the_cli_does() -> None:
    known = flags("yes/y stack/s= target/t* refresh/r?true")
    arguments = parse(["a", "-y", "--stack=dev", "-t", "x", "--target", "y", "--refresh", "--", "--yes"], known)
    assert arguments.words == ["a", "--yes"]
    assert arguments.values == {"yes": True, "stack": "dev", "target": ["x", "y"], "refresh": "true"}
    assert parse(["-sdev", "--yes=false"], known).values == {"stack": "dev", "yes": False}


@pytest.mark.parametrize("words", [["--what"], ["-w"], ["--stack"], ["--yes=maybe"]])
def test_flags_that_make_no_sense_are_errors(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse(words, flags("yes/y stack/s="))
