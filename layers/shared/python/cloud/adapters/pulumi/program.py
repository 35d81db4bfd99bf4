"""The program's zip becomes a fresh folder: a Pulumi project whose name is the business project's.

The zip comes from a user's repository, so nothing in it is believed: no entry may lie outside the folder, and what it
unpacks to is bounded.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from cloud.domain.errors import ConfigurationError

MAX_FILES = 20_000
MAX_BYTES = 256 * 1024 * 1024
MAX_PROJECT_BYTES = 1024 * 1024

_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
_STACK_FILE = re.compile(r"Pulumi\..+\.(yaml|yml|json)", re.IGNORECASE)
_CHUNK = 1024 * 1024


def prepare_program(
    archive: bytes, folder: Path, project: str, *, without_program: bool = False, max_bytes: int = MAX_BYTES
) -> None:
    """Unpack ``archive`` into ``folder`` (made here) and name its Pulumi project ``project``; the rest is kept.

    ``without_program`` allows an empty archive: Pulumi destroys from its state alone but wants a project file, so one is
    written. Raises ConfigurationError for an archive that is damaged, too large or reaches outside the folder, that is no
    Pulumi project, or that ships a stack configuration of its own.
    """
    folder.mkdir(parents=True)
    if not archive:
        if not without_program:
            raise ConfigurationError(
                "The stack has no program.", hint="Register the stack again: cloud validate, cloud plan."
            )
        _write_project(folder / "Pulumi.yaml", {"name": project, "runtime": "python"})
        return
    _unpack(archive, folder, max_bytes)
    _refuse_stack_configuration(folder)
    path, settings = _read_project(folder)
    _require_inside(settings, folder)
    path.unlink()
    _write_project(folder / "Pulumi.yaml", {**settings, "name": project})


def _unpack(archive: bytes, folder: Path, max_bytes: int) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
            entries = zipped.infolist()
            if len(entries) > MAX_FILES:
                raise _refusal(f"holds {len(entries):,} files; {MAX_FILES:,} are allowed")
            _extract(zipped, entries, folder, max_bytes)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        # RuntimeError: encrypted. NotImplementedError: a compression that Python doesn't know. ValueError: odd names.
        raise _refusal(f"is not a readable zip: {error}") from error
    except OSError as error:
        raise _refusal(f"cannot be unpacked: {error.strerror}") from error


def _extract(zipped: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path, max_bytes: int) -> None:
    room = max_bytes
    links: list[tuple[Path, str]] = []
    for entry in entries:
        target = folder / _inside(entry.filename)
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        if target.exists() or any(target == link for link, _ in links):
            raise _refusal(f"holds {entry.filename!r} twice")
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = entry.external_attr >> 16
        if stat.S_ISLNK(mode):
            links.append((target, zipped.read(entry).decode("utf-8", "surrogateescape")))
            continue
        # What the header says about sizes is not believed: a bomb is noticed while it unpacks.
        with zipped.open(entry) as source, target.open("wb") as sink:
            for chunk in iter(lambda: source.read(_CHUNK), b""):
                room -= len(chunk)
                if room < 0:
                    raise _refusal(f"unpacks to more than {max_bytes // _CHUNK} MiB")
                sink.write(chunk)
        if mode & 0o111:
            target.chmod(0o755)
    _make_links(links, folder)


def _make_links(links: list[tuple[Path, str]], folder: Path) -> None:
    """Make them after every file, so that none is written through a link, and look where each really leads."""
    for path, leads_to in links:
        path.symlink_to(leads_to)
    root = folder.resolve()
    for path, leads_to in links:
        try:
            inside = path.resolve().is_relative_to(root)
        except (OSError, RuntimeError):  # a loop
            inside = False
        if not inside or PurePosixPath(leads_to).is_absolute():
            raise _refusal(f"holds a link out of the program: {path.relative_to(folder)} → {leads_to}")


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
        raise _refusal(f"holds {name!r}, which lies outside the program")
    return path


def _refuse_stack_configuration(folder: Path) -> None:
    shipped = sorted(path.name for path in folder.iterdir() if _STACK_FILE.fullmatch(path.name))
    if shipped:
        raise ConfigurationError(
            f"The program ships its own stack configuration: {', '.join(shipped)}.",
            hint="Move its values to the manifest or to config/{stack}.{environment}.yaml and remove the file.",
        )


def _read_project(folder: Path) -> tuple[Path, dict[str, Any]]:
    found = [folder / name for name in _PROJECT_FILES if (folder / name).is_file()]
    if not found:
        raise ConfigurationError("The program is no Pulumi project: Pulumi.yaml is missing at its root.")
    path = found[0]
    if path.stat().st_size > MAX_PROJECT_BYTES:
        raise ConfigurationError(f"{path.name} is larger than {MAX_PROJECT_BYTES:,} bytes.")
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path.name} is not readable: {error}") from error
    if not isinstance(settings, dict) or not settings.get("runtime"):
        raise ConfigurationError(f"{path.name} is no Pulumi project: it must be a map with a runtime.")
    return path, settings


def _require_inside(settings: dict[str, Any], folder: Path) -> None:
    """Settings that point to other folders must stay in this one, and the configuration is the platform's to place."""
    if settings.get("stackConfigDir") or isinstance(settings.get("config"), str):
        raise ConfigurationError(
            "Pulumi.yaml moves the stack configuration to another folder.",
            hint="Remove stackConfigDir: the platform writes the stack configuration itself.",
        )
    for setting, value in _folders(settings):
        if not (folder / value).resolve().is_relative_to(folder.resolve()):
            raise ConfigurationError(
                f"Pulumi.yaml's {setting} is {value!r}, which lies outside the program.",
                hint="Nothing outside the program's folder is read; use include: in the manifest for shared folders.",
            )


def _folders(settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(settings.get("main"), str):
        yield "main", settings["main"]


def _write_project(path: Path, settings: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def _refusal(what: str) -> ConfigurationError:
    return ConfigurationError(f"The program's archive {what}.")
