from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cloud.adapters.pulumi.engine_settings import RUN_MARKER, EngineSettings

FOLDER = Path("/run-folder")


def test_a_program_sees_nothing_of_the_host_but_what_is_allowed() -> None:
    host = {
        "PATH": "/usr/bin",
        "HTTPS_PROXY": "http://proxy",
        "LANG": "de_DE.UTF-8",
        "HOME": "/home/operator",
        "AWS_SECRET_ACCESS_KEY": "the control plane's own",
        "CLOUD_DEPLOYMENTS_TABLE": "cloud-deployments",
        "PULUMI_ACCESS_TOKEN": "pul-1",
        "PYTHONPATH": "/control/plane",
    }
    environment = EngineSettings("file:///state", host=host).process_environment(FOLDER, "m")

    assert environment["PATH"] == "/usr/bin"
    assert environment["HTTPS_PROXY"] == "http://proxy"
    assert environment["LANG"] == "de_DE.UTF-8"
    assert environment["HOME"] == "/run-folder/home"
    assert environment["TMPDIR"] == "/run-folder/tmp"
    assert environment["PULUMI_HOME"] == "/run-folder/pulumi"
    assert environment[RUN_MARKER] == "m"
    assert not set(environment) & {
        "AWS_SECRET_ACCESS_KEY",
        "CLOUD_DEPLOYMENTS_TABLE",
        "PULUMI_ACCESS_TOKEN",
        "PYTHONPATH",
    }


def test_what_is_given_on_purpose_wins() -> None:
    settings = EngineSettings("file:///state", host={"LANG": "x"}, environment={"AWS_REGION": "eu-west-1", "LANG": "y"})
    environment = settings.process_environment(FOLDER, "m")

    assert (environment["AWS_REGION"], environment["LANG"]) == ("eu-west-1", "y")


def test_the_engines_own_folder_comes_before_plugins_and_the_host() -> None:
    settings = EngineSettings(
        "file:///state", pulumi_root="/opt/pulumi", plugin_path="/plugins", host={"PATH": "/usr/bin"}
    )

    assert settings.process_environment(FOLDER, "m")["PATH"] == "/opt/pulumi/bin:/plugins:/usr/bin"


def test_the_settings_do_not_show_what_they_keep() -> None:
    settings = EngineSettings(
        "s3://state", passphrase="hunter22", host={"A": "hunter23"}, environment={"B": "hunter24"}
    )
    assert "hunter" not in repr(settings)


def test_only_pulumi_cloud_is_managed_by_others() -> None:
    assert EngineSettings("s3://bucket").is_self_managed
    assert EngineSettings("file:///state").is_self_managed
    assert not EngineSettings("https://api.pulumi.com").is_self_managed


def test_the_adapter_is_imported_without_pulumi() -> None:
    code = (
        "import sys, cloud.adapters.pulumi; sys.exit(any(name.startswith(('pulumi', 'grpc')) for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
