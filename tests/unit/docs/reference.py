"""What the reference says of the code, made from the code: ``python -m tests.unit.docs.reference`` writes it anew.

A page holds a made part between ``<!-- made from the code: NAME -->`` and ``<!-- end -->``; the rest of it is written by hand.
``test_reference_is_current.py`` fails while a part is not what the code says.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from cloud.domain import errors as error_tree
from cloud.domain.errors import CloudError
from infra import topology

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "docs" / "reference"

_PART = re.compile(r"(<!-- made from the code: (?P<name>[a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_MARKUP = re.compile(r"\[/?(?:dim|bold)?\]")


def errors() -> Iterator[str]:
    """The tree, a class right below its parent. What it means stands in its docstring, else in the drawing of the module."""
    yield "| error | child of | code | exit | HTTP | retryable | meaning |"
    yield "|---|---|---|---|---|---|---|"
    drawn = dict(re.findall(r"^ *[├└]── (\w+) {2,}(.+)$", inspect.getdoc(error_tree) or "", re.MULTILINE))
    yield from _error_rows(CloudError, "", {**drawn, "CloudError": "the root"})


def _error_rows(cls: type[CloudError], parent: str, drawn: dict[str, str]) -> Iterator[str]:
    name = cls.__name__
    said = inspect.cleandoc(cls.__dict__.get("__doc__") or "").partition("\n\n")[0]
    meaning = drawn.get(name) or " ".join(said.split()).rstrip(".")
    retryable = "yes" if cls.retryable else "no"
    above = f"`{parent}`" if parent else ""
    yield f"| `{name}` | {above} | `{cls.code}` | {cls.exit_code} | {cls.http_status} | {retryable} | {meaning} |"
    for child in cls.__subclasses__():
        if child.__module__ == CloudError.__module__:
            yield from _error_rows(child, name, drawn)


def tables() -> Iterator[str]:
    yield "| table | keys | indexes (hash, range) | stream | TTL |"
    yield "|---|---|---|---|---|"
    for table in topology.TABLES:
        indexes = ", ".join(f"{index.name} (`{index.hash_key}`, `{index.range_key}`)" for index in table.indexes)
        stream, ttl = ("yes" if flag else "no" for flag in (table.stream, table.ttl))
        yield f"| `{table.name}` | `{table.hash_key}`, `{table.range_key}` | {indexes or 'none'} | {stream} | {ttl} |"


def functions() -> Iterator[str]:
    yield "| function | time-out | memory | tables | uses |"
    yield "|---|---|---|---|---|"
    for function in topology.FUNCTIONS:
        reaches = ", ".join(f"`{name}`" for name in function.tables)
        uses = ", ".join(function.uses)
        yield f"| `{function.name}` | {function.timeout} s | {function.memory} MiB | {reaches} | {uses} |"


def commands() -> Iterator[str]:
    """Every command with its own arguments and options; the global ones are told once."""
    group = command_line()
    yield "### Global options"
    yield ""
    yield "Before or after the command's name; what stands after it wins."
    yield ""
    yield from _table(group, of_all=True)
    for path, command in walk(group):
        yield ""
        yield f"### `{path}`"
        yield ""
        yield _plain(command.help or "")
        if not hasattr(command, "commands"):
            yield ""
            yield f"    {_usage(path, command)}"
            rows = list(_table(command, of_all=False))
            yield from ["", *rows] if rows else []


def types() -> Iterator[str]:
    """The provider's table: every resource type, by the package of pulumi_aws that it stands in."""
    from cloud_local.provider.types import TYPES

    yield "| package | types |"
    yield "|---|---|"
    packages: dict[str, list[str]] = {}
    for token in sorted(TYPES):
        packages.setdefault(token.split(":")[1].partition("/")[0], []).append(token.rpartition(":")[2])
    for package, names in sorted(packages.items()):
        yield f"| `{package}` | {', '.join(f'`{name}`' for name in sorted(set(names)))} |"


def invokes() -> Iterator[str]:
    from cloud_local.provider.invokes import FUNCTIONS
    from cloud_local.provider.lookups import LOOKUPS

    yield ", ".join(f"`{_short(token)}`" for token in sorted({*FUNCTIONS, *LOOKUPS})) + "."


def _short(token: str) -> str:
    """`aws:ec2/getVpc:getVpc` as people write it: `aws.ec2.getVpc`."""
    _, module, name = token.split(":")
    package = module.partition("/")[0]
    return f"aws.{name}" if package == "index" else f"aws.{package}.{name}"


