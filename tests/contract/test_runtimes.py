"""Programs in other languages than Python: with an installed Pulumi they run, without one the error says what to install."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from cloud.domain.errors import EngineMissing, ProgramFailed
from cloud_local.pulumi import install
from cloud_local.toolchains import toolchain_environment
from tests.contract.runner_scenarios import (
    NO_REAL_ENGINE,
    Log,
    RunnerUnderTest,
    automation_runner,
    never,
    real_engine_root,
)

YAML = {
    "Pulumi.yaml": """
name: whatever
runtime: yaml
variables:
  said: {fn::join: ["-", [a, b]]}
outputs: {said: "${said}"}
"""
}
NODE = {
    "Pulumi.yaml": "name: whatever\nruntime: nodejs\n",
    "package.json": '{"main": "index.js", "dependencies": {"@pulumi/pulumi": "^3"}}',
    "index.js": 'exports.said = require("@pulumi/pulumi").output(["a", "b"]).apply(words => words.join("-"));',
}
TYPESCRIPT = {
    "Pulumi.yaml": "name: whatever\nruntime: nodejs\n",
    "package.json": '{"main": "index.ts", "dependencies": {"@pulumi/pulumi": "^3"}, "devDependencies": {"typescript": "^5"}}',
    "index.ts": (
        'import * as pulumi from "@pulumi/pulumi";\n'
        'const words: string[] = ["a", "b"];\n'
        'export const said = pulumi.output(words).apply(list => list.join("-"));\n'
    ),
}
GO = {
    "Pulumi.yaml": "name: whatever\nruntime: go\n",
    "go.mod": "module whatever\n\ngo 1.24\n\nrequire github.com/pulumi/pulumi/sdk/v3 v3.190.0\n",
    "main.go": """package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() {
	pulumi.Run(func(context *pulumi.Context) error {
		context.Export("said", pulumi.Sprintf("%s-%s", "a", "b"))
		return nil
	})
}
""",
}
TOOLS = {"yaml": "", "node": "npm", "typescript": "npm", "go": "go"}
PROGRAMS = {"yaml": YAML, "node": NODE, "typescript": TYPESCRIPT, "go": GO}


def packed(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture
def stand_in(tmp_path: Path) -> RunnerUnderTest:
    install(tmp_path / "engine")
    return automation_runner("stand-in", str(tmp_path / "engine"), {}, tmp_path)


@pytest.fixture
def installed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> RunnerUnderTest:
    root = real_engine_root()
    if root is None:
        pytest.skip(NO_REAL_ENGINE)
    caches = tmp_path_factory.getbasetemp() / "toolchains"
    environment = toolchain_environment(os.environ, caches) | {"GOFLAGS": "-mod=mod"}  # the program has no go.sum
    return automation_runner("real", root, environment, tmp_path)


@pytest.mark.real_pulumi
@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", PROGRAMS)
def test_it_runs_where_pulumi_is_installed(installed: RunnerUnderTest, language: str) -> None:
    if TOOLS[language] and shutil.which(TOOLS[language]) is None:
        pytest.skip(f"NOT TESTED with {language}: there is no {TOOLS[language]} on PATH")
    request = installed.request_for(packed(PROGRAMS[language]), timeout_seconds=500.0)
    assert installed.runner.run(request, Log(), never).outputs == {"said": "a-b"}


@pytest.mark.real_pulumi
def test_what_a_yaml_program_does_wrong_is_told_by_its_language_host(installed: RunnerUnderTest) -> None:
    wrong = {"Pulumi.yaml": "name: whatever\nruntime: yaml\noutputs: {said: '${nowhere.at.all}'}\n"}
    with pytest.raises(ProgramFailed, match="nowhere"):
        installed.runner.run(installed.request_for(packed(wrong)), Log(), never)


@pytest.mark.parametrize(
    ("language", "told", "wanted"),
    [
        ("yaml", "not yaml", "Install the Pulumi CLI"),
        ("typescript", "not nodejs", "A nodejs program also needs Node.js with npm."),
        ("go", "not go", "A go program also needs Go."),
    ],
)
def test_without_pulumi_the_error_says_what_to_install(
    stand_in: RunnerUnderTest, language: str, told: str, wanted: str
) -> None:
    with pytest.raises(EngineMissing, match=told) as refused:
        stand_in.runner.run(stand_in.request_for(packed(PROGRAMS[language])), Log(), never)
    assert wanted in str(refused.value.hint)
    assert "--pulumi-root" in str(refused.value.hint)
