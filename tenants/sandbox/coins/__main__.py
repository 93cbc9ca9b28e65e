from sandbox.coins.api import Coins
from sandbox.common.main import run

run(Coins)
