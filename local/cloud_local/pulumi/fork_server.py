"""A server that has the SDKs imported already and runs each command in a fork of itself: tens of milliseconds, not seconds.

`python -m cloud_local.pulumi.fork_server SOCKET [FILE]` serves until it is told to stop (SIGTERM) or its standard input closes;
FILE holds a passphrase whose key is derived ahead.
It is single-threaded and never uses gRPC, so that its forks may. Each fork leads a session and a process group of its own.
The server watches the launchers: what they are signalled it passes on, and when one dies, its fork is killed with its group,
because launcher and engine are one process with the CLI, and the group holds the program, which nobody else could find. Plugins
have groups of their own and outlive the engine, as the CLI's do: whoever killed it has to end them.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# The compiled protobuf runtime and gRPC survive a fork as long as neither has started threads.
PREIMPORTED = (
    "pulumi",
    "pulumi.runtime",
    "pulumi.runtime.proto.events_pb2_grpc",
    "pulumi.runtime.proto.provider_pb2_grpc",
    "pulumi.runtime.proto.status_pb2",
    "cryptography.hazmat.primitives.ciphers.aead",
    # What stack programs of ours are configured by; most of it loads itself when its names are first used.
    "pydantic.fields",
    "pydantic.functional_validators",
    "pydantic.main",
    "cloud_local.pulumi.cli",
    "cloud_local.pulumi.launcher_watch",
    "cloud_local.pulumi.random_provider",
)
# Parts of pulumi_aws that ordinary stacks use. Its own lazy imports race across threads; loaded here, they can't. WAF is
# left out: it takes a fifth of the memory of all others together, and is off by default.
PREIMPORTED_AWS = (
    "ec2",
    "vpc",
    "s3",
    "iam",
    "kms",
    "cloudwatch",
    "efs",
    "backup",
    "cloudtrail",
    "lambda_",
    "sqs",
    "ssm",
    "ecs",
    "lb",
    "secretsmanager",
    "rds",
    "cognito",
    "autoscaling",
    "eks",
    "route53",
    "ecr",
    "codebuild",
    "apigatewayv2",
    "sns",
    "appautoscaling",
    "servicediscovery",
    "acm",
    "scheduler",
    "budgets",
    "signer",
    "accessanalyzer",
)
READY = "ready"
_WARMING_STEPS = 400
"""More than the provider has to load."""
_FD_LIMIT = 4096
_TAUGHT = 16
"""Keys, and as many salts, that one command may teach: some 4 KB, which a pipe takes at once."""


@dataclass
class Running:
    """A command under way."""

    connection: socket.socket
    pid: int
    keys: int


class ForkServer:
    """Serves one socket."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(128)
        self._path = path
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, Running] = {}
        self._stopping = False

    def serve(self, idle_work: list[Callable[[], None]]) -> None:
        """Serve until stopped; then end all that still runs. `idle_work` is done one by one while nobody asks anything."""
        wake_out, wake_in = socket.socketpair()
        wake_out.setblocking(False)
        wake_in.setblocking(False)
        signal.set_wakeup_fd(wake_in.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._stop)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(wake_out, selectors.EVENT_READ, lambda: self._drain(wake_out))
        with contextlib.suppress(OSError, ValueError):
            # Whoever started the server holds the other end: when it dies, so does the server.
            self._selector.register(sys.stdin, selectors.EVENT_READ, self._stop)
        while not self._stopping:
            ready = self._selector.select(0 if idle_work else None)
            for key, _ in ready:
                key.data()
            self._reap()
            if not ready and idle_work:
                idle_work.pop(0)()
        for running in self._running.values():
            _kill_session(running.pid)
        self._path.unlink(missing_ok=True)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    @staticmethod
    def _drain(wake: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            while wake.recv(4096):
                continue

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        try:
            request, streams = _receive(connection)
        except (OSError, ValueError, KeyError):
            connection.close()
            return
        keys, child_keys = os.pipe()
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(keys)
            _run_command(request, streams, child_keys, connection, server)
        os.close(child_keys)
        for fd in streams:
            os.close(fd)
        self._running[pid] = Running(connection, pid, keys)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._heard(pid))

    def _heard(self, pid: int) -> None:
        """A launcher passes a signal on, or is gone."""
        running = self._running[pid]
        try:
            numbers = running.connection.recv(64)
        except OSError:
            numbers = b""
        for number in numbers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if not numbers:
            self._selector.unregister(running.connection)
            _kill_group(pid)

    def _reap(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            running = self._running.pop(pid, None)
            if running is None:
                continue
            # An engine that was killed leaves its program behind, which is of no use to anybody.
            _kill_group(pid)
            _learn(running.keys)
            with contextlib.suppress(KeyError):
                self._selector.unregister(running.connection)
            code = os.waitstatus_to_exitcode(status)
            with contextlib.suppress(OSError):
                running.connection.sendall(str(code if code >= 0 else 128 - code).encode())
                # Its end for everybody: the program, a fork of the engine, has the connection too and may have left daemons.
                running.connection.shutdown(socket.SHUT_RDWR)
            running.connection.close()


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _kill_session(pid: int) -> None:
    """With plugins too: when the server stops, nobody is left who would end them."""
    _kill_group(pid)
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(int(entry.name)) == pid:
                os.kill(int(entry.name), signal.SIGKILL)


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    connection.settimeout(5)
    header, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    streams = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            streams.frombytes(data)
    size, body = int.from_bytes(header, "big"), b""
    while len(body) < size:
        part = connection.recv(size - len(body))
        if not part:
            raise ValueError("the launcher went away")
        body += part
    connection.settimeout(None)
    if len(streams) != 3:
        raise ValueError("the standard streams are missing")
    return json.loads(body), list(streams)


def _run_command(
    request: dict[str, Any], streams: list[int], keys: int, connection: socket.socket, server: int
) -> None:
    """In the fork: take the launcher's place, run the command, leave. A server that is gone can't tell the code."""
    code, door = 1, -1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        for target, fd in enumerate((*streams, keys, connection.detach())):
            os.dup2(fd, target)
        # Nothing else of the server's is a fork's business: its sockets, its selector, other commands' pipes.
        keys, door = len(streams), len(streams) + 1
        os.closerange(door + 1, min(os.sysconf("SC_OPEN_MAX"), _FD_LIMIT))
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        os.environ.clear()
        os.environ.update(request["environment"])
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        os.chdir(request["directory"])
        sys.path[:0] = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
        from . import cli, launcher_watch, passphrase

        launcher_watch.watch(socket.socket(fileno=door))
        before = set(passphrase.known_keys())
        code = cli.main(request["words"])
        _teach(keys, before)
    except BaseException:  # noqa: BLE001 - a fork must never return into the server's loop
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        if door >= 0 and os.getppid() != server:
            with contextlib.suppress(OSError):
                os.write(door, str(code).encode())
        os._exit(code)


def _teach(pipe: int, before: set[bytes]) -> None:
    """Tell the server which keys were derived beside those `before`, for later commands: a derivation takes 0.3 s."""
    from . import passphrase

    keys = {name: key for name, key in passphrase.known_keys().items() if name not in before}
    if keys:
        new = {name.hex(): key.hex() for name, key in list(keys.items())[:_TAUGHT]}
        salts = {name.hex(): salt for name, salt in list(passphrase.known_salts().items())[:_TAUGHT]}
        os.write(pipe, json.dumps({"keys": new, "salts": salts}).encode())


def _learn(pipe: int) -> None:
    """A salt that the server has already stays: only one is taken for new stacks from now on."""
    from . import passphrase

    with os.fdopen(pipe, "rb") as stream:
        os.set_blocking(stream.fileno(), False)
        data = stream.read()
    if data:
        taught = json.loads(data)
        passphrase.known_keys().update(
            {bytes.fromhex(name): bytes.fromhex(key) for name, key in taught["keys"].items()}
        )
        for name, salt in taught["salts"].items():
            passphrase.known_salts().setdefault(bytes.fromhex(name), salt)


def preimport() -> None:
    """Import what every fork needs."""
    for name in PREIMPORTED:
        importlib.import_module(name)


def _prepare_key(file: Path) -> None:
    from . import passphrase

    passphrase.prepare(passphrase.read_passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}))


