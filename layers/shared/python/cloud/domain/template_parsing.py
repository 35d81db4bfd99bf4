"""A template read from its two files: every problem of both at once, each with file, line and column.

It is tried as well: filled in with its defaults and examples, it has to be a manifest without a problem.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from cloud.domain.document import Document, Path
from cloud.domain.document_reader import read_document
from cloud.domain.errors import ConfigurationError, Problem
from cloud.domain.manifest import Manifest
from cloud.domain.manifest_parsing import check_manifest, in_order
from cloud.domain.manifest_problems import schema_problems
from cloud.domain.placeholders import Malformed
from cloud.domain.template import BUILT_IN, Template
from cloud.domain.template_declarations import check_variables, declared_names, read_variables, untried
from cloud.domain.template_rendering import Rendered, render_manifest, use_problem, uses_in
from cloud.domain.template_schema import TemplateModel
from cloud.domain.template_values import declared_for


class CheckedTemplate(NamedTuple):
    """What a check found. ``template`` is None when there are problems; both lists are in the order of the files."""

    template: Template | None
    problems: list[Problem]
    warnings: list[Problem]


class CheckedManifest(NamedTuple):
    """A manifest that a template made. ``manifest`` is None when there are problems; their places are in the template."""

    manifest: Manifest | None
    problems: list[Problem]
    warnings: list[Problem]


def check_template(
    name: str, declared: str | bytes, text: str | bytes, *, file: str, manifest_file: str
) -> CheckedTemplate:
    """Everything that is wrong with a template, or worth a warning. Raises nothing, whatever the texts.

    ``declared`` is its ``template.yaml``, ``text`` its ``manifest.yaml.template``; the other two say where they are from.
    """
    document, body = read_document(declared, file=file), read_document(text, file=manifest_file)
    by_path = _schema_problems(document)
    variables, own = check_variables(document, read_variables(document, by_path))
    own += [*document.problems, *(problem for problem in by_path.values() if problem)]
    inner = [_with_quotes_hint(problem, text) for problem in body.problems]
    template = Template(
        name, _description(document), {**BUILT_IN, **variables, **BUILT_IN}, _text(text, body), manifest_file
    )
    warnings: list[Problem] = []
    if document.value is not None and body.value is not None:
        uses = _Uses(template, declared_names(document))
        inner += uses.problems
        template = replace(template, optional=uses.optional)
        warnings += uses.unused(document)
        own += untried(document, template)
    if own or inner:
        dropped = document.dropped + sum(problem is None for problem in by_path.values())
        problems = [*(in_order(own, dropped) if own else ()), *(in_order(inner, body.dropped) if inner else ())]
        return CheckedTemplate(None, problems, in_order(warnings))
    tried = _try(template)
    return CheckedTemplate(None if tried.problems else template, tried.problems, [*in_order(warnings), *tried.warnings])


def parse_template(
    name: str, declared: str | bytes, text: str | bytes, *, file: str, manifest_file: str
) -> tuple[Template, list[Problem]]:
    """The template, and warnings. Raises one ConfigurationError that carries every problem of both files."""
    checked = check_template(name, declared, text, file=file, manifest_file=manifest_file)
    if checked.template is None:
        raise template_error(name, checked.problems)
    return checked.template, checked.warnings


def template_error(name: str, problems: list[Problem]) -> ConfigurationError:
    """One error for all the problems of a template."""
    count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ConfigurationError(f"The template {name} has {count}.", problems=problems)


def make_manifest(template: Template, given: Mapping[str, Any]) -> tuple[str, CheckedManifest]:
    """The manifest's text, and what its check says of it. ``given`` maps variables to values.

    Raises one ConfigurationError with a Problem, its path the variable, for every value that is missing, unknown or wrong.
    """
    rendered = render_manifest(template, given)
    checked = check_manifest(rendered.text, file=template.file)
    problems = [_in_template(problem, rendered) for problem in checked.problems]
    for name in BUILT_IN if checked.manifest else ():
        if checked.manifest and getattr(checked.manifest.deployment, name) != given[name]:
            document = read_document(rendered.text, file=template.file)
            expected = f'"{{{{{name}}}}}"'
            problem = document.problem("this has to be the deployment's", ("deployment", name), expected=expected)
            problems.append(_in_template(problem, rendered))
    warnings = [_in_template(warning, rendered) for warning in checked.warnings]
    return rendered.text, CheckedManifest(None if problems else checked.manifest, problems, warnings)


def samples(template: Template) -> dict[str, Any]:
    """Values to try a template with: defaults, examples and first choices."""
    return {
        name: variable.sample
        for name, variable in template.variables.items()
        if variable.has_default or variable.has_example or variable.choices
    }


def _try(template: Template) -> CheckedManifest:
    try:
        return make_manifest(template, samples(template))[1]
    except ConfigurationError as error:
        return CheckedManifest(None, [replace(item, file=template.file) for item in error.problems], [])


def _in_template(problem: Problem, rendered: Rendered) -> Problem:
    if not problem.line:
        return problem
    at = rendered.locate(problem.line, problem.column)
    return replace(problem, line=at.line, column=at.column)


def _schema_problems(document: Document) -> dict[Path, Problem | None]:
    found = dict(schema_problems(document, TemplateModel)) if document.value is not None else {}
    return {**found, **document.ambiguous}


def _description(document: Document) -> str:
    description = document.at(("description",))
    return description if isinstance(description, str) else ""


def _text(text: str | bytes, body: Document) -> str:
    """The manifest's text; empty where it could not be read."""
    if body.value is None:
        return ""
    return (text.decode("utf-8") if isinstance(text, bytes) else text).removeprefix("\ufeff")


class _Uses:
    """The variables that the manifest of a template uses. ``names`` are all that are declared, refused ones included."""

    def __init__(self, template: Template, names: Collection[str]) -> None:
        self.problems: list[Problem] = []
        self._known = template.variables
        self._used: set[str] = set()
        self._needed: set[str] = set(BUILT_IN)
        refused = [name for name in names if name not in self._known]
        for part, at, is_comment in uses_in(template.text):
            declared = None if isinstance(part, Malformed) else declared_for(part.name, self._known)
            if declared:
                self._used.add(declared[0])
                self._needed |= set() if is_comment or getattr(part, "has_default", False) else {declared[0]}
            elif not is_comment and (isinstance(part, Malformed) or not _is_below(part.name, refused)):
                self.problems.append(use_problem(part, self._known, template.file, at))

    @property
    def optional(self) -> frozenset[str]:
        """Variables that stand nowhere without a default."""
        return frozenset(self._known.keys() - self._needed)

    def unused(self, document: Document) -> Iterator[Problem]:
        for name in self._known.keys() - self._used - BUILT_IN.keys():
            yield document.problem("the manifest does not use this variable", ("variables", name), key=True)


def _is_below(name: str, others: Collection[str]) -> bool:
    return any(name == other or name.startswith(f"{other}.") for other in others)


def _with_quotes_hint(problem: Problem, text: str | bytes) -> Problem:
    """YAML's own words for ``"{{region | default("x")}}"`` help nobody."""
    lines = (text if isinstance(text, str) else text.decode("utf-8", "replace")).split("\n")
    near = "".join(lines[max(0, problem.line - 2) : problem.line]).replace(" ", "")
    if problem.message.startswith("this is not YAML") and 'default("' in near:
        return replace(problem, suggestion="inside double quotes write default('…')")
    return problem
