"""Contexts: where a control plane is and how to reach it. ``local`` is written by local mode."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cloud.domain.errors import ConfigurationError, NetworkError
from cloud.domain.suggestions import did_you_mean
from cloud.settings import caller_name, cloud_home

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Context:
    """A control plane's REST and WebSocket addresses and the caller's token. ``aws_url`` is set for local mode only."""

    url: str
    websocket_url: str
    token: str
    user: str = ""
    aws_url: str = ""

    def __repr__(self) -> str:
        return f"Context({self.url!r}, user={self.user!r})"  # never the token


def context_file(name: str) -> Path:
    return Path(cloud_home()) / "contexts" / f"{name}.json"


def save_context(name: str, context: Context) -> Path:
    """Write the file so that only its owner can read it; a reader sees the old content or the new, never half of it."""
    path = context_file(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(context), file, indent=2)
    draft.replace(path)
    return path


def load_context(name: str) -> Context:
    """Raises NetworkError without local mode, ConfigurationError when there is no such context or its file can't be read."""
    path = context_file(name)
    try:
        context = Context(**json.loads(path.read_text(encoding="utf-8")))
        return replace(context, user=caller_name() or context.user)
    except FileNotFoundError:
        missing = f"There is no context {name!r}."
        if name == LOCAL:
            raise NetworkError(missing, hint="Start it with `cloud local start`.") from None
        raise ConfigurationError(missing, hint=_which_there_are(name)) from None
    except (ValueError, TypeError, OSError) as error:
        raise ConfigurationError(
            f"The context file {path} can't be read: {error}.", hint="Delete it and start again."
        ) from error


def _which_there_are(name: str) -> str:
    known = sorted(file.stem for file in context_file(LOCAL).parent.glob("*.json"))
    if not known:
        return "`cloud local start` makes the context 'local'."
    return did_you_mean(name, known) or f"There is: {', '.join(known)}."


def remove_context(name: str) -> None:
    """Forget the context; forgetting one that isn't there is no error."""
    context_file(name).unlink(missing_ok=True)