def _preimport_provider() -> None:
    with contextlib.suppress(ImportError):
        importlib.import_module("cloud_local.provider")


def _warm_provider() -> Iterator[Callable[[], None]]:
    """What the provider would otherwise load in each fork; looked up when its turn comes, after the imports."""

    def begin() -> None:
        with contextlib.suppress(ImportError):
            pending.extend(importlib.import_module("cloud_local.provider.warming").work())

    def one() -> None:
        if pending:
            pending.pop(0)()
            gc.freeze()

    pending: list[Callable[[], None]] = []
    yield begin
    yield from [one] * _WARMING_STEPS


def _preimport_aws(name: str) -> None:
    """Load one part of pulumi_aws, if that is installed; touching an attribute makes the lazy module load itself."""
    with contextlib.suppress(ImportError, AttributeError):
        _ = getattr(importlib.import_module("pulumi_aws"), name).outputs
    gc.freeze()  # the collector would touch, and so copy, the pages shared with forks


def main(words: list[str]) -> int:
    """Serve the socket named by the first argument; prints `ready` when commands may come."""
    server = ForkServer(Path(words[0]))
    preimport()
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    ahead: list[Callable[[], None]] = [partial(_prepare_key, Path(file)) for file in words[1:2]]
    ahead += [_preimport_provider, *(partial(_preimport_aws, name) for name in PREIMPORTED_AWS), *_warm_provider()]
    server.serve(ahead)
    return 0


if __name__ == "__main__":
    from cloud_local.pulumi.fork_server import main as run

    sys.exit(run(sys.argv[1:]))
