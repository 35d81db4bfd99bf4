"""What of the caller's environment must not reach local mode: its AWS, and a proxy between us and ourselves."""

from __future__ import annotations

import os
from collections.abc import Mapping

LOOPBACK = ("127.0.0.1", "localhost")


def isolated(environ: Mapping[str, str]) -> dict[str, str | None]:
    """The variables to set, or (None) to remove, before anything talks to the emulated AWS.

    No profile, token, endpoint or configuration file of the caller's is read: a request that missed the emulated AWS would
    otherwise go to a real account. SDKs send even loopback addresses through a proxy unless they are excepted.
    """
    changes: dict[str, str | None] = {name: None for name in environ if name.startswith("AWS_")}
    changes |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    given = [each.strip() for name in ("no_proxy", "NO_PROXY") for each in environ.get(name, "").split(",")]
    excepted = "*" if "*" in given else ",".join(dict.fromkeys([*filter(None, given), *LOOPBACK]))
    return changes | {"NO_PROXY": excepted, "no_proxy": excepted}
