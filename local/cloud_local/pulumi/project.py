"""The project file (Pulumi.yaml) and the stack settings beside it (Pulumi.<stack>.yaml)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from .errors import PulumiError

FILE_NAMES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


class Project:
    """One Pulumi project. `directory` holds the project file and is the root of its programs."""

    def __init__(self, file: Path, document: dict[str, Any]) -> None:
        self.file = file
        self.directory = file.parent
        self.document = document
        self.name: str = document["name"]

    @classmethod
    def find(cls, start: Path) -> Project | None:
        """The project of a directory, found upwards from it; None when there is none. Raises PulumiError if it's bad."""
        for directory in (start, *start.parents):
            for name in FILE_NAMES:
                if (directory / name).is_file():
                    return cls.load(directory / name)
        return None

    @classmethod
    def load(cls, file: Path) -> Project:
        """Read a project file. Raises PulumiError when it isn't one."""
        try:
            document = yaml.safe_load(file.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise PulumiError(f"could not load current project: {error}") from error
        if not isinstance(document, dict):
            raise PulumiError(f"could not validate '{file}': expected project to be an object")
        for key in ("name", "runtime"):
            if key not in document:
                raise PulumiError(f"could not validate '{file}': project is missing a '{key}' attribute")
        if not isinstance(document["name"], str) or not _NAME.fullmatch(document["name"]):
            raise PulumiError(
                "project names are limited to 100 characters and may only contain alphanumeric, hyphens, underscores, "
                "and periods"
            )
        return cls(file, document)

    @property
    def runtime(self) -> str:
        """The language: `python` in `runtime: python` and in `runtime: {name: python}`."""
        runtime = self.document["runtime"]
        return str(runtime["name"] if isinstance(runtime, dict) else runtime)

    @property
    def runtime_options(self) -> dict[str, Any]:
        """The language's options, as `virtualenv`."""
        runtime = self.document["runtime"]
        return dict(runtime.get("options") or {}) if isinstance(runtime, dict) else {}

    def program(self) -> tuple[Path, str]:
        """Working directory and entry point (relative to it) of the program; `main` may name a directory or a file.

        Raises PulumiError when it doesn't exist.
        """
        main = (self.directory / (self.document.get("main") or ".")).resolve()
        if main.is_dir():
            return main, "."
        if not main.is_file():
            raise PulumiError(f"project 'main' could not be read: stat {main}: no such file or directory")
        return main.parent, main.name

    def stack_file(self, stack: str) -> Path:
        """Where a stack's settings are."""
        directory = self.directory / (self.document.get("stackConfigDir") or self.document.get("config_dir") or ".")
        return directory / f"Pulumi.{stack}{self.file.suffix if self.file.suffix != '.json' else '.json'}"


class StackSettings:
    """A stack's settings file: `encryptionsalt` and `config`; other keys are kept as they are."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            document = yaml.safe_load(file.read_text()) if file.is_file() else {}
        except yaml.YAMLError as error:
            raise PulumiError(f"could not load {file}: {error}") from error
        if document is not None and not isinstance(document, dict):
            raise PulumiError(f"could not load {file}: expected an object")
        self.document: dict[str, Any] = document or {}

    @property
    def salt(self) -> str:
        """The state of the passphrase provider, or ""."""
        return str(self.document.get("encryptionsalt") or "")

    @salt.setter
    def salt(self, value: str) -> None:
        self.document = {"encryptionsalt": value, **{k: v for k, v in self.document.items() if k != "encryptionsalt"}}

    @property
    def config(self) -> dict[str, Any]:
        """Configuration by full key; a secret is `{"secure": ciphertext}`, also inside objects."""
        config: dict[str, Any] = self.document.get("config") or {}
        return config

    @config.setter
    def config(self, value: dict[str, Any]) -> None:
        self.document["config"] = dict(sorted(value.items()))
        if not value:
            del self.document["config"]

    def save(self) -> None:
        """Write the file, whole."""
        # Escaped: what YAML takes for a line break (U+0085 and others) would come back as a blank.
        text = yaml.safe_dump(self.document, sort_keys=False, width=1 << 20)
        self.file.write_text(text if self.document else "")
