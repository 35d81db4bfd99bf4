"""A manifest read from YAML: every problem of the file at once, each with line, column and path."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from cloud.domain.document import Document, Path
from cloud.domain.document_reader import MAX_PROBLEMS, read_document
from cloud.domain.errors import ConfigurationError, Problem
from cloud.domain.manifest import Manifest
from cloud.domain.manifest_checks import Findings, check_dependencies, check_environments, check_order
from cloud.domain.manifest_graph import references_in, stack_references
from cloud.domain.manifest_include_checks import check_includes
from cloud.domain.manifest_placeholder_checks import check_configuration, check_references
from cloud.domain.manifest_problems import schema_problems

MAX_SHARED_REFERENCES = 200_000
"""Placeholders in what all stacks share × stacks × environments: each is an edge of the graph."""


class Checked(NamedTuple):
    """What a check found. ``manifest`` is None when there are problems; both lists are in the order of the file."""

    manifest: Manifest | None
    problems: list[Problem]
    warnings: list[Problem]


def parse_manifest(text: str | bytes, *, file: str = "manifest.yaml") -> Manifest:
    """The manifest of a file. Raises one ConfigurationError that carries every problem of the file."""
    checked = check_manifest(text, file=file)
    if checked.manifest is None:
        raise manifest_error(checked.problems, file=file)
    return checked.manifest


def check_manifest(text: str | bytes, *, file: str = "manifest.yaml") -> Checked:
    """Everything that is wrong with a manifest, or worth a warning. Raises nothing, whatever the text."""
    document = read_document(text, file=file)
    if document.value is None:
        return Checked(None, in_order(document.problems, document.dropped), [])
    by_path = _schema_problems(document)
    unread = {(problem.line, problem.column) for problem in document.problems}
    problems = [
        *document.problems,
        *(
            problem
            for path, problem in by_path.items()
            # What couldn't be read is null in the document: to say that as well would mislead.
            if problem and not (document.at(path) is None and (problem.line, problem.column) in unread)
        ),
    ]
    dropped = document.dropped + sum(problem is None for problem in by_path.values())
    manifest = Manifest.from_dict(_without(document.value, by_path))
    findings = Findings(document, _names(document, "stacks"), _names(document, "environments"))
    check_environments(manifest, findings)
    check_dependencies(manifest, findings)
    check_includes(manifest, findings)
    places = check_configuration(manifest, findings)
    if _check_size(manifest, findings):
        references = list(stack_references(manifest))
        check_references(manifest, references, places, findings)
        check_order(manifest, references, findings)
    problems += findings.problems
    dropped += findings.dropped
    warnings = in_order(findings.warnings)
    if problems:
        return Checked(None, in_order(problems, dropped), warnings)
    return Checked(manifest, [], warnings)


def manifest_error(problems: Sequence[Problem], *, file: str = "manifest.yaml") -> ConfigurationError:
    """One error for all the problems of a manifest."""
    count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ConfigurationError(
        f"{file} has {count}: {problems[0].render()}" if len(problems) == 1 else f"{file} has {count}.",
        hint="Correct the file, then try `cloud validate`.",
        problems=problems,
    )


def _schema_problems(document: Document) -> dict[Path, Problem | None]:
    """What is wrong with single values, by path; None stands for one beyond those that are told."""
    found: dict[Path, Problem | None] = {}
    for path, problem in schema_problems(document):
        found.setdefault(path, problem)
    for path, problem in document.ambiguous.items():
        # `fingerprint: off` means the text, as the form says; everywhere else a reader of the file cannot know.
        if not (len(path) == 3 and path[0] == "stacks" and path[2] == "fingerprint"):
            found[path] = problem
    return found


def _names(document: Document, key: str) -> Collection[str]:
    value = document.at((key,))
    return value.keys() if isinstance(value, dict) else frozenset()


def _check_size(manifest: Manifest, findings: Findings) -> bool:
    """Whether the graph can be built: what every stack shares may not refer to too much."""
    shared = [manifest.defaults, *(environment.config for environment in manifest.environments.values())]
    edges = sum(len(references_in(config)) for config in shared) * len(manifest.stacks) * len(manifest.environments)
    if edges > MAX_SHARED_REFERENCES:
        findings.problem(
            f"the placeholders in defaults and environments make {edges:,} dependencies",
            ("defaults",),
            expected=f"at most {MAX_SHARED_REFERENCES:,}: placeholders × stacks × environments",
        )
        return False
    return True


def _without(value: Any, paths: Iterable[Path]) -> Any:
    """A copy of the document without what is wrong in it."""
    tree: dict[Any, Any] = {}
    for path in paths:
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[_WRONG] = True
    return _pruned(value, tree)


_WRONG = object()


def _pruned(value: Any, wrong: dict[Any, Any]) -> Any:
    if not wrong:
        return value
    items = value.items() if isinstance(value, dict) else enumerate(value)
    kept = {key: _pruned(item, wrong.get(key, {})) for key, item in items if _WRONG not in wrong.get(key, {})}
    return kept if isinstance(value, dict) else list(kept.values())


def in_order(problems: Sequence[Problem], dropped: int = 0) -> list[Problem]:
    """In the order of the file, each once, at most ``MAX_PROBLEMS`` and a last one that counts the others."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column, problem.message))
    more = max(0, len(ordered) - MAX_PROBLEMS) + dropped
    if more:
        last = Problem(f"and {more:,} more", file=ordered[0].file)
        return [*ordered[:MAX_PROBLEMS], last]
    return ordered
