"""Render and lint state machine files. One renderer serves the infrastructure and the local runtime.

A file is valid JSON before it is rendered: ``${Name}`` stands only inside strings. A name that is not given, or is given and
not used, is an error: a typo must not reach AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloud.domain.errors import ConfigurationError, Problem, error_classes

_NAME = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*)\}")

SERVICE_ERRORS = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)
"""Lambda's own transient errors, as AWS documents them for Retry."""
WAITED_FOR = {"PrepareStack": ("StackBusy",), "RecordStack": ("StackBusy",)}
"""Errors that pass with time, by the state that waits for it: a runner that may still be alive."""

THROTTLING = "Lambda.TooManyRequestsException"

EVERYTHING = "States.ALL"

NEVER_RETRIED = ("Lambda.Unknown", EVERYTHING, "States.TaskFailed", "States.Timeout", "Sandbox.Timedout")
"""Errors after which the first attempt may still be running. Only a task that is the last resort (what a Catch leads to, and
has none itself) repeats them: it must be one that may run beside itself without harm."""


def render(text: str, names: Mapping[str, str]) -> dict[str, Any]:
    """The definition with every ``${Name}`` replaced.

    Raises ConfigurationError for text that is not a JSON object, and for names that are unknown or unused (all at once).
    """
    try:
        definition = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"The state machine is not JSON: {error}.") from error
    if not isinstance(definition, dict):
        raise ConfigurationError("The state machine is not a JSON object.")
    used: set[str] = set()

    def replace(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replace(item) for key, item in value.items()}
        if isinstance(value, list):
            return [replace(item) for item in value]
        if isinstance(value, str):
            used.update(_NAME.findall(value))
            return _NAME.sub(lambda match: names.get(match[1], match[0]), value)
        return value

    rendered: dict[str, Any] = replace(definition)
    problems = [Problem(f"The name ${{{name}}} is not given.") for name in sorted(used - set(names))]
    problems += [Problem(f"The name {name} is given but not used.") for name in sorted(set(names) - used)]
    if problems:
        raise ConfigurationError("The state machine's names don't fit.", problems=problems)
    return rendered


def retried_errors() -> tuple[str, ...]:
    """What every task but RunStack retries: Lambda's transient errors and the retryable errors of our own tree."""
    own = (cls.__name__ for cls in error_classes() if cls.retryable)
    return (*SERVICE_ERRORS, *sorted(own))


def states_of(
    machine: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    """Every state at every depth: (path, name, state, the machine that holds it)."""
    for name, state in machine["States"].items():
        here = f"{path}/{name}"
        yield here, name, state, machine
        inner = state.get("ItemProcessor") or state.get("Iterator")
        if inner:
            yield from states_of(inner, here)
        for branch in state.get("Branches", ()):
            yield from states_of(branch, here)


def _targets(state: Mapping[str, Any]) -> Iterator[str]:
    for key in ("Next", "Default"):
        if key in state:
            yield state[key]
    for entry in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield entry["Next"]


def _lint_graph(machine: Mapping[str, Any], path: str) -> Iterator[Problem]:
    names = set(machine["States"])
    if machine.get("StartAt") not in names:
        yield Problem(f"StartAt names {machine.get('StartAt')!r}, which is not a state.", path=path or "/")
    reached, front = set(), [machine.get("StartAt")]
    while front:
        name = front.pop()
        if name in reached or name not in names:
            continue
        reached.add(name)
        front.extend(_targets(machine["States"][name]))
    for name in sorted(names - reached):
        yield Problem("No transition leads to this state.", path=f"{path}/{name}")


def _lint_task(path: str, name: str, state: Mapping[str, Any], *, is_last_resort: bool) -> Iterator[Problem]:
    if "TimeoutSeconds" not in state and "TimeoutSecondsPath" not in state:
        yield Problem("A Task needs TimeoutSeconds: without it a lost task waits for ever.", path=path)
    if not state.get("Retry"):
        yield Problem("A Task needs Retry for throttling.", path=path)
    retried = {error for entry in state.get("Retry", ()) for error in entry["ErrorEquals"]}
    for entry in state.get("Retry", ()):
        if entry.get("JitterStrategy") != "FULL":
            yield Problem("Retry needs JitterStrategy FULL, or all stacks come back at once.", path=path)
    if is_last_resort:
        if EVERYTHING not in retried:
            yield Problem(
                "A target of Catch without a Catch retries States.ALL: nobody else would clean up.", path=path
            )
        retried -= {EVERYTHING}
    for error in sorted(retried & set(NEVER_RETRIED)):
        yield Problem(f"{error} must not be retried: the first attempt may still be running.", path=path)
    if "lambda:invoke" in state["Resource"]:
        if THROTTLING not in retried:
            yield Problem(f"A Lambda task retries {THROTTLING}.", path=path)
        if name == "RunStack" and retried != {THROTTLING}:
            yield Problem("RunStack retries throttling only.", path=path)
        expected = {THROTTLING, *retried_errors(), *WAITED_FOR.get(name, ())}
        if name != "RunStack" and retried != expected:
            odd = sorted(retried ^ expected)
            yield Problem(f"Retry does not agree with the error tree: {', '.join(odd)}.", path=path)


def lint(machine: Mapping[str, Any], *, without_catch: tuple[str, ...] = ()) -> tuple[Problem, ...]:
    """Everything that breaks a rule of ours: transitions, time-outs, Retry, Catch, and bounded Maps.

    ``without_catch`` names the tasks that are themselves the target of every Catch (or come before there is anything to
    clean up).
    """
    problems = list(_lint_graph(machine, ""))
    caught = {entry["Next"] for _, _, state, _ in states_of(machine) for entry in state.get("Catch", ())}
    for path, name, state, holder in states_of(machine):
        for target in _targets(state):
            if target not in holder["States"]:
                problems.append(Problem(f"{target!r} is not a state of this machine.", path=path))
        if state["Type"] == "Task":
            last_resort = name in caught and not state.get("Catch")
            problems.extend(_lint_task(path, name, state, is_last_resort=last_resort))
            if not state.get("Catch") and name not in without_catch:
                problems.append(Problem("A Task needs a Catch.", path=path))
        if state["Type"] == "Map":
            problems.extend(_lint_graph(state["ItemProcessor"], path))
            if "MaxConcurrency" not in state and "MaxConcurrencyPath" not in state:
                problems.append(Problem("A Map needs MaxConcurrency(Path): waiting iterations hold slots.", path=path))
    return tuple(problems)
