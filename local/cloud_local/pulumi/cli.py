"""The command line of the emulated `pulumi`: which commands there are, with which flags, and how errors are told."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import commands_about, commands_config, commands_operation, commands_stack
from .arguments import Arguments, Flag, flags, parse
from .errors import Bail, PulumiError, UsageError
from .workspace import Workspace

Handler = Callable[[Workspace, Arguments], None]

_GLOBAL = flags(
    "cwd/C= non-interactive color= emoji/e verbose/v= logtostderr logflow disable-integrity-checking "
    "fully-qualify-stack-names/Q help/h"
)
_STACK = "stack/s="
_CONFIG = f"{_STACK} config-file="
_OPERATION = (
    "debug/d config-file= config/c* config-path client= message/m= target/t* exclude/x* target-dependents "
    "exclude-dependents diff json/j parallel/p= run-program?true show-config show-replacement-steps show-sames show-reads "
    "urns suppress-outputs suppress-progress suppress-permalink= show-full-output skip-config-validation "
    f"skip-plugin-pre-install refresh/r?true exec-kind= exec-agent= expect-no-changes ignore-protect {_STACK}"
)


@dataclass(frozen=True)
class Command:
    """A command: what it does, its flags, and how many words it takes."""

    run: Handler
    flags: str = ""
    least: int = 0
    most: int = 0


COMMANDS: dict[tuple[str, ...], Command] = {
    ("version",): Command(commands_about.version),
    ("about",): Command(commands_about.about, f"json/j transitive/t {_STACK}"),
    ("whoami",): Command(commands_about.whoami, "json/j verbose"),
    ("login",): Command(commands_about.login, "local/l cloud-url/c=", 0, 1),
    ("install",): Command(
        commands_about.install, "no-plugins no-dependencies reinstall use-language-version-tools parallel="
    ),
    ("plugin", "install"): Command(commands_about.plugin_install, "server= reinstall file= exact checksum=", 0, 3),
    ("plugin", "ls"): Command(commands_about.plugin_list, "json/j project/p"),
    ("plugin", "rm"): Command(commands_about.plugin_remove, "all/a yes/y", 0, 3),
    ("stack",): Command(commands_stack.show, f"show-name show-ids/i show-urns/u show-secrets {_STACK}"),
    ("stack", "init"): Command(
        commands_stack.init, f"secrets-provider= no-select copy-config-from= teams= {_STACK}", 0, 1
    ),
    ("stack", "select"): Command(commands_stack.select, f"create/c secrets-provider= {_STACK}", 0, 1),
    ("stack", "ls"): Command(commands_stack.list_stacks, "json/j all/a project/p= organization/o="),
    ("stack", "rm"): Command(commands_stack.remove, f"yes/y force/f preserve-config remove-backups {_STACK}", 0, 1),
    ("stack", "rename"): Command(commands_stack.rename, _STACK, 1, 1),
    ("stack", "output"): Command(commands_stack.output, f"json/j show-secrets {_STACK}", 0, 1),
    ("stack", "history"): Command(commands_stack.history, f"json/j show-secrets full-dates page= page-size= {_STACK}"),
    ("stack", "export"): Command(commands_stack.export, f"file= show-secrets {_STACK}"),
    ("stack", "import"): Command(commands_stack.import_state, f"file= force/f {_STACK}"),
    ("stack", "tag"): Command(commands_stack.tag, f"json/j {_STACK}", 1, 3),
    ("cancel",): Command(commands_stack.cancel, f"yes/y {_STACK}", 0, 1),
    ("config",): Command(commands_config.show, f"json/j show-secrets open {_CONFIG}"),
    ("config", "get"): Command(commands_config.get, f"json/j path open {_CONFIG}", 1, 1),
    ("config", "set"): Command(commands_config.set_value, f"path secret plaintext type= {_CONFIG}", 1, 2),
    ("config", "set-all"): Command(commands_config.set_all, f"path secret* plaintext* json= {_CONFIG}"),
    ("config", "rm"): Command(commands_config.remove, f"path {_CONFIG}", 1, 1),
    ("config", "rm-all"): Command(commands_config.remove, f"path {_CONFIG}", 1, 1 << 10),
    ("config", "refresh"): Command(commands_config.refresh, f"force/f {_CONFIG}"),
    ("up",): Command(
        commands_operation.up, f"{_OPERATION} yes/y skip-preview/f replace* target-replace* continue-on-error"
    ),
    ("preview",): Command(commands_operation.preview, f"{_OPERATION} replace* target-replace* show-secrets"),
    ("refresh",): Command(
        commands_operation.refresh,
        f"{_OPERATION} yes/y skip-preview/f preview-only skip-pending-creates clear-pending-creates import-pending-creates*",
    ),
    ("destroy",): Command(
        commands_operation.destroy,
        f"{_OPERATION} yes/y skip-preview/f preview-only remove exclude-protected continue-on-error",
    ),
}
ALIASES = {"update": "up", "pre": "preview", "down": "destroy"}
# As in the CLI, these flags exist only when this variable is set; the Automation API sets it.
_DEBUG_FLAGS = "event-log="
_DEBUG_VARIABLE = "PULUMI_DEBUG_COMMANDS"


def main(words: list[str], environment: Mapping[str, str] | None = None) -> int:
    """Run a command line and return its exit code; messages have gone to standard output and error."""
    environment = os.environ if environment is None else environment
    try:
        _run(words, environment)
    except Bail as bail:
        return bail.exit_code
    except PulumiError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _run(words: list[str], environment: Mapping[str, str]) -> None:
    name, rest = _command_name(words)
    if not name:
        if {"-h", "--help"} & set(rest) or not rest:
            commands_about.usage(sorted(" ".join(path) for path in COMMANDS))
            return
        raise UsageError(f"unknown flag: {rest[0]}")
    command = COMMANDS[name]
    known: list[Flag] = flags(command.flags)
    if name[0] in ("up", "preview", "refresh", "destroy") and environment.get(_DEBUG_VARIABLE, "") in ("1", "true"):
        known += flags(_DEBUG_FLAGS)
    arguments = parse(rest, [*known, *_GLOBAL])
    if arguments.flag("help"):
        commands_about.command_usage(" ".join(name), [*known, *_GLOBAL])
        return
    if len(arguments.words) < command.least or len(arguments.words) > command.most:
        limit = f"between {command.least} and {command.most}" if command.least != command.most else f"{command.most}"
        raise UsageError(f"accepts {limit} arg(s), received {len(arguments.words)}")
    directory = Path(arguments.text("cwd", ".")).resolve()
    os.chdir(directory)
    workspace = Workspace(directory, environment, arguments.text("stack"), arguments.text("config-file"))
    command.run(workspace, arguments)


def _command_name(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The command among the words, and the other words. Flags may stand before it; global ones with values are skipped."""
    takes_value = {f"--{f.name}" for f in _GLOBAL if f.kind != "bool"} | {
        f"-{f.short}" for f in _GLOBAL if f.kind != "bool"
    }
    name: tuple[str, ...] = ()
    rest: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += [word, *queue]
            break
        if word.startswith("-"):
            rest.append(word)
            if (word in takes_value and queue) or (name in COMMANDS and queue and _takes_value(name, word)):
                rest.append(queue.pop(0))
            continue
        longer = (*name, ALIASES.get(word, word) if not name else word)
        if any(path[: len(longer)] == longer for path in COMMANDS):
            name = longer
        elif not name:
            raise UsageError(f'unknown command "{word}" for "pulumi"\nRun \'pulumi --help\' for usage.')
        else:
            rest.append(word)
            rest += queue
            break
    if name and name not in COMMANDS:
        raise UsageError(f'a subcommand is needed after "pulumi {" ".join(name)}"')
    return name, rest


def _takes_value(name: tuple[str, ...], word: str) -> bool:
    return any(
        word in (f"--{flag.name}", f"-{flag.short}") and flag.kind != "bool" and flag.default_when_bare is None
        for flag in flags(f"{COMMANDS[name].flags} {_DEBUG_FLAGS}")
    )
