"""What CloudWatch Synthetics runs: it asks for one address, and fails where the answer isn't one of 200 to 399."""

import os
import urllib.request


def handler(event, context):  # noqa: ARG001 - Synthetics' signature
    # It runs by itself, in AWS, where nothing of the control plane is.
    address, timeout = os.environ["URL"], float(os.environ["TIMEOUT"])  # noqa: TID251
    if not address.startswith("https://"):
        raise ValueError(f"{address} is not https")
    request = urllib.request.Request(address, headers={"user-agent": "canary"})  # noqa: S310 - checked above
    with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
        print(f"{answer.status} {address}")  # noqa: T201 - the canary's log
    return "fine"
