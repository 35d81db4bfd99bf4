"""`pulumi version`, `about`, `whoami`, `login`, `install`, `plugin …` and the help texts."""

from __future__ import annotations

import getpass
import json
import platform
import shutil
import subprocess
import sys

from .arguments import Arguments, Flag
from .backend import Backend, write_atomically
from .errors import PulumiError
from .language_host import refuse_other_runtimes
from .output import print_json, print_line
from .version import engine_version
from .workspace import Workspace

NOTICE = (
    "This is not the Pulumi CLI: it is an emulated engine written in Python, for running Pulumi programs locally and "
    "offline. It keeps state in Pulumi's own format."
)


def version(workspace: Workspace, arguments: Arguments) -> None:
    """The version, in a form that the Automation API can parse."""
    del workspace, arguments
    print_line(engine_version())


def about(workspace: Workspace, arguments: Arguments) -> None:
    """What this is, and what it runs on."""
    facts = {
        "engine": "emulated",
        "version": engine_version(),
        "notice": NOTICE,
        "python": {"executable": sys.executable, "version": platform.python_version()},
        "host": {"os": platform.system().lower(), "arch": platform.machine()},
        "backend": workspace.environment.get("PULUMI_BACKEND_URL", ""),
        "project": workspace.project_name,
    }
    if arguments.flag("json"):
        print_json(facts)
        return
    print_line(f"Engine       emulated\nVersion      {engine_version()}\n\n{NOTICE}\n")
    print_line(f"Python       {platform.python_version()} ({sys.executable})")
    print_line(f"Host         {platform.system().lower()} {platform.machine()}")
    print_line(f"Backend      {facts['backend'] or 'none'}")
    print_line(f"Project      {workspace.project_name or 'none'}")


def whoami(workspace: Workspace, arguments: Arguments) -> None:
    """The user of the self-managed backend."""
    backend = workspace.backend
    if arguments.flag("json"):
        print_json({"user": getpass.getuser(), "url": backend.url})
    else:
        print_line(getpass.getuser())


def login(workspace: Workspace, arguments: Arguments) -> None:
    """Use a file backend from now on."""
    url = arguments.words[0] if arguments.words else arguments.text("cloud-url")
    if arguments.flag("local"):
        url = "file://~"
    Backend(url)
    write_atomically(workspace.home / "credentials.json", json.dumps({"current": url}))
    print_line(f"Logged in to {platform.node()} as {getpass.getuser()} ({url})")


def install(workspace: Workspace, arguments: Arguments) -> None:
    """Install the program's requirements into its virtual environment, which is made when it is missing."""
    if arguments.flag("no-dependencies"):
        return
    project = workspace.project
    refuse_other_runtimes(project)
    directory, _ = project.program()
    requirements = directory / "requirements.txt"
    name = project.runtime_options.get("virtualenv")
    if not name or not requirements.exists():
        return
    root = project.directory / str(name)
    python = root / "bin" / "python"
    if arguments.flag("reinstall") and root.exists():
        shutil.rmtree(root)
    commands = [[str(python), "-m", "pip", "install", "-r", str(requirements)]]
    if not python.exists():
        commands.insert(0, [sys.executable, "-m", "venv", str(root)])
    print_line("Installing dependencies...")
    for command in commands:
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode != 0:
            raise PulumiError(f"installing dependencies failed: {finished.stderr.strip() or finished.stdout.strip()}")
    print_line("Finished installing dependencies")


def plugin_install(workspace: Workspace, arguments: Arguments) -> None:
    """Nothing is downloaded: a plugin is there, in this distribution or on PATH, or it is an error."""
    from .provider_loading import default_servicers

    if len(arguments.words) < 2:
        return
    kind, name = arguments.words[:2]
    path = workspace.environment.get("PATH")
    if kind == "resource" and (name in default_servicers() or shutil.which(f"pulumi-resource-{name}", path=path)):
        print_line(f"the emulated engine uses its own plugin or the one on PATH for '{name}'; nothing was downloaded")
        return
    raise PulumiError(f"the emulated engine downloads no plugins; put `pulumi-{kind}-{name}` on PATH")


def plugin_list(workspace: Workspace, arguments: Arguments) -> None:
    """Plugins in Pulumi's own cache: the emulated engine uses none of them, so there are none to list."""
    del workspace
    if arguments.flag("json"):
        print_json([])
    else:
        print_line("NAME  KIND  VERSION  SIZE  INSTALLED  LAST USED\n\nTOTAL plugin cache size: 0 B")


def plugin_remove(workspace: Workspace, arguments: Arguments) -> None:
    """There is nothing to remove."""
    del workspace, arguments
    raise PulumiError("no plugins found to uninstall")


def usage(commands: list[str]) -> None:
    """The overall help."""
    print_line(f"pulumi {engine_version()}: emulated engine\n\n{NOTICE}\n\nCommands:")
    for command in commands:
        print_line(f"    {command}")


def command_usage(command: str, flags: list[Flag]) -> None:
    """A command's help."""
    print_line(f"Usage:\n  pulumi {command} [flags]\n\nEmulated engine. Flags:")
    for flag in flags:
        short = f"-{flag.short}, " if flag.short else "    "
        print_line(f"  {short}--{flag.name}{'' if flag.kind == 'bool' else ' ' + flag.kind}")
