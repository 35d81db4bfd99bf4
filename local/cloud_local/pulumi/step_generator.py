"""Decides what to do: from what the program wants and what the state holds to steps (step_generator.go of the engine).

Not thread-safe: the deployment calls it under one lock, as the engine runs it on one goroutine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .diffs import NO_CHANGES, Changes, Diff, equal, ignore_changes, replace_on_changes
from .errors import Bail, DiffUnavailable, PulumiError
from .goals import AliasBook, Goal
from .provider_client import CheckFailure, ProviderClient
from .provider_registry import ProviderRegistry, provider_config
from .refresh_steps import ImportStep
from .replacements import Replacements
from .resource_state import ResourceState
from .selection import Selection
from .steps import CreateStep, ReadStep, ReplaceStep, SameStep, SkippedCreateStep, Step, UpdateStep
from .urns import is_provider_type, make_urn, parse_reference
from .values import Properties, has_unknown, masked

if TYPE_CHECKING:
    from .registrar import Registrar

Provider = ProviderClient | ProviderRegistry


@dataclass
class Decision:
    """Steps to run for a registration. After an import the decision has to be continued with what was imported."""

    steps: list[Step]
    imported: bool = False


class StepGenerator:
    """Generates the steps of one deployment, and remembers what it decided about each URN."""

    def __init__(self, deployment: Registrar) -> None:
        self._deployment = deployment
        self.aliases = AliasBook(deployment.stack, deployment.project)
        self.urns: set[str] = set()
        self.sames: set[str] = set()
        self.updates: set[str] = set()
        self.creates: set[str] = set()
        self.reads: set[str] = set()
        self.imports: set[str] = set()
        self.replaces: set[str] = set()
        self.deletes: set[str] = set()
        self.skipped_creates: set[str] = set()
        self.selection = Selection(deployment.options)
        self.saw_error = False
        self.replacements = Replacements(deployment, self)

    # -- registrations

    def generate(self, goal: Goal) -> Decision:
        """The steps for a registration. Raises Bail for what was reported, PulumiError for what is to be reported."""
        urn = self._new_urn(goal.parent, goal.type, goal.name)
        old, alias = self._old_resource(urn, goal)
        new = self._new_state(urn, goal, old, alias)
        if is_provider_type(goal.type):
            self._deployment.remember_provider(new, alias)
        provider = self._deployment.load_provider(urn, goal.custom, goal.provider, goal.type)
        if goal.custom and goal.import_id:
            known = "" if old is None else old.import_id or old.id
            if old is None or old.external or known != goal.import_id:
                return self._import(goal, new, old)
        return Decision(self._validated(self._from_state(goal, new, old, provider, imported=False)))

    def continue_import(self, goal: Goal, step: ImportStep) -> list[Step]:
        """The steps after an import: perhaps an update to what the program wants."""
        imported = step.new
        assert imported is not None  # noqa: S101
        new = self._new_state(imported.urn, goal, imported, "")
        new.aliases, new.import_id = imported.aliases, imported.import_id
        provider = self._deployment.load_provider(new.urn, goal.custom, goal.provider, goal.type)
        return self._validated(self._from_state(goal, new, imported, provider, imported=True))

    def _import(self, goal: Goal, new: ResourceState, old: ResourceState | None) -> Decision:
        self.imports.add(new.urn)
        if old is not None and new.urn not in self.deletes:
            step = ImportStep(self._deployment, new, goal.ignore_changes, old)
            return Decision([step, ReplaceStep(self._deployment, old, new)], imported=True)
        return Decision([ImportStep(self._deployment, new, goal.ignore_changes)], imported=True)

    def _from_state(
        self, goal: Goal, new: ResourceState, old: ResourceState | None, provider: Provider | None, *, imported: bool
    ) -> list[Step]:
        deployment, urn = self._deployment, new.urn
        recreating = urn in self.deletes
        external = old is not None and old.external
        targeted = self.selection.includes(new)
        if old is not None:
            new.inputs, invalid = ignore_changes(new.inputs, old.inputs, goal.ignore_changes)
            if invalid:
                paths = ", ".join(invalid)
                deployment.events.diagnostic(
                    "info", f'cannot ignore changes in added or removed elements of the path: "{paths}"', urn
                )
        if provider is not None and not targeted:
            new.inputs = {} if old is None else old.inputs
        elif provider is not None:
            fresh = recreating or external or old is None or self.selection.replaces(urn, old)
            self._check(
                provider,
                new,
                goal,
                None if fresh or old is None else old.inputs,
                goal.properties if fresh else new.inputs,
            )
        if recreating:
            assert old is not None  # noqa: S101 - it was deleted, so it was there
            self.deletes.discard(urn)
            self.replaces.add(urn)
            create = CreateStep(deployment, new, old).with_diff(None, self.replacements.keys_of(urn))
            return [ReplaceStep(deployment, old, new), create]
        if external and old is not None:
            self.creates.add(urn)
            create = CreateStep(deployment, new, old, pending_delete=True)
            return [create, ReplaceStep(deployment, old, new)]
        self.selection.note(new, included=targeted)
        if old is not None and not targeted:
            return self._untargeted_sames(old)
        if old is not None:
            return self._from_diff(goal, new, old, provider, imported=imported)
        if not targeted:
            self.sames.add(urn)
            self.skipped_creates.add(urn)
            return [SkippedCreateStep(deployment, new)]
        self.creates.add(urn)
        return [CreateStep(deployment, new)]

    def _from_diff(
        self, goal: Goal, new: ResourceState, old: ResourceState, provider: Provider | None, *, imported: bool
    ) -> list[Step]:
        deployment, urn = self._deployment, new.urn
        if not deployment.options.dry_run and has_unknown(new.replacement_trigger):
            raise self._bail(f"replacement trigger contains unknowns for {urn}", urn)
        triggered = _triggered(old.replacement_trigger, new.replacement_trigger)
        try:
            diff = Diff(Changes.SOME) if triggered else self._diff(goal, new, old, provider)
        except DiffUnavailable as unavailable:
            deployment.events.diagnostic("warning", str(unavailable), urn)
            diff = Diff(Changes.SOME)
        diff = replace_on_changes(diff, goal.replace_on_changes, old.init_errors)
        if diff.changes is Changes.SOME or old.pending_replacement:
            if diff.replaces or triggered or old.pending_replacement:
                return self._replace(goal, new, old, provider, diff)
            self.updates.add(urn)
            return [UpdateStep(deployment, old, new, goal.ignore_changes).with_diff(diff)]
        if old.init_errors:
            # Nothing to change, but the resource never came up: an empty update waits for it again.
            self.updates.add(urn)
            return [UpdateStep(deployment, old, new, goal.ignore_changes).with_diff(diff)]
        if imported:
            return []
        self.sames.add(urn)
        return [SameStep(deployment, old, new)]

    def _replace(
        self, goal: Goal, new: ResourceState, old: ResourceState, provider: Provider | None, diff: Diff
    ) -> list[Step]:
        deployment, urn = self._deployment, new.urn
        if new.protect and old.protect and not deployment.options.ignore_protect:
            message = (
                f'unable to replace resource "{urn}"\nas it is currently marked for protection. To unprotect the '
                "resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`"
            )
            error = self._bail(message, urn)
            if not deployment.options.dry_run:
                raise error
        if goal.import_id:
            changes = "\n".join(
                f"{k}: {masked(old.inputs.get(k))} => {masked(new.inputs.get(k))}" for k in diff.replace_keys
            )
            message = (
                "previously-imported resources that still specify an ID may not be replaced; please remove the `import` "
                f"declaration from your program;\n{changes}"
            )
            if not deployment.options.dry_run:
                raise PulumiError(message)
            deployment.events.diagnostic("warning", message, urn)
        self.replaces.add(urn)
        if provider is not None and not self.selection.replaces(urn, old):
            # Defaults that were carried over from the old resource don't belong to a new one.
            self._check(provider, new, goal, None, goal.properties)
        first = diff.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        if first:
            return self.replacements.delete_first(new, old, diff)
        create = CreateStep(deployment, new, old, pending_delete=True).with_diff(diff)
        return [create, ReplaceStep(deployment, old, new).with_diff(diff)]

    def _diff(self, goal: Goal, new: ResourceState, old: ResourceState, provider: Provider | None) -> Diff:
        if self.selection.replaces(new.urn, old):
            return Diff(Changes.SOME, ["id"])
        if any(urn in self.replaces for urn in new.replace_with):
            return Diff(Changes.SOME, ["replaceWith"])
        if new.deleted_with in self.replaces:
            return Diff(Changes.SOME, ["deletedWith"])
        if self._provider_changed(new, old):
            return Diff(Changes.SOME, ["provider"])
        if provider is None:
            return NO_CHANGES if equal(old.inputs, new.inputs) else Diff(Changes.SOME)
        return self._deployment.diff_resource(
            provider, new.urn, old.id, old.inputs, old.outputs, new.inputs, goal.ignore_changes
        )

    def _provider_changed(self, new: ResourceState, old: ResourceState) -> bool:
        if old.provider == new.provider:
            return False
        if not old.provider or not new.provider:
            return True
        was, is_ = parse_reference(old.provider), parse_reference(new.provider)
        if self.aliases.claimed.get(was.urn) == is_.urn:
            return False
        provider = self._deployment.registry.get(new.provider)
        before = self._deployment.olds.get(was.urn)
        after = self._deployment.provider_resource(is_.urn)
        if provider is None or before is None or after is None:
            raise PulumiError(f"failed to resolve provider reference: {old.provider!r}")
        diff = provider.diff_config(
            is_.urn, provider_config(before.inputs), before.outputs, provider_config(after.inputs)
        )
        return diff.replaces

    def _check(
        self, provider: Provider, new: ResourceState, goal: Goal, olds: Properties | None, news: Properties
    ) -> None:
        allow = self._deployment.options.dry_run
        inputs, failures = provider.check(new.urn, olds, news, allow_unknowns=allow)
        if failures:
            self._report_check_failures(new, goal, failures)
            raise Bail(f"resource {new.urn} is invalid")
        new.inputs = inputs

    def _report_check_failures(self, new: ResourceState, goal: Goal, failures: list[CheckFailure]) -> None:
        for prop, reason in failures:
            where = f"{new.type} resource '{goal.name}'"
            if prop:
                value = masked(new.inputs.get(prop))
                message = f"{where}: property {prop} value {{{value}}} has a problem: {reason}"
            else:
                message = f"{where} has a problem: {reason}"
            self._deployment.events.diagnostic("error", message, new.urn)

    # -- reads

    def generate_read(self, state: ResourceState, name: str) -> list[Step]:
        """The steps for reading a resource that Pulumi doesn't manage (`Resource.get`)."""
        state.urn = self._new_urn(state.parent, state.type, name)
        old = self._deployment.olds.get(state.urn)
        if old is not None and not old.external and old.id != state.id:
            self.replaces.add(state.urn)
            read = ReadStep(self._deployment, old, state, replacing=True)
            return [read, ReplaceStep(self._deployment, old, state)]
        self.reads.add(state.urn)
        return [ReadStep(self._deployment, old, state)]

    # -- states

    def _new_urn(self, parent: str, type_: str, name: str) -> str:
        if parent and parent not in self.urns:
            raise PulumiError(f"could not find parent resource {parent}")
        urn = make_urn(self._deployment.stack, self._deployment.project, parent, type_, name)
        if urn in self.urns:
            raise self._bail(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn)
        self.urns.add(urn)
        return urn

    def _old_resource(self, urn: str, goal: Goal) -> tuple[ResourceState | None, str]:
        olds, book = self._deployment.olds, self.aliases
        if urn in book.claimed:
            raise self._bail(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN '{book.claimed[urn]}'", urn
            )
        if urn in olds:
            return olds[urn], ""
        for alias in book.candidates(goal):
            if alias not in olds:
                continue
            claimant = alias if alias in self.urns else book.claimed.get(alias)
            if claimant is not None:
                raise self._bail(
                    f"Duplicate resource alias '{alias}' applied to resource with URN '{urn}' conflicting with resource "
                    f"with URN '{claimant}'",
                    urn,
                )
            book.claimed[alias] = urn
            book.found_as[urn] = alias
            self._deployment.registry.register_alias(urn, alias)
            return olds[alias], alias
        return None, ""

    def _new_state(self, urn: str, goal: Goal, old: ResourceState | None, alias: str) -> ResourceState:
        return ResourceState(
            urn=urn,
            type=goal.type,
            custom=goal.custom,
            inputs=goal.properties,
            parent=goal.parent,
            protect=bool(goal.protect),
            dependencies=goal.dependencies,
            provider=goal.provider,
            property_dependencies=goal.property_dependencies,
            additional_secret_outputs=goal.additional_secret_outputs,
            aliases=[alias] if alias else [],
            custom_timeouts=goal.timeouts,
            import_id=goal.import_id,
            retain_on_delete=bool(goal.retain_on_delete),
            deleted_with=goal.deleted_with,
            replace_with=goal.replace_with,
            created="" if old is None else old.created,
            modified="" if old is None else old.modified,
            ignore_changes=goal.ignore_changes,
            hide_diff=[[part] for part in goal.hide_diff],
            replace_on_changes=goal.replace_on_changes,
            replacement_trigger=goal.replacement_trigger,
            refresh_before_update=old is not None and old.refresh_before_update,
        )

    # -- what has been decided

    def is_operated_on(self, urn: str) -> bool:
        """True when some step keeps the resource in the state."""
        urn = self.aliases.claimed.get(urn, urn)
        return urn in self.sames or urn in self.updates or urn in self.replaces or urn in self.reads

    def has_step(self, urn: str) -> bool:
        """True when any step was generated for the URN."""
        return self.is_operated_on(urn) or urn in self.creates or urn in self.deletes or urn in self.imports

    def _untargeted_sames(self, old: ResourceState) -> list[Step]:
        """Keep an untargeted resource, and before it all that it needs and that no step has kept yet."""
        if old.delete:
            return []
        steps: list[Step] = []
        olds = self._deployment.olds
        self.urns.add(old.urn)
        self.sames.add(old.urn)
        for urn in (old.provider_urn, *old.dependency_urns()):
            if urn and not self.has_step(urn) and urn in olds:
                steps += self._untargeted_sames(olds[urn])
        new = old.copy()
        new.id = ""
        return [*steps, SameStep(self._deployment, old, new, untargeted=True)]

    def _validated(self, steps: list[Step]) -> list[Step]:
        options = self._deployment.options
        if not options.targets.constrained and not options.replace_targets.constrained:
            return steps
        for step in steps:
            if step.new is None or step.skipped_create:
                continue
            for urn in {*step.new.dependency_urns(), step.new.provider_urn} & self.skipped_creates:
                error = self._bail(
                    f"Resource '{step.urn}' depends on '{urn}' which was was not specified in --target list.", step.urn
                )
                if not options.dry_run:
                    raise error
                self.skipped_creates.discard(urn)
        return steps

    def _bail(self, message: str, urn: str) -> Bail:
        self._deployment.events.diagnostic("error", message, urn)
        self.saw_error = True
        return Bail(message)


def _triggered(old: object, new: object) -> bool:
    if old is None or new is None:
        return False
    return has_unknown(new) or not equal(old, new)
