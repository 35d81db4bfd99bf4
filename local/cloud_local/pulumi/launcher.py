"""The `pulumi` executable: hands the command to the fork server when there is one, else runs the engine itself.

It is copied beside the executable and runs alone, isolated and without site packages (`python -I -S`), because its own
start is part of every command's time: it may import nothing but small parts of the standard library.
"""

import sys

VERSION = "@VERSION@"
PYTHON = "@PYTHON@"
SERVER_VARIABLE = "CLOUD_LOCAL_PULUMI_SERVER"


def main() -> int:
    """Run the command; returns its exit code."""
    words = sys.argv[1:]
    if [word for word in words if word != "--non-interactive"] == ["version"]:
        sys.stdout.write(VERSION + "\n")
        return 0
    import os

    address = os.environ.get(SERVER_VARIABLE)
    if address:
        code = through_server(address, words)
        if code is not None:
            return code
    os.execv(PYTHON, [PYTHON, "-m", "cloud_local.pulumi", *words])  # noqa: S606 - the engine takes this process's place
    return 127


def through_server(address: str, words: list[str]) -> int | None:
    """Run the command in a fork of the server; None when the server isn't there.

    Wire: a 4-byte length and a JSON document {words, directory, environment} with the standard streams attached; then
    signal numbers as single bytes; the answer is the exit code as a text, closed by the end of the stream.
    """
    import array
    import json
    import os
    import signal
    import socket

    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        return None
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: connection.send(bytes([received])) and None)
    document = json.dumps({"words": words, "directory": os.getcwd(), "environment": dict(os.environ)}).encode()  # noqa: PTH109
    streams = array.array("i", [0, 1, 2])
    header = len(document).to_bytes(4, "big")
    connection.sendmsg([header], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    connection.sendall(document)
    answer = b""
    while True:
        part = connection.recv(64)
        if not part:
            break
        answer += part
    if not answer:
        # The engine was killed, and its server with it. With the CLI it would have been this process that was killed.
        os.kill(os.getpid(), signal.SIGKILL)
    return int(answer)


if __name__ == "__main__":
    sys.exit(main())
