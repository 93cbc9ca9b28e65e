from sandbox.alpha.api import Alpha
from sandbox.common.main import run

run(Alpha)
