"""What an operation on a stack is told to do."""

from __future__ import annotations

from dataclasses import dataclass, field

from .targets import UrnTargets


@dataclass(frozen=True)
class Options:
    """Options of one deployment. `parallel`: how many provider calls may run at once."""

    dry_run: bool = False
    parallel: int = 16
    continue_on_error: bool = False
    ignore_protect: bool = False
    targets: UrnTargets = field(default_factory=UrnTargets)
    replace_targets: UrnTargets = field(default_factory=UrnTargets)
    excludes: UrnTargets = field(default_factory=UrnTargets)
    target_dependents: bool = False
    exclude_dependents: bool = False
