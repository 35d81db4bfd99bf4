"""`cloud demo` tells the whole story on a machine of its own, and leaves nothing behind."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from cloud_cli.demo import run_demo

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.timeout(400)]


def demo_folders() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob("cloud-demo-*")}


def test_the_demo_proves_what_it_did_and_ends_with_what_to_try_next() -> None:
    before = demo_folders()
    told = io.StringIO()

    run_demo(Console(file=told, width=120))

    text = told.getvalue()
    steps = [line for line in text.splitlines() if line.startswith("$ cloud ")]
    assert [step.split()[2] for step in steps[:3]] == ["local", "init", "validate"]
    assert "$ cloud --yes destroy DEMO001" in steps
    assert "1 × VPC: vpc-" in text
    assert "2 × S3 bucket: " in text
    assert "As expected: orders failed, invoices was skipped because of it" in text
    assert text.count("nothing is left") == 2
    assert "Try next:" in text
    assert demo_folders() == before
