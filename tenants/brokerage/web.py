"""The web process of the product: which handlers stand behind which host."""

from brokerage.api.guard import api_actor
from brokerage.product import PRODUCT
from stoa.identity.operators import Control, operator_api_actor
from stoa.web import app
from stoa.web.front import Front
from stoa.web.state import State
from stoa.web.tables import views


def assemble(state: State) -> Front:
    """Everything a host may answer. Raises UndeclaredAccess when a handler keeps silent."""
    state.api_actor = api_actor
    state.operator_api_actor = operator_api_actor
    return app.build(
        state,
        tenant_handlers=[
            views.save,
            views.forget,
            *(handler for module in PRODUCT.modules for handler in module.web),
        ],
        control_handlers=[handler for module in PRODUCT.modules for handler in module.control],
        control_permissions=[str(permission) for permission in Control],
    )
