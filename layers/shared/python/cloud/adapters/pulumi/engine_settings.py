"""Which engine runs the stacks, and the environment that it and the programs get to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ALLOWED_VARIABLES = frozenset(
    {
        # finding programs, and speaking the user's language and time
        *("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ"),
        # the way out of a company's network, and whom to trust there
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"),
        "NODE_EXTRA_CA_CERTS",
    }
)
"""What a program inherits from the host. Everything else stays out: a stack's program belongs to another team than the
control plane, so it must neither read the control plane's credentials, tokens and settings nor depend on whatever happens
to be set on the machine that runs it. Credentials for AWS are given on purpose, in ``EngineSettings.environment``."""

RUN_MARKER = "CLOUD_RUN"
"""Set to a value of its own in every process of a run, by which processes that left the run's session are found again.
A server that is meant to outlive the run (a fork server) must be started without it."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What every run of one control plane has in common.

    ``backend_url`` is Pulumi's backend (``s3://…``, ``file:///…``). ``passphrase`` or ``secrets_provider`` (``awskms://…``)
    protects the secrets of new stacks; a stack that exists keeps its own. ``pulumi_root`` is the folder with ``bin/pulumi``,
    empty for the one on PATH. ``pulumi_home`` is where installed plugins are (``plugins/``); everything else that Pulumi
    keeps in its home (credentials, logs, workspaces) is the run's own and goes with it. ``plugin_path`` holds folders with
    more plugins, separated as in PATH. ``work_root`` is where runs unpack, empty for the system's temporary folder.
    ``host`` is the host's environment, of which ``ALLOWED_VARIABLES`` pass; ``environment`` is given to Pulumi, its plugins
    and programs as it stands (AWS region, endpoint, credentials) and wins over everything.
    """

    backend_url: str
    passphrase: str = field(default="", repr=False)
    secrets_provider: str = ""
    pulumi_root: str = ""
    pulumi_home: str = ""
    plugin_path: str = ""
    work_root: str = ""
    host: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_self_managed(self) -> bool:
        """Whether the state lies in a bucket or folder, not in Pulumi Cloud."""
        return not self.backend_url.startswith(("https://", "http://"))

    def process_environment(self, run_folder: Path, marker: str) -> dict[str, str]:
        """The whole environment of the processes of one run that works in ``run_folder``."""
        allowed = {name: value for name, value in self.host.items() if name in ALLOWED_VARIABLES and value}
        own_bin = str(Path(self.pulumi_root) / "bin") if self.pulumi_root else ""
        # The engine's own folder first: its language hosts must be of its own version.
        path = ":".join(part for part in (own_bin, self.plugin_path, allowed.get("PATH", "/usr/bin:/bin")) if part)
        return {
            "LANG": "C.UTF-8",
            **allowed,
            "PATH": path,
            "HOME": str(run_folder / "home"),
            "TMPDIR": str(run_folder / "tmp"),
            "PULUMI_HOME": str(run_folder / "pulumi"),
            "PULUMI_BACKEND_URL": self.backend_url,
            "PULUMI_CONFIG_PASSPHRASE": self.passphrase,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # Plugins are pinned where the engine is installed. Otherwise it looks for those of every package that the
            # interpreter has, needed or not, on the network, and for seconds where there is none.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "GRPC_VERBOSITY": "NONE",
            RUN_MARKER: marker,
            **self.environment,
        }
