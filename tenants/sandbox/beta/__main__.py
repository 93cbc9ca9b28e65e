from sandbox.beta.api import Beta
from sandbox.common.main import run

run(Beta)
