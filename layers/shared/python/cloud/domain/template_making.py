"""A template made of a deployment's manifest: what is this deployment's alone becomes variables, all else stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from cloud.domain.document import Document, Path
from cloud.domain.document_reader import read_document
from cloud.domain.manifest import Manifest
from cloud.domain.manifest_parsing import parse_manifest
from cloud.domain.template import BUILT_IN
from cloud.domain.template_quoting import flow

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def template_of(text: str, *, description: str, file: str) -> tuple[str, str]:
    """``template.yaml`` and ``manifest.yaml.template``. Raises ConfigurationError for a manifest that has problems.

    The values of the deployment become the variables' defaults: its region, where all environments have the same, and each
    environment's account.
    """
    manifest = parse_manifest(text, file=file)
    regions = {item.region for item in manifest.environments.values() if item.region}
    region = next(iter(regions)) if len(regions) == 1 else ""
    declared = f"version: 1\ndescription: {flow(description)}\nvariables:\n" + "".join(_declarations(manifest, region))
    return declared.replace("variables:\n", "variables: {}\n") if declared.endswith(":\n") else declared, _body(
        text, manifest, region, file
    )


def _declarations(manifest: Manifest, region: str) -> Iterator[str]:
    if region:
        yield "  region:\n    description: AWS region of every environment\n"
        yield f'    pattern: "[a-z]{{2,5}}(-[a-z]+)+-[0-9]+"\n    default: {region}\n'
    for name, environment in manifest.environments.items():
        if environment.account:
            yield f"  accounts.{name}:\n    description: AWS account of {name}\n"
            yield f'    pattern: "[0-9]{{12}}"\n    default: "{environment.account}"\n'


def _body(text: str, manifest: Manifest, region: str, file: str) -> str:
    document = read_document(text, file=file)
    new = dict(_replacements(document, manifest, region))
    scalars = [token for token in yaml.scan(text, Loader=_Loader) if isinstance(token, yaml.ScalarToken)]
    for token in reversed(scalars):
        value = new.get((token.start_mark.line + 1, token.start_mark.column + 1))
        if value is not None:
            text = f"{text[: token.start_mark.index]}{flow(value)}{text[token.end_mark.index :]}"
    return text


def _replacements(document: Document, manifest: Manifest, region: str) -> Iterator[tuple[tuple[int, int], str]]:
    """What takes the place of the value that begins at a line and column."""

    def at(path: Path, value: str) -> tuple[tuple[int, int], str]:
        position = document.locate(path)
        return (position.line, position.column), value

    for name in BUILT_IN:
        yield at(("deployment", name), f"{{{{{name}}}}}")
    for name, environment in manifest.environments.items():
        place = ("environments", name)
        account = f"{{{{accounts.{name}}}}}"
        if environment.account:
            yield at((*place, "account"), account)
        if environment.region and region:
            yield at((*place, "region"), "{{region}}")
        if environment.role_arn and environment.account:
            yield at((*place, "role_arn"), environment.role_arn.replace(f"::{environment.account}:", f"::{account}:"))
