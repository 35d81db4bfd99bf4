"""What ``template-list`` and ``template-show`` show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from cloud_cli.columns import aligned
from cloud_cli.terminal import clean
from cloud_cli.wording import counted
from cloud_cli.workspace import shown

if TYPE_CHECKING:
    from cloud.domain.manifest import Manifest
    from cloud.domain.template import Template, Variable
    from cloud.domain.template_parsing import CheckedTemplate
    from cloud_cli.templates import Source

MAX_SHOWN = 60


def render_templates(found: Sequence[tuple[Source, CheckedTemplate]]) -> RenderableType:
    rows = [[Text(title, style="bold") for title in ("Template", "From", "Description")]]
    for source, checked in found:
        origin = (
            f"{shown(source.folder)}{', hides the one that ships' if source.hides else ''}"
            if source.root
            else "ships with cloud"
        )
        broken = f"broken: {counted(len(checked.problems), 'problem')}; `cloud template-validate {source.name}` tells"
        what = Text(clean(checked.template.description)) if checked.template else Text(broken, style="red")
        rows.append([Text(source.name, style="cyan"), Text(clean(origin), style="dim"), what])
    return aligned(rows)


def render_template(
    source: Source, template: Template, layers: Sequence[Sequence[str]], environments: Sequence[str]
) -> RenderableType:
    """``layers`` are the names of the stacks, ``environments`` those of the manifest."""
    origin = shown(source.folder) if source.root else "ships with cloud"
    parts: list[RenderableType] = [
        Text.assemble((source.name, "bold"), "  ", (clean(origin), "dim")),
        Text(clean(template.description)),
        "",
        Text("Variables", style="bold"),
        aligned([_variable(template, variable) for variable in template.variables.values()]),
        "",
        Text(f"{counted(sum(map(len, layers)), 'stack')} in {counted(len(layers), 'layer')}", style="bold"),
        aligned([[Text(f"  {number}"), Text(", ".join(names))] for number, names in enumerate(layers, 1)]),
        "",
        Text(f"Environments: {', '.join(environments)}"),
    ]
    return Group(*parts)


def layers(manifest: Manifest | None) -> list[list[str]]:
    """The stacks by layers, over all environments."""
    from cloud.domain.graph import layers_of
    from cloud.domain.manifest_graph import whole_graph

    if manifest is None:
        return []
    by_layer: dict[int, list[str]] = {}
    for name, layer in layers_of(whole_graph(manifest)).items():
        by_layer.setdefault(layer, []).append(name)
    return [sorted(by_layer[layer]) for layer in sorted(by_layer)]


def _variable(template: Template, variable: Variable) -> list[Text]:
    return [
        Text(f"  {variable.name}", style="cyan"),
        Text("; ".join(_said(template, variable))),
        Text(clean(variable.description), style="dim"),
    ]


def _said(template: Template, variable: Variable) -> Iterator[str]:
    """Whether a value is needed, and what it may be."""
    if variable.has_default:
        yield f"default {_shown(variable.default)}"
    elif variable.name == "id":
        yield "random"
    else:
        yield "needed" if template.is_required(variable.name) else "optional"
    if variable.type.value != "string":
        yield f"a {variable.type}"
    if variable.choices:
        yield f"one of {', '.join(map(_shown, variable.choices))}"
    if variable.has_example and not variable.has_default and variable.identifier is None:
        yield f"such as {_shown(variable.example)}"


def _shown(value: Any) -> str:
    from cloud.domain.template_quoting import flow

    text = clean(value if isinstance(value, str) else flow(value))
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
