"""What this process was configured with, for the few who need it far from where it starts."""

from typing import Final

from stoa.kernel.config import Config

_HELD: Final[list[Config]] = []


def use(config: Config) -> None:
    """Set it where the process starts; a process that does not is read from its environment."""
    _HELD[:] = [config]


def config() -> Config:
    if not _HELD:
        _HELD.append(Config.load())
    return _HELD[0]
