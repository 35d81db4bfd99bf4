"""Where templates are: those that come with the installation, and a repository's own in ``templates/custom/``.

A template is a folder with ``template.yaml`` and ``manifest.yaml.template``. A repository's own one is found before one of
the same name that comes with the installation, so that a newer installation changes nothing under anybody's hands.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.domain.errors import ConfigurationError, NotFound, Problem
from cloud_cli.session import UsageError
from cloud_cli.workspace import project_root, shown

if TYPE_CHECKING:
    from cloud.domain.template import Template
    from cloud.domain.template_parsing import CheckedTemplate

CUSTOM = Path("templates") / "custom"
DECLARATION = "template.yaml"
MANIFEST_TEMPLATE = "manifest.yaml.template"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Source:
    """A template's folder. ``root`` is the repository that it is of, None for one that comes with the installation;
    ``hides`` says that it takes the place of one that does."""

    name: str
    folder: Path
    root: Path | None = None
    hides: bool = False

    @property
    def declaration(self) -> Path:
        return self.folder / DECLARATION

    @property
    def manifest(self) -> Path:
        return self.folder / MANIFEST_TEMPLATE

    @property
    def origin(self) -> str:
        return "custom" if self.root else "shipped"


def template_sources(start: Path | None = None) -> dict[str, Source]:
    """The templates that can be used at ``start`` (the current folder), by name, sorted."""
    root = project_root(start or Path.cwd())
    shipped = {path.name: Source(path.name, path) for path in _folders(shipped_templates())}
    own = {path.name: Source(path.name, path, root, path.name in shipped) for path in _folders(root / CUSTOM)}
    return dict(sorted({**shipped, **own}.items()))


def template_names(start: Path | None = None) -> list[str]:
    return list(template_sources(start))


def find_template(name: str, start: Path | None = None) -> Source:
    """Raises NotFound for a template that there is not."""
    sources = template_sources(start)
    if name not in sources:
        from cloud.domain.suggestions import did_you_mean

        hint = did_you_mean(name, sources) or f"There are: {', '.join(sources)}."
        raise NotFound(f"There is no template {name!r}.", hint=hint)
    return sources[name]


def find_template_or_folder(given: str) -> Source:
    """A template by its name, or by the path of its folder or of one of its files. Raises NotFound."""
    path = Path(given)
    if path.name in (DECLARATION, MANIFEST_TEMPLATE):
        path = path.parent
    if ("/" in given or path.name != given or given in (".", "..")) and not path.is_dir():
        raise NotFound(f"There is no folder {given!r}.", hint="Name a template, or the path of its folder.")
    if path.is_dir() and (path / DECLARATION).exists():
        return Source(path.absolute().name, path.absolute(), project_root(path.absolute()))
    if path.is_dir() and given not in template_sources():
        raise NotFound(f"{given} holds no {DECLARATION}.", hint="A template is a folder with it.")
    return find_template(given)


def check_source(source: Source) -> CheckedTemplate:
    """Everything that is wrong with the template's files, or worth a warning; a file that can't be read is such a problem."""
    from cloud.domain.template_parsing import CheckedTemplate, check_template

    unreadable = [
        item for item in (_unreadable(source.folder, path) for path in (source.declaration, source.manifest)) if item
    ]
    if unreadable:
        return CheckedTemplate(None, unreadable, [])
    return check_template(
        source.name,
        read_bounded(source.declaration),
        read_bounded(source.manifest),
        file=shown(source.declaration),
        manifest_file=shown(source.manifest),
    )


def load_template(source: Source) -> Template:
    """Raises ConfigurationError with every problem of a template that has any."""
    from cloud.domain.template_parsing import template_error

    checked = check_source(source)
    if checked.template is None:
        error = template_error(source.name, checked.problems)
        error.hint = f"`cloud template-validate {source.name}` checks it again."
        raise error
    return checked.template


def shipped_templates() -> Path:
    from cloud_local import bundle

    return bundle.folder("templates") / "default"


def read_bounded(path: Path) -> bytes:
    """At most a byte more than the reader takes, so that it sees what is too large and nobody reads all of it."""
    from cloud.domain.document_reader import MAX_BYTES

    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def require_template_name(name: str) -> None:
    """Raises ConfigurationError for what can't be the name of a template."""
    from cloud.domain.template import TEMPLATE

    if not TEMPLATE.matches(name):
        problem = Problem(f"{name[:60]!r} is not a template name", expected=TEMPLATE.form)
        raise ConfigurationError(f"{problem.render()}.", problems=[problem])


def parse_assignments(given: list[str]) -> list[tuple[str, str]]:
    """``--var key=value`` options. Raises UsageError for one without a key or a ``=``."""
    pairs = []
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise UsageError("--var is not KEY=VALUE.", hint="Such as --var region=eu-west-1, or --var tags.team=web.")
        pairs.append((name.strip(), value))
    return pairs


def _unreadable(folder: Path, path: Path) -> Problem | None:
    """Why a file is not read: it is missing, or a link leads out of the template."""
    if not path.is_file():
        return Problem("there is no such file", file=shown(path), expected="a template's own file")
    if not path.resolve().is_relative_to(folder.resolve()):
        return Problem("this is a link that leads out of the template", file=shown(path), expected="a file")
    return None


def _folders(folder: Path) -> list[Path]:
    from cloud.domain.template import TEMPLATE

    if not folder.is_dir():
        return []
    return [
        path
        for path in folder.iterdir()
        if path.is_dir()
        and TEMPLATE.matches(path.name)
        and any((path / file).exists() for file in (DECLARATION, MANIFEST_TEMPLATE))
    ]
