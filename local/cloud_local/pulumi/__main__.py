"""`python -m cloud_local.pulumi`: the emulated `pulumi` in this process."""

import os
import sys

os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from .cli import main

if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Not sys.exit: a thread that still calls a provider must not keep the process after its work was cancelled.
    os._exit(code)
