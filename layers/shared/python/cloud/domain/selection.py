"""Which stacks an operation touches, and why each one is in or out.

                 deploy, preview, rollback           destroy                          refresh, drift
    candidates   enabled stacks                      deployed stacks                  deployed stacks
    --stack      these and what they need            these and what depends on them   these and what they need
    --from       these and what depends on them      as --stack                       these and what depends on them
    --only       exactly these                       exactly these, or a refusal      exactly these

Destroy looks the other way, because a stack "needs" its dependents to go first. ``--only`` must not leave a deployed
dependent without what it stands on: AWS would refuse half of the deletions and the rest would break what is left, so the
plan is refused with the names, and ``--stack`` takes them along. An optional dependent counts like any other: once it is
deployed, nobody knows which outputs it used.

A retry selects nothing of its own: it touches exactly what another operation left undone (``select_remainder``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cloud.domain.errors import ConfigurationError, DependencyError, NotFound, Problem
from cloud.domain.graph import MAX_SUGGESTIONS, Dependencies, reachable, reverse
from cloud.domain.operations import OperationKind, Selection
from cloud.domain.suggestions import did_you_mean

_ON_WHAT_EXISTS = frozenset({OperationKind.DESTROY, OperationKind.REFRESH, OperationKind.DRIFT})


def acts_on_what_exists(kind: OperationKind) -> bool:
    """Whether the candidates are the deployed stacks, enabled or not, instead of the enabled ones, deployed or not."""
    return kind in _ON_WHAT_EXISTS


@dataclass(frozen=True, slots=True)
class Selected:
    """Every stack of the deployment is in exactly one of the two, with a reason for people."""

    stacks: Mapping[str, str]
    left_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Remainder:
    """What an operation left undone. ``done`` maps stacks that need not run again to the reason."""

    operation_id: str
    unfinished: frozenset[str]
    done: Mapping[str, str]


def select_remainder(
    remainder: Remainder, *, kind: OperationKind, candidates: Dependencies, others: Mapping[str, str]
) -> Selected:
    """What a retry touches: the stacks that did not succeed, as far as they are still there to be touched.

    ``candidates`` and ``others`` as for ``select``. Raises DependencyError for a destroy that would leave dependents behind.
    """
    why = f"did not succeed in operation {remainder.operation_id}"
    chosen = {name: why for name in sorted(candidates) if name in remainder.unfinished}
    if kind is OperationKind.DESTROY:
        _require_no_dependents_left(chosen, candidates)
    gone = remainder.unfinished - candidates.keys() - others.keys()
    known = {
        **dict.fromkeys(candidates.keys() - chosen.keys(), f"not part of operation {remainder.operation_id}"),
        **others,
    }
    done = {name: reason for name, reason in remainder.done.items() if name in known}
    left_out = {**known, **done, **dict.fromkeys(gone, "no longer in the manifest")}
    return Selected(chosen, dict(sorted(left_out.items())))


def select(
    selection: Selection,
    *,
    kind: OperationKind,
    environment: str,
    candidates: Dependencies,
    others: Mapping[str, str],
) -> Selected:
    """Apply a selection.

    ``candidates`` are the stacks that the operation could touch, each with the candidates that it depends on; ``others``
    are the rest of the deployment's stacks, each with the reason why it is none.
    Raises NotFound for names that do not exist, ConfigurationError for a selection that contradicts itself or names a
    disabled stack, DependencyError for a destroy that would leave dependents behind; each names all of them.
    """
    if selection.is_everything:
        why = f"{'deployed' if acts_on_what_exists(kind) else 'enabled'} in {environment}"
        return Selected(dict.fromkeys(sorted(candidates), why), dict(sorted(others.items())))
    if selection.only and (selection.stacks or selection.start):
        raise ConfigurationError("--only cannot be combined with --stack or --from.", hint="Use one of them.")
    _require_known(selection, {*candidates, *others})
    if not acts_on_what_exists(kind):
        _require_candidates(selection, others)
    chosen = _choose(selection, kind, candidates)
    if kind is OperationKind.DESTROY and selection.only:
        _require_no_dependents_left(chosen, candidates)
    not_selected = dict.fromkeys(candidates.keys() - chosen.keys(), _why_not(selection, kind))
    return Selected(dict(sorted(chosen.items())), dict(sorted({**others, **not_selected}.items())))


def _choose(selection: Selection, kind: OperationKind, candidates: Dependencies) -> dict[str, str]:
    """The chosen stacks with their reasons; of two reasons for one stack, being named by the user wins."""
    named = {
        option: [name for name in names if name in candidates]
        for option, names in (("--only", selection.only), ("--stack", selection.stacks), ("--from", selection.start))
    }
    destroyed = ", which is destroyed" if kind is OperationKind.DESTROY else ""
    chosen: dict[str, str] = {}
    if named["--from"] or (named["--stack"] and kind is OperationKind.DESTROY):
        start = named["--from"] + (named["--stack"] if kind is OperationKind.DESTROY else [])
        for name, nearest in reachable(start, reverse(candidates)).items():
            chosen[name] = f"depends on {nearest}{destroyed}"
    if named["--stack"] and kind is not OperationKind.DESTROY:
        for name, nearest in reachable(named["--stack"], candidates).items():
            chosen[name] = f"needed by {nearest}"
    for option in ("--from", "--stack", "--only"):
        chosen.update(dict.fromkeys(named[option], f"selected by {option}"))
    return chosen


def _why_not(selection: Selection, kind: OperationKind) -> str:
    if selection.only:
        return "not selected by --only"
    if kind is OperationKind.DESTROY:
        return "does not depend on anything that is destroyed"
    if selection.stacks and selection.start:
        return "not selected, and nothing selected leads to it"
    return "nothing selected needs it" if selection.stacks else "does not depend on anything selected"


def _named(selection: Selection) -> list[str]:
    return sorted({*selection.stacks, *selection.only, *selection.start})


def _require_known(selection: Selection, known: Collection[str]) -> None:
    unknown = [name for name in _named(selection) if name not in known]
    if unknown:
        problems = [
            Problem(f"there is no stack {name!r}", suggestion=did_you_mean(name, known if at < MAX_SUGGESTIONS else ()))
            for at, name in enumerate(unknown)
        ]
        hints = [
            f"{name}: {found.suggestion}" for name, found in zip(unknown, problems, strict=True) if found.suggestion
        ]
        raise NotFound(
            f"There is no stack {_listed(unknown)} in this deployment.",
            hint=" ".join(hints) or f"The stacks are {_listed(sorted(known))}.",
            problems=problems,
        )


def _require_candidates(selection: Selection, others: Mapping[str, str]) -> None:
    problems = [
        Problem(f"{name} is {others[name]}", path=f"stacks.{name}") for name in _named(selection) if name in others
    ]
    if problems:
        raise ConfigurationError(
            "The selection names stacks that cannot be deployed: "
            + "; ".join(problem.message for problem in problems)
            + ".",
            hint="Enable them in the manifest, or leave them out.",
            problems=problems,
        )


def _require_no_dependents_left(chosen: Collection[str], candidates: Dependencies) -> None:
    dependents = reverse(candidates)
    left = {name: [other for other in dependents[name] if other not in chosen] for name in sorted(chosen)}
    problems = [
        Problem(f"{_listed(others)} would be left deployed without {name}", path=f"stacks.{name}")
        for name, others in left.items()
        if others
    ]
    if problems:
        raise DependencyError(
            "Destroying only this is refused: " + "; ".join(problem.message for problem in problems) + ".",
            hint="--stack destroys the dependents too, before it.",
            problems=problems,
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
