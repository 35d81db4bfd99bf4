"""The StackRunner on Pulumi's Automation API.

    engine_settings.py   which engine, backend and keys; the only environment that a program gets to see
    program.py           the program's zip → a fresh folder that is a Pulumi project of the right name
    configuration.py     the stack's configuration file, written whole; secrets go through the CLI, by stdin
    processes.py         every process of a run: one session, one marker, ended together
    automation.py        the Automation API, driven on those processes (the only module that imports Pulumi)
    checkpoint.py        what Pulumi's state says: outputs, references, pending operations, keys
    pending.py           interrupted creations: a decision about each, and the state in which they are settled
    pending_lookup.py    … looked up in AWS; pending_kinds.py says how, provider_door.py with which settings
    settling.py          … before anything is created again
    event_reader.py      engine events → ``stack.resource`` and ``log.created``, and what a failure is explained from
    redaction.py         no secret, no control character, no endless message leaves the runner
    failures.py          what went wrong → one typed error
    supervision.py       the time-out, the cancel flag and the flow of events around a blocking run
    runner.py            AutomationRunner: the order of all this

Importing this package doesn't import Pulumi: a handler that never runs a stack doesn't pay for it.
"""

from cloud.adapters.pulumi.engine_settings import EngineSettings
from cloud.adapters.pulumi.runner import AutomationRunner

__all__ = ["AutomationRunner", "EngineSettings"]
