from sandbox.common.main import run
from sandbox.sumsub.api import Sumsub

run(Sumsub)
