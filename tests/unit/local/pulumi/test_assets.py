"""Hashes of assets and archives, against those that Pulumi's own Go library computes of the same (sdk/v3 3.205)."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cloud_local.archives import ARCHIVE, ASSET, SIGNATURE, ArchiveError, entries
from cloud_local.provider import assets as provider_assets
from cloud_local.provider.errors import ProviderError
from cloud_local.pulumi.assets import hash_assets
from cloud_local.pulumi.errors import PulumiError
from cloud_local.pulumi.values import Secret


def text(value: str) -> dict[str, Any]:
    return {SIGNATURE: ASSET, "text": value}


def archive(members: dict[str, Any]) -> dict[str, Any]:
    return {SIGNATURE: ARCHIVE, "assets": members}


def at(path: str) -> dict[str, Any]:
    return {SIGNATURE: ARCHIVE, "path": path}


def hash_of(value: Any, folder: Path = Path("/")) -> str:
    hashed: str = hash_assets({"it": value}, str(folder))["it"]["hash"]
    return hashed


PULUMIS = (
    ({}, "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"),
    ({"foo": text("a test asset")}, "27ab4a14a617df10cff3e1cf4e30cf510302afe56bf4cc91f84041c9f7b62fd8"),
    (
        {"handler.py": text("a"), "empty": text(""), "dir/b.txt": text("x" * 512)},
        "f2731c4892937a3622ec05ecfb0fa97426b223f88fcbf2eb64d6b66fc37c545b",
    ),
    ({"d" * 80 + "/" + "f" * 60: text("a")}, "696de9f2817628b3d4ffe6f0cb0989c21733edc08926515f332b578c3ca1546e"),
    ({"n" * 150: text("a")}, "2ac13b65994f7885b2ab82c11259342eb3f572d4b37d72a54470c20c6da78326"),
    ({"größe/ü.py": text("a")}, "a3505da62901e5d0c018e9f4f30143db2238d67feddf6b01ad109074b54647e2"),
    ({"ü" * 90 + "/x": text("a")}, "7fe7e1af5439a7a054aeaf9b3e5dacefa1fc8011a225b8aeabaffdf58ea3554b"),
    (
        {"lib": archive({"b.py": text("b"), "a.py": text("a")}), "main.py": text("m")},
        "4d47ddb1981bca2ae833110aa0d4a0c665b9d7ce474487e15c3bae0e600ce324",
    ),
    (
        {"lib": archive({"b.py": text("b")}), "lib/b.py": text("other")},
        "6dc65395439227395915da1c35e520fc254387356b17facad7a9f551233cb039",
    ),
)


@pytest.mark.parametrize(("members", "expected"), PULUMIS)
def test_an_archive_of_assets_has_the_hash_that_pulumi_gives_it(members: dict[str, Any], expected: str) -> None:
    assert hash_of(archive(members)) == expected


def test_an_asset_has_the_hash_of_its_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a test asset")
    expected = "e34c74529110661faae4e121e57165ff4cb4dbdde1ef9770098aa3695e6b6704"
    assert hash_of(text("a test asset")) == expected
    assert hash_of({SIGNATURE: ASSET, "path": "a"}, tmp_path) == expected
    assert hash_of({SIGNATURE: ASSET, "uri": (tmp_path / "a").as_uri()}, tmp_path) == expected


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a name that sorts between a folder and its contents, links, and what Pulumi keeps for itself."""
    root = tmp_path / "tree"
    for name, content in {
        "a.py": "a\n",
        "sub/b.py": "b\n",
        "sub.txt": "S",
        "sub/deep/é.txt": "D",
        ".pulumi/x": "x",
        "zero": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    (root / "empty").mkdir()
    (root / "link.py").symlink_to("a.py")
    (root / "linkdir").symlink_to("sub")
    return tmp_path


def test_a_folder_has_the_hash_that_pulumi_gives_it(tree: Path) -> None:
    assert hash_of(at("tree"), tree) == "86a0a4b2baba24f33957c6213471b754775bfe8c4f45e9ed716fb8298f0afd40"
    inside = archive({"in": at("tree"), "z.txt": text("z")})
    assert hash_of(inside, tree) == "26fb150c69e21518b211752fd75ea299566ddc58e96aa6b334f49c00a7404ffe"
    names = [name for name, _ in entries(at("tree"), tree)]
    assert names == ["a.py", "link.py", "sub/b.py", "sub/deep/é.txt", "sub.txt", "zero"]


def test_a_changed_file_changes_the_hash_of_its_folder(tree: Path) -> None:
    before = hash_of(at("tree"), tree)
    (tree / "tree/sub/b.py").write_text("changed")
    assert hash_of(at("tree"), tree) != before


def test_an_archive_that_is_a_file_is_hashed_as_it_is_and_unpacked_inside_another(tree: Path) -> None:
    with zipfile.ZipFile(tree / "t.zip", "w") as made:
        for name, content in {"p/": "", "p/q.py": "q", "./r.py": "r"}.items():
            made.writestr(zipfile.ZipInfo(name), content)
    with tarfile.open(tree / "t.tar.gz", "w:gz") as packed:
        packed.add(tree / "tree" / "sub", arcname="sub")
    flat = archive({"in/p/q.py": text("q"), "in/r.py": text("r")})
    assert hash_of(archive({"in": at("t.zip")}), tree) == hash_of(flat)
    assert [name for name, _ in entries(at("t.tar.gz"), tree)] == ["sub/b.py", "sub/deep/é.txt"]
    assert hash_of(at("t.zip"), tree) == hash_of({SIGNATURE: ASSET, "path": "t.zip"}, tree)


def test_members_and_secrets_are_hashed_too() -> None:
    hashed = hash_assets({"code": Secret(archive({"a": text("a")})), "list": [text("a")]}, "/")
    assert hashed["code"].value["assets"]["a"]["hash"] == hashed["list"][0]["hash"]
    assert hashed["code"].value["hash"]


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (at("nowhere"), "failed to compute archive hash: couldn't read archive path 'nowhere'"),
        (at("a.txt"), "'a.txt' is neither a recognized archive type nor a directory"),
        (at("broken.zip"), "failed to read ZIP"),
        (at("broken.tar"), "failed to read TAR"),
        ({SIGNATURE: ASSET, "path": "nowhere"}, "failed to compute asset hash: failed to open asset file"),
        ({SIGNATURE: ASSET, "path": "folder"}, "is a directory; try using an archive"),
        ({SIGNATURE: ASSET, "uri": "ftp://a/b"}, "unsupported URI scheme"),
        ({SIGNATURE: ARCHIVE, "uri": "https://a.example/b"}, "is not a recognized archive format"),
        ({SIGNATURE: ARCHIVE, "uri": "file:///nowhere/a.zip"}, "failed to read file:///nowhere/a.zip"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_why(value: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "broken.zip").write_text("no zip")
    (tmp_path / "broken.tar").write_text("no tar")
    (tmp_path / "folder").mkdir()
    with pytest.raises(PulumiError, match=complaint):
        hash_assets({"it": archive({"inner": value}) if "broken" in str(value) else value}, str(tmp_path))


def test_a_tar_with_a_link_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "t.tar", "w") as packed:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "a"
        packed.addfile(link)
    with pytest.raises(ArchiveError, match="neither a file nor a folder"):
        list(entries(at("t.tar"), tmp_path))


def test_a_link_to_a_folder_is_an_empty_archive_as_pulumi_follows_none(tree: Path) -> None:
    assert hash_of(at("tree/linkdir"), tree) == hash_of(archive({}))


def test_the_provider_uploads_a_zip_that_everybody_can_read(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    data = provider_assets.contents(archive({"lib": at("tree"), "main.py": text("m")}))
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.read("main.py") == b"m"
        assert found.read("lib/sub/b.py") == b"b\n"
        assert {entry.external_attr >> 16 for entry in found.infolist()} == {0o644}
    assert provider_assets.contents(archive({"lib": at("tree"), "main.py": text("m")})) == data
    (tree / "ready.zip").write_bytes(data)
    assert provider_assets.contents(at("ready.zip")) == data
    assert provider_assets.contents("tree/a.py") == b"a\n"
    for wrong in (7, at("nowhere"), "nowhere"):
        with pytest.raises(ProviderError):
            provider_assets.contents(wrong)
