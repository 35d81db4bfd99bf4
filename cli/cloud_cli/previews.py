"""What a preview or a drift scan found, for people: per stack its steps and planned outputs, or what was changed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cloud_cli.columns import aligned
from cloud_cli.progress import short_type
from cloud_cli.terminal import clean
from cloud_cli.wording import COMMON_OUTPUTS, FOUND, counted, shown_value

UNKNOWN = "unknown until deployed"

_SIGNS = {
    "create": ("+", "green"),
    "import": ("=", "green"),
    "update": ("~", "yellow"),
    "replace": ("+-", "magenta"),
    "delete": ("-", "red"),
    "refresh": ("~", "yellow"),
}
"""Pulumi's own signs. What it does besides (same, read, the halves of a replacement) changes nothing that is not told."""


def render_previews(stacks: Sequence[Mapping[str, Any]], plan: Mapping[str, Any] | None) -> RenderableType:
    """``stacks`` as REST shows those of a preview, in the order of the plan."""
    layers = [[stack["stack"] for stack in layer] for layer in (plan or {"layers": []})["layers"]]
    found = {str(stack["stack"]): stack for stack in stacks if stack.get("preview")}
    parts: list[RenderableType] = []
    for number, layer in enumerate(layers, start=1):
        shown = [found[name] for name in layer if name in found]
        if shown:
            parts += ["", Text(f"Layer {number}", style="dim")]
        for stack in shown:
            parts += _stack(str(stack["stack"]), stack["preview"])
    return Group(*parts)


def render_drift(stacks: Sequence[Mapping[str, Any]]) -> RenderableType:
    """What differs from what was recorded, stack by stack; nothing where nothing does."""
    parts: list[RenderableType] = []
    for stack in stacks:
        found = [step for step in stack.get("drift") or () if step.get("op") in _SIGNS]
        if found:
            parts += [Text(f"  {clean(stack['stack'])}", style="cyan"), aligned([_difference(step) for step in found])]
    return Group("", Text("Changed by hand", style="bold"), *parts) if parts else Group()


def _difference(step: Mapping[str, Any]) -> list[Text]:
    sign, style = _SIGNS[step["op"]]
    return [
        Text(f"    {sign}", style=style),
        Text(FOUND[step["op"]], style=style),
        Text(short_type(str(step.get("type", "")))),
        Text(clean(step.get("name", ""))),
    ]


def _stack(name: str, preview: Mapping[str, Any]) -> Iterator[RenderableType]:
    if not preview.get("previewable", True):
        reason = clean(preview.get("reason") or "not previewable")
        yield Text.assemble("  ", (clean(name), "cyan"), "  ", (reason, "yellow"))
        for line in clean(preview.get("detail") or "", lines=True).splitlines():
            yield Text(f"    {line}", style="dim")
        return
    steps = [step for step in preview.get("steps") or () if step.get("op") in _SIGNS]
    told = counted(len(steps), "step") if steps else "no changes"
    yield Text.assemble("  ", (clean(name), "cyan"), "  ", (told, "dim"))
    if steps:
        yield aligned([_step(step) for step in steps])
    outputs = list(_outputs(preview))
    if outputs:
        yield Text("    outputs", style="dim")
        yield aligned(outputs)


def _step(step: Mapping[str, Any]) -> list[Text]:
    sign, style = _SIGNS[step["op"]]
    keys = [clean(key) for key in step.get("replace_keys") or ()]
    return [
        Text(f"    {sign}", style=style),
        Text(clean(step["op"]), style=style),
        Text(short_type(str(step.get("type", "")))),
        Text(clean(step.get("name", ""))),
        Text(f"because of {', '.join(keys)}" if keys else "", style="dim"),
    ]


def _outputs(preview: Mapping[str, Any]) -> Iterator[list[Text]]:
    known: Mapping[str, Any] = preview.get("outputs") or {}
    unknown = set(preview.get("unknown") or ())
    for name in sorted({*known, *unknown} - COMMON_OUTPUTS):
        value = Text(UNKNOWN, style="dim italic") if name in unknown else Text(shown_value(known[name]))
        yield [Text(f"      {clean(name)}"), value]