def gaps() -> Iterator[str]:
    """What the emulated AWS lacks of what the table asks for, by AWS's service."""
    from cloud_local.provider.gaps import OPERATIONS

    yield "| service | operations that it lacks |"
    yield "|---|---|"
    for service, operations in sorted(OPERATIONS.items()):
        yield f"| `{service}` | {', '.join(f'`{name}`' for name in sorted(operations))} |"


def cost() -> Iterator[str]:
    """What each stack costs with its defaults, as its own document estimates it, and all together."""
    yield "| stack | USD a month | what for |"
    yield "|---|---:|---|"
    total = 0.0
    for path in sorted((ROOT / "stacks").glob("*/docs/Stack_Resources.md")):
        text = " ".join(path.read_text(encoding="utf-8").split())
        found = re.search(r"Defaults: \*\*([0-9.]+) USD a month\*\*([^.|]*(?:\.[0-9][^.|]*)*)\.", text)
        if found is None:
            raise ValueError(f"{path} doesn't say what the defaults cost")
        total += float(found[1])
        meaning = re.sub(r"[()]", "", found[2]).strip(" ,")
        yield f"| `{path.parent.parent.name}` | {found[1]} | {meaning or '–'} |"
    yield f"| **all** | **{total:.2f}** | |"


def walk(group: Any, prefix: str = "cloud") -> Iterator[tuple[str, Any]]:
    """Every command of the CLI with its full name: (``cloud local start``, command)."""
    for name, command in group.commands.items():
        yield f"{prefix} {name}", command
        if hasattr(command, "commands"):
            yield from walk(command, f"{prefix} {name}")


def command_line() -> Any:
    """The CLI's root command."""
    import typer.main

    from cloud_cli.app import build_app

    return typer.main.get_command(build_app())


def _usage(path: str, command: Any) -> str:
    arguments = [
        _argument(parameter) if parameter.required else f"[{_argument(parameter)}]"
        for parameter in command.params
        if not _is_option(parameter)
    ]
    return " ".join([path, "[OPTIONS]", *arguments])


def _table(command: Any, *, of_all: bool) -> Iterator[str]:
    """The global options, or all others; nothing when there are none."""
    rows = [
        f"| {_name(parameter)} | {_meaning(parameter)} |"
        for parameter in command.params
        if (getattr(parameter, "rich_help_panel", None) == "Global options") is of_all
    ]
    yield from ["| option | |", "|---|---|", *rows] if rows else []


def _name(parameter: Any) -> str:
    if not _is_option(parameter):
        return f"`{_argument(parameter)}`"
    names = ", ".join(f"`{option}`" for option in parameter.opts)
    value = _value(parameter).replace("|", r"\|")
    return f"{names} {value}" if value else names


def _value(parameter: Any) -> str:
    """What an option takes: its placeholder, the choices of an enumeration, or nothing for a flag."""
    annotation = parameter.type_descriptor.annotation
    if parameter.metavar or annotation is bool:
        return parameter.metavar or ""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(str(choice.value) for choice in annotation)
    return {int: "N", Path: "PATH"}.get(annotation, "TEXT")


def _meaning(parameter: Any) -> str:
    said = _plain(parameter.help or "").rstrip(".")
    default = getattr(parameter.default, "value", parameter.default)
    stated = isinstance(default, str) and default and parameter.show_default is True
    return ". ".join(
        part
        for part in (
            said,
            f"Default: `{default}`" if stated else "",
            f"Variable: `{parameter.envvar}`" if parameter.envvar else "",
        )
        if part
    )


def _is_option(parameter: Any) -> bool:
    return bool(parameter.opts[0].startswith("-"))


def _argument(parameter: Any) -> str:
    name: str = parameter.metavar or parameter.name
    return name.strip("[]").upper()


def _plain(text: str) -> str:
    """Help without Rich's markup, on one line, as a table's cell."""
    return " ".join(_MARKUP.sub("", text).split()).replace("|", r"\|")


MADE: dict[str, Callable[[], Iterator[str]]] = {
    "errors": errors,
    "tables": tables,
    "functions": functions,
    "commands": commands,
    "types": types,
    "invokes": invokes,
    "gaps": gaps,
    "cost": cost,
}


def pages() -> list[Path]:
    """The pages with a made part."""
    return [path for path in sorted(REFERENCE.glob("*.md")) if _PART.search(path.read_text(encoding="utf-8"))]


def made(text: str) -> str:
    """The page with its made parts as the code has them. Raises KeyError for a part that nobody makes."""
    return _PART.sub(lambda part: f"{part[1]}{chr(10).join(MADE[part['name']]())}\n{part[3]}", text)


def main() -> None:
    for path in pages():
        path.write_text(made(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
