"""Templates: what ``cloud init`` asks for (``template.yaml``) and the manifest that it fills in (``manifest.yaml.template``).

Only the variables that a template declares are rendered, once; every other ``{{…}}`` is a runtime placeholder and passes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.domain.errors import ConfigurationError, InternalError, NotFound, Problem

ACCOUNTS = "accounts."
"""Variables ``accounts.{environment}`` are given by ``--account environment=ID``."""


@dataclass(frozen=True, slots=True)
class Variable:
    """``default`` None means that a value must be given. ``pattern`` is matched against the whole value."""

    name: str
    description: str
    pattern: str
    default: str | None
    generated: str


@dataclass(frozen=True, slots=True)
class Template:
    name: str
    description: str
    variables: Mapping[str, Variable]
    stacks: tuple[str, ...]
    text: str

    def render(self, given: Mapping[str, str]) -> str:
        """The manifest. ``given`` maps variables to values; the others keep their defaults.

        Raises ConfigurationError with a Problem for every value that is missing, unknown or not of its form.
        """
        problems = [
            Problem(
                f"the template {self.name} has no {name}",
                _option(name),
                expected=f"one of {', '.join(_option(known) for known in self.variables)}",
            )
            for name in given
            if name not in self.variables
        ]
        values: dict[str, str] = {}
        for name, variable in self.variables.items():
            value = given.get(name, variable.default)
            if value is None:
                problems.append(Problem("a value is needed", _option(name), expected=variable.description))
            elif not re.fullmatch(variable.pattern, value):
                problems.append(
                    Problem(
                        f"{value!r} is not of its form",
                        _option(name),
                        expected=f"{variable.description}, as {variable.pattern}",
                    )
                )
            else:
                values[name] = value
        if problems:
            raise ConfigurationError(f"The template {self.name} cannot be filled in.", problems=problems)
        names = "|".join(re.escape(name) for name in values)
        return re.sub(rf"(?<!\\)\{{\{{\s*({names})\s*\}}\}}", lambda match: values[match.group(1)], self.text)


def template_names() -> list[str]:
    """The templates that come with the installation, sorted."""
    return sorted(path.parent.name for path in _folder().glob("*/template.yaml"))


def load_template(name: str) -> Template:
    """Raises NotFound for a template that there is not, InternalError for one that is broken."""
    if name not in template_names():
        from cloud.domain.suggestions import did_you_mean

        known = template_names()
        hint = did_you_mean(name, known) or f"There are: {', '.join(known)}."
        raise NotFound(f"There is no template {name!r}.", hint=hint)
    import yaml

    folder = _folder() / name
    try:
        declared: dict[str, Any] = yaml.safe_load((folder / "template.yaml").read_text(encoding="utf-8"))
        return Template(
            name,
            str(declared.get("description", "")),
            {key: _variable(key, item or {}) for key, item in declared["variables"].items()},
            tuple(declared["stacks"]),
            (folder / "manifest.yaml.template").read_text(encoding="utf-8"),
        )
    except (OSError, yaml.YAMLError, KeyError, AttributeError, TypeError) as error:
        raise InternalError(f"The template {name} is broken: {error}.") from error


def _variable(name: str, item: Mapping[str, Any]) -> Variable:
    default = item.get("default")
    return Variable(
        name,
        str(item.get("description", "")),
        str(item.get("pattern", ".*")),
        None if default is None else str(default),
        str(item.get("generated", "")),
    )


def _option(variable: str) -> str:
    """How the variable is given on the command line."""
    return f"--account {variable.removeprefix(ACCOUNTS)}" if variable.startswith(ACCOUNTS) else f"--{variable}"


def _folder() -> Path:
    from cloud_local import bundle

    return bundle.folder("templates") / "default"
