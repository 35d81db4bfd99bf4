"""A plan for people: as text, and its graph for Mermaid and Graphviz. Pure functions; the same plan gives the same text."""

from __future__ import annotations

from collections.abc import Iterator

from cloud.domain.operations import OperationKind
from cloud.domain.plan import Plan, StackPlan


def render_text(plan: Plan) -> str:
    """The whole plan, one stack a line; ends with a newline."""
    return "\n".join(_lines(plan)) + "\n"


def render_mermaid(plan: Plan) -> str:
    """A Mermaid flowchart with one subgraph a layer; arrows point to what runs later.

    Nodes have numbered ids, because a stack may be called ``end`` or another word of Mermaid's own.
    """
    ids = {name: f"s{number}" for number, name in enumerate(plan.stacks, start=1)}
    lines = ["flowchart LR"]
    for number, layer in enumerate(plan.layers, start=1):
        lines.append(f'  subgraph layer{number}["Layer {number}"]')
        lines += [f'    {ids[planned.stack]}["{planned.stack}"]' for planned in layer]
        lines.append("  end")
    lines += [f"  {ids[before]} --> {ids[after]}" for before, after in _arrows(plan)]
    return "\n".join(lines) + "\n"


def render_dot(plan: Plan) -> str:
    """A Graphviz digraph with one rank a layer; arrows point to what runs later."""
    lines = ["digraph plan {", "  rankdir=LR;", "  node [shape=box];"]
    for layer in plan.layers:
        names = " ".join(f'"{planned.stack}";' for planned in layer)
        lines.append(f"  {{ rank=same; {names} }}")
    lines += [f'  "{before}" -> "{after}";' for before, after in _arrows(plan)]
    return "\n".join([*lines, "}"]) + "\n"


def render_seconds(seconds: float) -> str:
    """``0.5s``, ``45s``, ``2m 30s``, ``1h 05m``; unknown (0) is ``?``."""
    if seconds <= 0:
        return "?"
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s"


def _arrows(plan: Plan) -> Iterator[tuple[str, str]]:
    for planned in plan.stacks.values():
        for before in planned.dependencies:
            yield before, planned.stack


def _lines(plan: Plan) -> Iterator[str]:
    stacks = plan.budget.stacks
    yield f"Plan: {plan.kind.value} {plan.deployment_id} in {plan.environment}"
    if not stacks:
        yield "Nothing to do."
    else:
        order = "layer by layer" if plan.strict_layers else "each as soon as its dependencies are done"
        yield (
            f"{_counted(stacks, 'stack')} in {_counted(len(plan.layers), 'layer')}, "
            f"at most {plan.max_parallel} at a time, {order}"
        )
    names = max((len(name) for name in (*plan.stacks, *plan.left_out)), default=0)
    for number, layer in enumerate(plan.layers, start=1):
        yield ""
        yield f"Layer {number}"
        for planned in layer:
            yield _stack_line(planned, names, plan.kind)
    if plan.left_out:
        yield ""
        yield "Left out"
        for name, reason in plan.left_out.items():
            yield f"  {name:{names}}  {reason}"
    if plan.critical_path_seconds:
        yield ""
        yield f"Longest path: {render_seconds(plan.critical_path_seconds)} predicted, {' → '.join(plan.critical_path)}"
    problems = [problem.render() for problem in plan.budget.exceeded()]
    if plan.warnings or problems:
        yield ""
    for warning in plan.warnings:
        yield f"Warning: {warning}"
    for problem in problems:
        yield f"Too big: {problem}"


def _stack_line(planned: StackPlan, names: int, kind: OperationKind) -> str:
    others = ", ".join(planned.dependencies)
    waits = "" if not others else f"; {others} first" if kind.is_reversed else f"; after {others}"
    seconds = render_seconds(planned.predicted_seconds)
    prediction = f"; {planned.prediction}" if planned.prediction else ""
    return f"  {planned.stack:{names}}  {seconds:>7}  {planned.executor:9}  {planned.reason}{waits}{prediction}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
