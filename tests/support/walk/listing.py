"""The operator takes in a sanctions list, in the format its authority publishes."""

from pathlib import Path
from tempfile import TemporaryDirectory

from support.verification import SDN
from support.walk.installation import Installation


def import_lists(installation: Installation) -> None:
    """`stoa lists import FOLDER` with the three files; Boris Kazantsev stands on it."""
    with TemporaryDirectory(prefix="stoa-lists-") as folder:
        for name, content in (("sdn", SDN), ("alt", b""), ("add", b"")):
            (Path(folder) / f"{name}.csv").write_bytes(content)
        installation.command("lists", "import", folder)
