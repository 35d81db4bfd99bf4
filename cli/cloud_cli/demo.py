"""``cloud demo``: the whole story by the commands that a user would type, each shown before it runs.

The demo has a local mode and folders of its own, which it removes at the end; a local mode that runs already is not touched.
What it says of AWS it reads back from the emulated AWS, not from Pulumi's state.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from cloud.domain.errors import InternalError
from cloud.settings import host_environment
from cloud_local.readback import Found, resources_of

FIRST, SECOND = "DEMO001", "DEMO002"
STACKS = 16
"""Of the default template."""
FAILING, BLOCKED, INDEPENDENT = "orders", "invoices", "network"

_PROGRAMS: Mapping[str, str] = {
    FAILING: '"""Fails on purpose, to show what a failure looks like."""\n\n'
    'raise RuntimeError("the orders program fails on purpose")\n',
    BLOCKED: '"""Needs orders, and so never runs."""\n\nimport pulumi\n\npulumi.export("ready", True)\n',
}
_EXTRA_STACKS = f"""
  {FAILING}:
    dependencies: []
  {BLOCKED}:
    dependencies: [{FAILING}]
"""


def run_demo(console: Console) -> None:
    """Play it. Raises InternalError when something did not go as the story has it."""
    with tempfile.TemporaryDirectory(prefix="cloud-demo-") as folder:
        demo = _Demo(console, Path(folder))
        try:
            demo.play()
        finally:
            demo.run("local stop", show=False, check=False)


class _Demo:
    def __init__(self, console: Console, folder: Path) -> None:
        self._console = console
        self._folder = folder / "shop"
        self._folder.mkdir()
        self._home = folder / "home"
        self._began = time.monotonic()

    def play(self) -> None:
        self._say(
            "The control plane, whole, on this machine",
            "AWS is emulated; the handlers, state machine, runner and stacks are the real ones.",
        )
        self.run("local start")
        self._deploy_first()
        self._deploy_with_a_failure()
        self._destroy()
        self.run("local stop")
        self._end()

    def _deploy_first(self) -> None:
        self._say(
            "A deployment from the default template",
            "Sixteen Pulumi stacks in seven layers, from a network to monitoring; each starts when what it needs is done.",
        )
        self.run(f"init --org acme --project shop --template default --id {FIRST}")
        self.run("validate")
        self.run("plan")
        self._say("Deploy", "Progress arrives over the WebSocket: DynamoDB stream → broadcaster → here.")
        self.run("--yes deploy")
        self.run("stack-outputs services-ecs")
        self.run("stack-outputs monitoring")
        self._check_all_deployed()
        self._prove(FIRST, present=True)
        self._say("Deploy again", "Nothing has changed, so no Pulumi starts, and the reason is shown.")
        self.run("--yes deploy")

    def _deploy_with_a_failure(self) -> None:
        self._say(
            "A second deployment, in which one stack fails on purpose",
            f"{BLOCKED} needs {FAILING}, which raises; with on_failure: continue the stacks that don't need it go on.",
        )
        self.run(f"init --org acme --project shop --template minimal --id {SECOND}")
        self._add_stacks()
        only = " ".join(f"--only {name}" for name in (FAILING, BLOCKED, INDEPENDENT))
        self.run(f"--yes deploy {SECOND} {only} --on-failure continue", expected=1)
        stacks = self._stacks(SECOND)
        found = {name: (stack["status"], stack.get("blocked_by") or "") for name, stack in stacks.items()}
        expected = {FAILING: ("failed", ""), BLOCKED: ("skipped", FAILING), INDEPENDENT: ("deployed", "")}
        wrong = {name: found.get(name) for name in expected if found.get(name) != expected[name]}
        if wrong:
            raise InternalError(f"The demo expected {expected}, but found {wrong}.")
        self._note(f"As expected: {FAILING} failed, {BLOCKED} was skipped because of it, {INDEPENDENT} is deployed.")

    def _destroy(self) -> None:
        self._say("Destroy, dependents first", "")
        self.run(f"--yes destroy {SECOND}")
        self.run(f"--yes destroy {FIRST}")
        self._prove(FIRST, present=False)
        self._prove(SECOND, present=False)

    def _end(self) -> None:
        seconds = time.monotonic() - self._began
        self._say(f"That was all of it, in {seconds:.0f} s", "")
        self._console.print("Try next:")
        for command, meaning in (
            ("cloud local start", "the same control plane, to keep"),
            ("cloud init --org acme --project shop", "a deployment of your own here"),
            ("cloud deploy", "plan, ask, deploy; Ctrl-C detaches"),
            ("cloud --help", "everything else"),
        ):
            self._console.print(f"  {command:<38} {meaning}", highlight=False)

    # -- steps

    def run(self, command: str, *, expected: int = 0, show: bool = True, check: bool = True) -> str:
        """Run ``cloud {command}`` as a user would; its output goes where ours goes, or is given back when not shown."""
        if show:
            self._console.print(f"\n$ cloud {command}", style="bold", highlight=False)
        ran = subprocess.run(
            [sys.executable, "-m", "cloud_cli", *shlex.split(command)],
            cwd=self._folder,
            env={**host_environment(), "CLOUD_HOME": str(self._home)},
            stdout=None if show else subprocess.PIPE,
            stderr=None if show else subprocess.PIPE,
            text=True,
            check=False,
        )
        if check and ran.returncode != expected:
            raise InternalError(f"`cloud {command}` ended with {ran.returncode}, not with {expected}.")
        return ran.stdout or ""

    def _add_stacks(self) -> None:
        manifest = next(self._folder.glob(f"deploy/{SECOND}-*/manifest.yaml"))
        text = manifest.read_text(encoding="utf-8")
        manifest.write_text(text.replace("\npolicy:", f"{_EXTRA_STACKS}\npolicy:"), encoding="utf-8")
        for name, program in _PROGRAMS.items():
            project = self._folder / "stacks" / name
            project.mkdir(parents=True)
            (project / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n", encoding="utf-8")
            (project / "__main__.py").write_text(program, encoding="utf-8")

    def _check_all_deployed(self) -> None:
        statuses = {name: stack["status"] for name, stack in self._stacks(FIRST).items()}
        wrong = {name: status for name, status in statuses.items() if status != "deployed"}
        if wrong or len(statuses) != STACKS:
            raise InternalError(f"The demo expected {STACKS} deployed stacks, but found {statuses}.")

    def _stacks(self, deployment_id: str) -> dict[str, dict[str, Any]]:
        status = json.loads(self.run(f"--json status {deployment_id}", show=False))
        return {stack["stack"]: stack for environment in status["environments"] for stack in environment["stacks"]}

    def _prove(self, deployment_id: str, *, present: bool) -> None:
        found = resources_of(self._aws_url(), deployment_id)
        total = sum(len(item.ids) for item in found)
        self._console.print(f"\nRead back from the emulated AWS ({deployment_id}):")
        if total:
            for item in found:
                self._console.print(
                    f"  {len(item.ids)} × {item.kind}: {_shortened(item)}", highlight=False, soft_wrap=True
                )
        else:
            self._console.print("  nothing is left")
        if present and not all(item.ids for item in found):
            raise InternalError("A resource that was deployed is not in the emulated AWS.")
        if not present and total:
            raise InternalError("A resource that was destroyed is still in the emulated AWS.")

    def _aws_url(self) -> str:
        context = json.loads((self._home / "contexts" / "local.json").read_text(encoding="utf-8"))
        url: str = context["aws_url"]
        return url

    def _say(self, title: str, text: str) -> None:
        self._console.print()
        self._console.rule(Text(title, style="bold"), align="left")
        if text:
            self._console.print(text, highlight=False)

    def _note(self, text: str) -> None:
        self._console.print(text, style="green", highlight=False)


def _shortened(found: Found) -> str:
    """A few ids are proof enough for the eye."""
    return ", ".join(found.ids[:3]) + (f" and {len(found.ids) - 3} more" if len(found.ids) > 3 else "")
