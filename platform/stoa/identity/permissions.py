"""What may be granted around people, roles and sessions: at a tenant, and to the operator's own."""

from enum import StrEnum


class Identity(StrEnum):
    """A tenant's own people. Sign-in security of oneself is everyone's."""

    SECURITY_OWN = "identity:security:own"
    STAFF_VIEW = "identity:staff:view"
    STAFF_INVITE = "identity:staff:invite"
    STAFF_EDIT = "identity:staff:edit"
    ROLES_VIEW = "identity:roles:view"
    ROLES_EDIT = "identity:roles:edit"
    SIGN_IN_EDIT = "identity:sign-in:edit"
    CLIENTS_EDIT = "identity:clients:edit"
    """Stop or restore a client's sign-in and reset their second factor."""


class Control(StrEnum):
    """The operator's plane. None of these opens a tenant's data."""

    TENANTS_VIEW = "control:tenants:view"
    TENANTS_PROVISION = "control:tenants:provision"
    TENANTS_SUSPEND = "control:tenants:suspend"
    TENANTS_ENTER = "control:tenants:enter"
    TENANTS_EDIT = "control:tenants:edit"
    JOBS_VIEW = "control:jobs:view"
    JOBS_REPLAY = "control:jobs:replay"
    CONNECTORS_VIEW = "control:connectors:view"
    CONNECTORS_PAUSE = "control:connectors:pause"
    ROLLOUTS_VIEW = "control:rollouts:view"
    ROLLOUTS_RUN = "control:rollouts:run"
    AUDIT_VIEW = "control:audit:view"
    OPERATORS_VIEW = "control:operators:view"
    OPERATORS_EDIT = "control:operators:edit"
