"""The demo's history is called in the audit log as the product itself would call it."""

import importlib
import re

from brokerage.demo import acts
from brokerage.product import PRODUCT

TYPED = re.compile(r":\w+}")


def test_each_name_is_an_address_or_a_sweep_of_the_product():
    addresses = {
        f"{method} {TYPED.sub('}', path)}"
        for module in PRODUCT.modules
        for handler in module.web
        for path in handler.paths
        for method in handler.http_methods
    }
    for name in acts.CALLED.values():
        if name.startswith("POST "):
            assert name in addresses, name
        else:
            module, _, deed = name.rpartition(".")
            assert callable(getattr(importlib.import_module(module), deed)), name
