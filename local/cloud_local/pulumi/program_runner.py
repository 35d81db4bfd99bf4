"""Runs a Python program against an engine: the part of Pulumi's `pulumi-language-python-exec` that meets the SDK.

Used in a fork of the engine, and as a script by the interpreter of a project's virtualenv (then only the SDK is there,
nothing of this package). Exit codes: 0 done, 32 failed and told the user, 1 failed.
"""

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

TOLD_THE_USER = 32


def _user_traceback(program: str) -> str:
    """The current exception's traceback from the user's own first frame on."""
    main = os.path.join(program, "__main__.py") if os.path.isdir(program) else program  # noqa: PTH112, PTH118
    frames = traceback.extract_tb(sys.exc_info()[2])
    for index, frame in enumerate(frames):
        if os.path.realpath(frame.filename) == os.path.realpath(main):
            return traceback.format_exc(limit=index - len(frames))
    return traceback.format_exc()


def run_program(parameters: dict[str, Any]) -> int:
    """Run the program and return its exit code. `parameters`: monitor, engine, project, stack, organization,
    root_directory, directory, program, parallel, dry_run, config, secret_keys.
    """
    import pulumi
    import pulumi.runtime

    pulumi.runtime.set_all_config(parameters["config"], parameters["secret_keys"])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=parameters["monitor"],
            engine=parameters["engine"],
            project=parameters["project"],
            stack=parameters["stack"],
            parallel=parameters["parallel"],
            dry_run=parameters["dry_run"],
            organization=parameters["organization"],
            root_directory=parameters["root_directory"],
        )
    )
    program = parameters["program"]
    os.chdir(parameters["directory"])
    absolute = os.path.abspath(program)  # noqa: PTH100 - relative to the directory just entered
    sys.argv = [program]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(parameters["parallel"], 1) * 4)
    loop.set_default_executor(executor)
    # A failed program leaves futures unobserved; asyncio's complaints about them would only confuse.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    code = 1
    try:
        if os.path.isdir(absolute) and not os.path.exists(os.path.join(absolute, "__main__.py")):  # noqa: PTH110, PTH112, PTH118
            pulumi.log.error(f"unable to find main python program `__main__.py` in `{absolute}`")
            return TOLD_THE_USER

        def run() -> None:
            runpy.run_path(program, run_name="__main__")

        loop.run_until_complete(pulumi.runtime.run_in_stack(run))
        code = 0
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except Exception:  # noqa: BLE001 - whatever the program raises is shown to the user
        pulumi.log.error("Program failed with an unhandled exception:\n" + _user_traceback(absolute))
        code = TOLD_THE_USER
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return code


if __name__ == "__main__":
    sys.exit(run_program(json.loads(sys.argv[1])))
