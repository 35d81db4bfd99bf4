"""The flags of `up`, `preview`, `refresh` and `destroy`, turned into requests."""

from __future__ import annotations

import os
from dataclasses import replace

from .arguments import Arguments
from .checkpoint import deserialize
from .dependency_graph import DependencyGraph
from .errors import PulumiError, UsageError
from .operations import Operation, Request
from .options import Options
from .output import print_line
from .pending_creates import edit_pending_creates
from .targets import UrnTargets
from .workspace import Workspace

_UNBOUNDED = 1 << 7


def up(workspace: Workspace, arguments: Arguments) -> None:
    """Bring the stack to what the program wants."""
    _confirmed(arguments)
    request = _request("up", arguments)
    if not arguments.flag("skip-preview"):
        Operation(workspace, replace(request, options=replace(request.options, dry_run=True))).run()
    Operation(workspace, request).run()


def preview(workspace: Workspace, arguments: Arguments) -> None:
    """Show what `up` would do."""
    request = _request("up", arguments)
    Operation(workspace, replace(request, options=replace(request.options, dry_run=True))).run()


def refresh(workspace: Workspace, arguments: Arguments) -> None:
    """Bring the state to what is really there."""
    dry = arguments.flag("preview-only")
    if not dry:
        _confirmed(arguments)
    request = _request("refresh", arguments)
    if arguments.flag("skip-pending-creates") and arguments.flag("clear-pending-creates"):
        raise PulumiError("cannot set both --skip-pending-creates and --clear-pending-creates")
    edit_pending_creates(
        workspace, arguments.texts("import-pending-creates"), clear=arguments.flag("clear-pending-creates")
    )
    Operation(workspace, replace(request, options=replace(request.options, dry_run=dry))).run()


def destroy(workspace: Workspace, arguments: Arguments) -> None:
    """Delete the stack's resources."""
    dry = arguments.flag("preview-only")
    if not dry:
        _confirmed(arguments)
    request = _request("destroy", arguments)
    request = replace(request, options=replace(request.options, dry_run=dry))
    protected = 0
    if arguments.flag("exclude-protected"):
        if request.options.targets.constrained:
            raise PulumiError("You cannot specify --target and --exclude-protected")
        targets, protected = _unprotected(workspace)
        if protected and not targets:
            print_line(
                f"There were no unprotected resources to destroy. There are still {protected} protected resources "
                "associated with this stack."
            )
            return
        if protected:
            request = replace(request, options=replace(request.options, targets=UrnTargets(targets)))
    Operation(workspace, request).run()
    if protected:
        print_line(
            f"All unprotected resources were destroyed. There are still {protected} protected resources associated "
            "with this stack."
        )
    elif arguments.flag("remove") and not dry:
        from . import commands_stack

        commands_stack.remove(workspace, Arguments([], {"yes": True}))


def _unprotected(workspace: Workspace) -> tuple[list[str], int]:
    """URNs of what may be destroyed, and how many resources must stay: the protected ones and all that they need."""
    document = workspace.backend.load(workspace.stack)
    snapshot = deserialize(document, workspace.crypter_of(document) if document else None)
    graph = DependencyGraph(snapshot.resources)
    kept = {
        state.urn
        for resource in snapshot.resources
        if resource.protect
        for state in (resource, *graph.transitive_dependencies_of(resource))
    }
    return [r.urn for r in snapshot.resources if r.urn not in kept], len(kept)


def _confirmed(arguments: Arguments) -> None:
    if not arguments.flag("yes") and not arguments.flag("skip-preview"):
        raise PulumiError(
            "--yes or --skip-preview or --preview-only must be passed in to proceed when running in non-interactive mode"
        )


def _request(verb: str, arguments: Arguments) -> Request:
    for unsupported in ("config", "config-path"):
        if arguments.values.get(unsupported):
            raise PulumiError(f"the emulated engine has no --{unsupported}; set the value with `pulumi config set`")
    if verb != "up" and arguments.text("run-program", "false") == "true":
        raise PulumiError(f"the emulated engine has no `pulumi {verb} --run-program`")
    targets = [*arguments.texts("target"), *arguments.texts("target-replace")]
    replaces = [*arguments.texts("replace"), *arguments.texts("target-replace")]
    if targets and arguments.texts("exclude"):
        raise PulumiError("cannot use both target and exclude flags at the same time")
    options = Options(
        parallel=_parallel(arguments),
        continue_on_error=arguments.flag("continue-on-error"),
        ignore_protect=arguments.flag("ignore-protect"),
        targets=UrnTargets(targets),
        replace_targets=UrnTargets(replaces),
        excludes=UrnTargets(arguments.texts("exclude")),
        target_dependents=arguments.flag("target-dependents"),
        exclude_dependents=arguments.flag("exclude-dependents"),
    )
    return Request(
        verb,
        options,
        message=arguments.text("message"),
        event_log=arguments.text("event-log"),
        client=arguments.text("client"),
        refresh=arguments.text("refresh", "false") == "true",
        as_json=arguments.flag("json"),
        expect_no_changes=arguments.flag("expect-no-changes"),
        exec_kind=arguments.text("exec-kind"),
        exec_agent=arguments.text("exec-agent"),
        suppress_outputs=arguments.flag("suppress-outputs"),
    )


def _parallel(arguments: Arguments) -> int:
    text = arguments.text("parallel")
    if not text:
        return 4 * (os.cpu_count() or 4)
    if not text.lstrip("-").isdigit():
        raise UsageError(f'invalid argument "{text}" for "-p, --parallel" flag: invalid syntax')
    return min(max(int(text), 1), _UNBOUNDED)
