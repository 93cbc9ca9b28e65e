from sandbox.common.main import run
from sandbox.elliptic.api import Elliptic

run(Elliptic)
