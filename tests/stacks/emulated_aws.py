"""The emulated AWS in a process of its own: others that run in a test process begin and end by forgetting all that there is.

Prints its address; ends with its standard input.
"""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType

from cloud_local.aws.server import EmulatedAws


class EmulatedAwsProcess:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> str:
        assert self._process.stdout is not None
        address = self._process.stdout.readline().strip()
        assert address, "it says on stderr why it doesn't start"
        return address

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()


if __name__ == "__main__":
    aws = EmulatedAws().start()
    print(aws.url, flush=True)  # noqa: T201
    sys.stdin.read()
    aws.stop()
