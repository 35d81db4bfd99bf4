"""What is wrong between the values of a manifest: dependencies, layers, placeholders, environments.

Every check takes a manifest in which single values that were refused before are missing, so that all problems of a file
come together; ``names`` are all that the file declares, refused ones included, lest one mistake be reported twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from cloud.domain.document import Document, Path
from cloud.domain.errors import Problem
from cloud.domain.graph import find_cycle, layers_of
from cloud.domain.manifest import Manifest, Stack
from cloud.domain.manifest_graph import StackReference, whole_graph
from cloud.domain.suggestions import did_you_mean

MAX_SUGGESTIONS = 20
"""Each compares with every known name; beyond these nobody reads them."""

MAX_FINDINGS = 1_000
"""More than a report shows, as those that are shown are the first in the file; the others are counted only."""

MAX_CYCLES = 10
MAX_CYCLE_NAMES = 20


@dataclass(slots=True)
class Findings:
    """What the checks found. ``names`` are the stacks, ``environments`` the environments that the file declares."""

    document: Document
    names: Collection[str]
    environments: Collection[str]
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    dropped: int = 0
    _suggestions: int = 0

    def problem(self, message: str, path: Path, *, expected: str = "", suggestion: str = "", key: bool = False) -> None:
        if len(self.problems) >= MAX_FINDINGS:
            self.dropped += 1
            return
        self.problems.append(self.document.problem(message, path, key=key, expected=expected, suggestion=suggestion))

    def warning(self, message: str, path: Path, *, suggestion: str = "") -> None:
        self.warnings.append(self.document.problem(message, path, suggestion=suggestion))

    def nearest(self, name: str, known: Collection[str]) -> str:
        self._suggestions += 1
        return did_you_mean(name, known) if self._suggestions <= MAX_SUGGESTIONS else ""


def check_environments(manifest: Manifest, findings: Findings) -> None:
    """Accounts, regions and roles agree; stacks speak of environments that exist."""
    for name, environment in manifest.environments.items():
        path: Path = ("environments", name)
        given = findings.document.at(path) or {}
        for key in ("account", "region"):
            # What was refused counts as neither: it may have meant a disabled environment.
            if given.get("enabled", True) is True and key not in given:
                findings.problem(f"an enabled environment needs its {key}", path, key=True, expected=f"the key {key!r}")
        role_account = environment.role_arn.split(":")[4] if environment.role_arn else ""
        if role_account and environment.account and role_account != environment.account:
            findings.problem(
                f"the role is in the account {role_account}, the environment in {environment.account}",
                (*path, "role_arn"),
                expected="a role in the environment's account",
            )
    for name, stack in manifest.stacks.items():
        for other in stack.environments:
            if other not in findings.environments:
                findings.problem(
                    f"the environment {other!r} does not exist",
                    ("stacks", name, "environments", other),
                    key=True,
                    suggestion=findings.nearest(other, findings.environments),
                )


def check_dependencies(manifest: Manifest, findings: Findings) -> None:
    """Declared dependencies exist, once, and are there where they are needed; optional ones may be missing."""
    disabled = disabled_environments(manifest)
    for name, stack in manifest.stacks.items():
        for key, declared in _declared(stack):
            places = _first_places(findings, name, key)
            optional = key == "optional_dependencies"
            for other, count in Counter(declared).items():
                path: Path = ("stacks", name, key, places[other])
                if count > 1:
                    findings.problem(f"{other!r} is listed {count} times", path, suggestion="list it once")
                if other == name:
                    findings.problem(f"the stack {name!r} depends on itself", path, expected="another stack")
                elif other not in findings.names:
                    report = findings.warning if optional else findings.problem
                    article = "optional stack" if optional else "stack"
                    nearest = findings.nearest(other, findings.names)
                    report(f"the {article} {other!r} does not exist", path, suggestion=nearest)
                elif optional and other in stack.dependencies:
                    findings.problem(
                        f"{other!r} is a dependency and an optional one", path, suggestion="keep one of the two"
                    )
                elif missing := disabled.get(other, frozenset()) - disabled.get(name, frozenset()):
                    _report_disabled(manifest, findings, name, other, path, missing, optional=optional)


def disabled_environments(manifest: Manifest) -> dict[str, frozenset[str]]:
    """The environments in which a stack is disabled, for the stacks that are disabled somewhere."""
    found = {}
    for name, stack in manifest.stacks.items():
        if not stack.enabled or any(there.enabled is False for there in stack.environments.values()):
            found[name] = frozenset(item for item in manifest.environments if not manifest.is_enabled(name, item))
    return found


def check_order(manifest: Manifest, references: Iterable[StackReference], findings: Findings) -> None:
    """No cycles, and every ``layer`` is the computed one."""
    graph: dict[str, tuple[str, ...]] = {
        name: tuple(other for other in others if other != name)  # reported where it stands
        for name, others in whole_graph(manifest, references).items()
    }
    cycles = list(_cycles(graph))
    for cycle in cycles:
        first, following = cycle[0], cycle[1]
        findings.problem(
            f"these stacks depend on each other: {_arrows(cycle)}",
            _dependency_path(manifest, findings, first, following),
            expected="no cycle",
            suggestion=f"remove one of these dependencies, such as that of {first} on {following}",
        )
    if cycles:
        return
    layers = layers_of(graph)
    for name, stack in manifest.stacks.items():
        if stack.layer is not None and stack.layer != layers[name]:
            deepest = max(graph[name], key=lambda other: (layers[other], other), default="")
            why = f"one more than that of {deepest}" if deepest else "it depends on nothing"
            findings.problem(
                f"the layer is {layers[name]}, not {stack.layer}: {why}",
                ("stacks", name, "layer"),
                expected=str(layers[name]),
                suggestion="remove the key: it is computed",
            )


def _report_disabled(
    manifest: Manifest,
    findings: Findings,
    name: str,
    other: str,
    path: Path,
    missing: Collection[str],
    *,
    optional: bool,
) -> None:
    """``other`` is disabled in the environments ``missing``, where ``name`` is not."""
    if optional:
        findings.warning(f"the optional stack {other!r} is disabled in {', '.join(sorted(missing))}", path)
        return
    live = sorted(environment for environment in missing if manifest.environments[environment].enabled)
    if live:
        findings.problem(
            f"the stack {other!r} is disabled in {', '.join(live)}, where {name!r} is enabled",
            path,
            expected="an enabled stack",
            suggestion=f"disable {name!r} there too, or make the dependency optional",
        )


def _declared(stack: Stack) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("dependencies", stack.dependencies), ("optional_dependencies", stack.optional_dependencies)


def _first_places(findings: Findings, name: str, key: str) -> dict[str, int]:
    """Where each name of a list of dependencies stands first; refused items shift the others."""
    places: dict[str, int] = {}
    given = findings.document.at(("stacks", name, key))
    for index, other in enumerate(given if isinstance(given, list) else ()):
        if isinstance(other, str):
            places.setdefault(other, index)
    return places


def _cycles(graph: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Cycles that share no stack, at most ``MAX_CYCLES``."""
    remaining = graph
    for _ in range(MAX_CYCLES):
        cycle = find_cycle(remaining)
        if cycle is None:
            return
        yield cycle
        inside = set(cycle)
        remaining = {
            name: tuple(other for other in others if other not in inside)
            for name, others in remaining.items()
            if name not in inside
        }


def _arrows(cycle: tuple[str, ...]) -> str:
    if len(cycle) <= MAX_CYCLE_NAMES:
        return " → ".join(cycle)
    half = MAX_CYCLE_NAMES // 2
    return " → ".join((*cycle[:half], f"({len(cycle) - 2 * half:,} more)", *cycle[-half:]))


def _dependency_path(manifest: Manifest, findings: Findings, name: str, other: str) -> Path:
    """Where the stack says that it depends on the other; its own place when only its configuration does."""
    for key, declared in _declared(manifest.stacks[name]):
        if other in declared:
            return ("stacks", name, key, _first_places(findings, name, key)[other])
    return ("stacks", name)
