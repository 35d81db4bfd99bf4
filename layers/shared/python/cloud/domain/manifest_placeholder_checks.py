"""What is wrong with the placeholders of a manifest, and with the secrets in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cloud.domain.document import Path
from cloud.domain.manifest import Config, Manifest
from cloud.domain.manifest_checks import Findings, disabled_environments
from cloud.domain.manifest_graph import StackReference
from cloud.domain.placeholders import Malformed, Placeholder, occurrences
from cloud.domain.secret import SECRET_KEY, is_secret_form

Places = dict[tuple[str, str], Path]
"""Where the text of a placeholder stands first, by stack (empty for what all stacks share) and text."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A configuration in the manifest; ``stack`` is empty when it is that of many."""

    path: Path
    config: Config
    stack: str = ""


def check_configuration(manifest: Manifest, findings: Findings) -> Places:
    """Placeholders are well formed and name stacks that exist; keys hold none; secrets are not in plain text."""
    places: Places = {}
    for source in _sources(manifest):
        for key, value in source.config.items():
            path = (*source.path, key)
            _check_keys_and_secrets(value, path, findings)
            for item in occurrences(value, path):
                if isinstance(item.found, Malformed):
                    findings.problem(
                        item.found.message,
                        item.path,
                        expected=item.found.expected,
                        suggestion=item.found.suggestion,
                    )
                elif item.found.stack:
                    places.setdefault((source.stack, item.found.raw), item.path)
                    _check_target(manifest, source, item.found, item.path, findings)
    return places


def check_references(
    manifest: Manifest, references: Iterable[StackReference], places: Places, findings: Findings
) -> None:
    """What placeholders refer to is declared, enabled where it is needed, and not the stack itself."""
    disabled = disabled_environments(manifest)
    undeclared: dict[Path, tuple[str, set[str]]] = {}
    reported: set[tuple[str, str]] = set()
    for name, environment, placeholder in references:
        other = placeholder.stack
        own = places.get((name, placeholder.raw))
        path = own or places[("", placeholder.raw)]
        if other not in manifest.stacks or (name, placeholder.raw) in reported:
            continue
        stack = manifest.stacks[name]
        if other == name:
            if not own:  # in the stack's own configuration it is reported where it stands
                reported.add((name, placeholder.raw))
                findings.problem(
                    f"the stack {name!r} would depend on itself: {placeholder.raw} is in its configuration too",
                    path,
                    suggestion=f"give it to the stacks that need it, or set the key in {name!r} to something else",
                )
            continue
        if other not in stack.dependencies and other not in stack.optional_dependencies:
            undeclared.setdefault(path, (other, set()))[1].add(name)
        elif other in stack.dependencies:
            continue  # check_dependencies says when it is disabled
        off = environment in disabled.get(other, ()) and environment not in disabled.get(name, ())
        if off and manifest.environments[environment].enabled and not placeholder.has_default:
            reported.add((name, placeholder.raw))
            findings.problem(
                f"{placeholder.raw} has no value: the stack {other!r} is disabled in {environment}",
                path,
                suggestion=f"write {_with_default(placeholder)}",
            )
    for path, (other, stacks) in undeclared.items():
        who = repr(next(iter(stacks))) if len(stacks) == 1 else f"{len(stacks)} stacks"
        findings.warning(
            f"{who} {'depends' if len(stacks) == 1 else 'depend'} on {other!r} here without declaring it",
            path,
            suggestion=f"add {other} to dependencies",
        )


def _sources(manifest: Manifest) -> Iterator[_Source]:
    yield _Source(("defaults",), manifest.defaults)
    for name, environment in manifest.environments.items():
        yield _Source(("environments", name, "config"), environment.config)
    for name, stack in manifest.stacks.items():
        yield _Source(("stacks", name, "config"), stack.config, name)
        for environment_name, there in stack.environments.items():
            yield _Source(("stacks", name, "environments", environment_name, "config"), there.config, name)


def _check_target(
    manifest: Manifest, source: _Source, placeholder: Placeholder, path: Path, findings: Findings
) -> None:
    other = placeholder.stack
    if other == source.stack:
        findings.problem(f"{placeholder.raw} refers to the stack's own output", path, expected="another stack")
    elif other not in findings.names:
        optional = source.stack and other in manifest.stacks[source.stack].optional_dependencies
        if not optional:
            findings.problem(
                f"the stack {other!r} does not exist", path, suggestion=findings.nearest(other, findings.names)
            )
        elif not placeholder.has_default:
            findings.problem(
                f"{placeholder.raw} has no value: the optional stack {other!r} does not exist",
                path,
                suggestion=f"write {_with_default(placeholder)}",
            )


def _with_default(placeholder: Placeholder) -> str:
    inner = ".".join((placeholder.key, *placeholder.path))
    return f"{{{{{inner} | default(null)}}}}"


def _check_keys_and_secrets(value: Any, path: Path, findings: Findings) -> None:
    if is_secret_form(value):
        text = value[SECRET_KEY]
        if not any(isinstance(item.found, Placeholder) for item in occurrences(text)):
            findings.warning(
                "this secret stands in the manifest in plain text",
                path,
                suggestion='keep it in Secrets Manager or SSM and write {secret: "{{secret.NAME}}"}',
            )
        return
    for key, item in _items(value):
        if isinstance(key, str) and "{{" in key:
            findings.problem(
                "a key holds {{",
                (*path, key),
                key=True,
                expected="placeholders in values only: keys are never resolved",
            )
        _check_keys_and_secrets(item, (*path, key), findings)


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
