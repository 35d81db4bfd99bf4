"""``python -m cloud_cli``: the same as ``cloud``."""

from cloud_cli.main import run

if __name__ == "__main__":
    run()
