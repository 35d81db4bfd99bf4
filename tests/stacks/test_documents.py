"""What the documents of a stack say is what its program does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from tests.stacks.conftest import NAMES, STACKS
from tests.stacks.test_configuration import MODELS

DOCUMENTS = ("Prompt_Main", "Prompt_Extra", "Definitions", "Resources", "History_Errors", "History_Fixes", "History")
IDENTITY = {"stack", "deployment", "env"}


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every configuration key with its path, as the documents write it."""
    for field in model.model_fields.values():
        path = f"{prefix}{field.alias}"
        nested = [item for item in (field.annotation, *get_args(field.annotation)) if is_model(item)]
        if not nested or (field.annotation not in nested and not _is_optional(field.annotation, nested)):
            yield path
        many = not _is_optional(field.annotation, nested)
        for inner in nested:
            yield from keys(inner, f"{path}." if inner is field.annotation or not many else f"{path}.*.")


def _is_optional(annotation: object, nested: list[type[BaseModel]]) -> bool:
    """Whether it is one of the models, or nothing."""
    return bool(nested) and type(None) in get_args(annotation)


def is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def document(stack: str, name: str) -> str:
    return (STACKS / stack / "docs" / f"Stack_{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("stack", NAMES)
def test_a_stack_has_its_seven_documents(stack: str) -> None:
    for name in DOCUMENTS:
        text = document(stack, name)
        assert text.startswith(f"# {stack}: ")
        assert len(text.split()) > 40


@pytest.mark.parametrize("stack", NAMES)
def test_every_configuration_key_is_defined_and_no_other(stack: str) -> None:
    section = document(stack, "Definitions").split("## Outputs")[0]
    assert re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE) == list(keys(MODELS[stack]))


@pytest.mark.parametrize("stack", NAMES)
def test_every_output_is_defined(stack: str) -> None:
    program = (STACKS / stack / "__main__.py").read_text(encoding="utf-8")
    exported = set(re.findall(r'^ {8}"(\w+)":', program.split("export_outputs(")[1], re.MULTILINE))
    section = document(stack, "Definitions").split("## Outputs")[1]
    defined = {
        name for cell in re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE) for name in re.findall(r"\w+", cell)
    }
    assert exported
    assert exported | IDENTITY <= defined


@pytest.mark.parametrize("stack", NAMES)
def test_every_resource_that_the_program_can_make_is_explained(stack: str) -> None:
    explained = set(re.findall(r"aws:([a-z0-9]+)/\w+:(\w+)", document(stack, "Resources")))
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (STACKS / stack / "src").glob("*.py"))
    imported = {name for line in re.findall(r"from pulumi_aws import (.+)", sources) for name in line.split(", ")}
    found = [made for made in re.findall(r"\b(\w+)\.([A-Z]\w+)\(", sources) if made[0] in imported]
    made = {(module.rstrip("_"), kind) for module, kind in found}  # lambda_ is Python's name for lambda
    assert made
    assert made == explained


@pytest.mark.parametrize("stack", NAMES)
def test_the_project_is_an_ordinary_python_one_with_pinned_requirements(stack: str) -> None:
    project = yaml.safe_load((STACKS / stack / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert (project["name"], project["runtime"]) == (stack, "python")
    lines = (STACKS / stack / "requirements.txt").read_text(encoding="utf-8").splitlines()
    requirements = [line for line in lines if not line.startswith("#")]
    assert requirements[-1] == "../../layers/stack_kit"
    assert all("==" in requirement for requirement in requirements[:-1])


@pytest.mark.parametrize("stack", NAMES)
def test_the_pins_are_what_is_installed_here(stack: str) -> None:
    from importlib.metadata import version

    text = (STACKS / stack / "requirements.txt").read_text(encoding="utf-8")
    for name, pinned in re.findall(r"^([a-z-]+)==(\S+)$", text, re.MULTILINE):
        assert version(name) == pinned


@pytest.mark.parametrize("stack", NAMES)
def test_a_program_builds_no_provider_and_names_no_region_account_or_arn(stack: str) -> None:
    for path in [STACKS / stack / "__main__.py", *(STACKS / stack / "src").glob("*.py")]:
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"\bProvider\(", code)
        assert not re.search(r"\b(us|eu|ap|sa|ca|me|af)-[a-z]+-[0-9]\b", code), path
        assert not re.search(r"\b[0-9]{12}\b", code), path
        assert not re.search(r"arn:aws\b", code), path
