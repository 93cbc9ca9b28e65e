"""The web process: `granian --factory brokerage.asgi:create`."""

from brokerage.product import PRODUCT
from brokerage.web import assemble
from stoa.jobs.bell import Bell
from stoa.kernel.config import Config
from stoa.web.app import connect
from stoa.web.front import Front
from stoa.web.logs import set_up


def create() -> Front:
    """Reads the configuration, connects, and refuses to start with an undeclared handler."""
    set_up("web")
    state = connect(Config.load(), PRODUCT, application="web")
    state.door.after_commit = Bell(state.redis)
    return assemble(state)
