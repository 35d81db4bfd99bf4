"""``template-list``, ``template-show``, ``template-validate``, ``template-create``, ``template-delete``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud_cli import completion
from cloud_cli.options import with_session
from cloud_cli.session import Session

if TYPE_CHECKING:
    from cloud_cli.templates import Source

GROUP = "Templates"

TemplateArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The template.", autocompletion=completion.templates)
]


def register(app: typer.Typer) -> None:
    for name, function in (
        ("template-list", template_list),
        ("template-show", template_show),
        ("template-validate", template_validate),
        ("template-create", template_create),
        ("template-delete", template_delete),
    ):
        app.command(name, rich_help_panel=GROUP)(with_session(function))


def template_list(session: Session) -> None:
    """List the templates: those of this repository, and those that come with the installation. Works without any server."""
    from cloud_cli.template_views import render_templates
    from cloud_cli.templates import check_source, template_sources

    found = [(source, check_source(source)) for source in template_sources().values()]
    session.show_json(
        [
            {
                **_document(source),
                "description": checked.template.description if checked.template else "",
                "valid": checked.template is not None,
            }
            for source, checked in found
        ]
    )
    session.show(render_templates(found))
    session.say("`cloud template-show NAME` shows one, `cloud init --template NAME` makes a deployment of it.")


def template_show(session: Session, name: TemplateArgument) -> None:
    """Show a template: its variables, and its stacks by layers. Works without any server."""
    from cloud.domain.template_parsing import make_manifest, samples
    from cloud_cli.template_views import layers, render_template
    from cloud_cli.templates import find_template, load_template

    source = find_template(name)
    template = load_template(source)
    _, checked = make_manifest(template, samples(template))
    found = layers(checked.manifest)
    environments = list(checked.manifest.environments) if checked.manifest else []
    session.show_json({**_document(source), **template.to_dict(), "layers": found, "environments": environments})
    session.show(render_template(source, template, found, environments))


def template_validate(
    session: Session,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PATH", help="The template, or the path of its folder.", autocompletion=completion.templates
        ),
    ],
) -> None:
    """Check a template: its declaration, its variables, and the manifest that it makes. Works without any server."""
    from cloud.domain.template_parsing import template_error
    from cloud_cli.templates import check_source, find_template_or_folder
    from cloud_cli.workspace import shown

    source = find_template_or_folder(name)
    checked = check_source(source)
    if checked.template is None:
        raise template_error(source.name, checked.problems)
    warnings = [warning.render() for warning in checked.warnings]
    for warning in warnings:
        session.warn(f"Warning: {warning}")
    session.show_json({**_document(source), "valid": True, "warnings": warnings})
    session.show(f"The template {source.name} is valid: {shown(source.folder)}.")


def template_create(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new template.", show_default=False)],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="DEPLOYMENT|TEMPLATE",
            help="What it is made of. [dim]Default: the only deployment under deploy/[/]",
            show_default=False,
            autocompletion=completion.origins,
        ),
    ] = "",
) -> None:
    """Make a template of this repository from a deployment's manifest or another template. Works without any server."""
    from cloud_cli.templates import CUSTOM
    from cloud_cli.templating import create_template
    from cloud_cli.workspace import shown

    made = create_template(name, source, Path.cwd())
    folder = shown(made.source.folder)
    session.show_json(
        {**_document(made.source), "from": made.origin, "left_out": [str(path) for path in made.left_out]}
    )
    session.show(f"Made the template {name} from {made.origin}.")
    session.show(f"  {folder}/template.yaml           what it asks for")
    session.show(f"  {folder}/manifest.yaml.template  what it fills in")
    for warning in made.warnings:
        session.warn(f"Warning: {warning.render()}")
    if made.left_out:
        session.warn(f"Not taken over, as they are the deployment's own: {', '.join(map(shown, made.left_out))}.")
    session.say(f"Its programs stay in stacks/. Commit {CUSTOM}/ to share it.")
    session.say(f"Next: `cloud template-show {name}`, then `cloud init --org ORG --project PROJECT --template {name}`.")


def template_delete(session: Session, name: TemplateArgument) -> None:
    """Delete a template of this repository; deployments made from it stay. Works without any server."""
    from cloud_cli.templates import find_template
    from cloud_cli.templating import delete_template, require_custom
    from cloud_cli.workspace import shown

    source = find_template(name)
    require_custom(source)
    folder = shown(source.folder)
    otherwise = f"To go on without a question: cloud template-delete {name} --yes"
    session.confirm(f"This deletes {folder}. Go on?", otherwise=otherwise)
    delete_template(source)
    session.show_json({**_document(source), "deleted": True})
    session.show(f"Deleted {folder}.")
    if source.hides:
        session.say(f"{name} is again the template that comes with the installation.")


def _document(source: Source) -> dict[str, Any]:
    return {"name": source.name, "origin": source.origin, "folder": str(source.folder)}
