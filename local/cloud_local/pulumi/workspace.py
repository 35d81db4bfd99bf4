"""What a command works on: project, backend, stack, configuration, secrets; each found on first use."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from . import configuration, passphrase
from .backend import Backend, StackReference, parse_stack_reference, write_atomically
from .configuration import ConfigValue, LazyCrypter
from .errors import PulumiError, StackNotFound, StackNotSelected
from .passphrase import Crypter
from .project import Project, StackSettings


class Workspace:
    """The surroundings of one command. `stack_name`: the `--stack` flag; `settings_file`: the `--config-file` flag."""

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        stack_name: str = "",
        settings_file: str = "",
    ) -> None:
        self.directory = directory
        self.environment = dict(os.environ if environment is None else environment)
        self._stack_name = stack_name
        self._settings_file = settings_file

    @cached_property
    def project_or_none(self) -> Project | None:
        """The project of the directory, if it is in one."""
        return Project.find(self.directory)

    @property
    def project(self) -> Project:
        """The project of the directory. Raises PulumiError when there is none."""
        if self.project_or_none is None:
            raise PulumiError(
                f"no Pulumi.yaml project file found (searching upwards from {self.directory}). If you have not created a "
                "project yet, use `pulumi new` to do so"
            )
        return self.project_or_none

    @property
    def project_name(self) -> str | None:
        """The project's name, if the directory is in a project."""
        return self.project_or_none.name if self.project_or_none is not None else None

    @cached_property
    def backend(self) -> Backend:
        """The state backend: from PULUMI_BACKEND_URL, the project file, or the last login. Raises PulumiError for none."""
        declared = (self.project_or_none.document.get("backend") or {}) if self.project_or_none is not None else {}
        url = self.environment.get("PULUMI_BACKEND_URL") or declared.get("url") or self._login()
        if not url:
            raise PulumiError("PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions")
        backend = Backend(str(url))
        backend.ensure_meta()
        return backend

    def _login(self) -> str:
        file = self.home / "credentials.json"
        return str(json.loads(file.read_text()).get("current") or "") if file.exists() else ""

    @property
    def home(self) -> Path:
        """Pulumi's own directory."""
        return Path(self.environment.get("PULUMI_HOME") or Path.home() / ".pulumi")

    # -- the stack

    def reference(self, name: str) -> StackReference:
        """A stack by the name that the user gave, whether it exists or not."""
        return parse_stack_reference(name, self.project_name)

    def existing(self, name: str) -> StackReference:
        """A stack by name. Raises StackNotFound."""
        reference = self.reference(name)
        if not self.backend.exists(reference):
            raise StackNotFound(name)
        return reference

    @cached_property
    def stack(self) -> StackReference:
        """The stack that the command is about. Raises StackNotFound or StackNotSelected."""
        name = self._stack_name or self.environment.get("PULUMI_STACK", "") or self.selected
        if not name:
            raise StackNotSelected
        return self.existing(name)

    @property
    def stack_display(self) -> str:
        """The stack's name as messages have it."""
        return self.stack.display(self.project_name)

    @property
    def _selection_file(self) -> Path:
        path = self.project.file
        digest = hashlib.sha1(str(path).encode(), usedforsecurity=False).hexdigest()
        return self.home / "workspaces" / f"{self.project.name}-{digest}-workspace.json"

    def _selections(self) -> dict[str, Any]:
        if self.project_or_none is None or not self._selection_file.exists():
            return {}
        selections: dict[str, Any] = json.loads(self._selection_file.read_text()).get("stacks") or {}
        return selections

    @property
    def selected(self) -> str:
        """The qualified name of the stack selected in this workspace, or ""."""
        return str(self._selections().get(self.backend.url, ""))

    def select(self, stack: StackReference | None) -> None:
        """Select a stack for further commands, or none."""
        selections = self._selections()
        selections.pop(self.backend.url, None)
        if stack is not None:
            selections[self.backend.url] = stack.qualified
        write_atomically(self._selection_file, json.dumps({"stacks": selections}, indent=4))

    # -- configuration and secrets

    def settings_of(self, stack: StackReference) -> StackSettings:
        """The settings file of a stack."""
        if self._settings_file:
            return StackSettings(self.directory / self._settings_file)
        return StackSettings(self.project.stack_file(stack.name))

    @cached_property
    def settings(self) -> StackSettings:
        """The settings file of the command's stack."""
        return self.settings_of(self.stack)

    def read_passphrase(self) -> str:
        """The passphrase of this environment. Raises PulumiError when there is none."""
        return passphrase.read_passphrase(self.environment)

    @cached_property
    def crypter(self) -> LazyCrypter:
        """Opens and seals the secrets of the stack's configuration and, from the next update on, of its state.

        Raises PulumiError when the settings name another secrets provider, or none.
        """
        provider = self.settings.document.get("secretsprovider")
        if provider not in (None, "", "default", passphrase.PROVIDER):
            raise PulumiError(f"the emulated engine has only the passphrase secrets provider, not {provider}")
        if not self.settings.salt:
            crypter = Crypter.create(self.read_passphrase())
            self.settings.salt = crypter.state
            self.settings.save()
        return LazyCrypter(self.read_passphrase, self.settings.salt)

    def crypter_of(self, deployment: dict[str, Any] | None) -> Crypter | None:
        """What opens the secrets of a state; the state names its own provider."""
        provider = (deployment or {}).get("secrets_providers")
        if not provider:
            return None
        if provider["type"] != passphrase.PROVIDER:
            raise PulumiError(f"the state's secrets are sealed by {provider['type']}, which the emulated engine lacks")
        return Crypter(self.read_passphrase(), provider["state"]["salt"])

    @cached_property
    def config(self) -> dict[str, ConfigValue]:
        """The stack's configuration. Raises PulumiError for a missing value or a wrong passphrase."""
        return configuration.evaluate(self.project, self.settings, self.crypter)
