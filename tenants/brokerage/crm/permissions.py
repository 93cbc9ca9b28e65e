"""What may be granted about leads, tasks, segments and campaigns."""

from enum import StrEnum


class Crm(StrEnum):
    LEADS_VIEW = "crm:leads:view"
    LEADS_EDIT = "crm:leads:edit"
    LEADS_ASSIGN = "crm:leads:assign"
    LEADS_IMPORT = "crm:leads:import"
    CONTACT_VIEW = "crm:contact:view"
    TASKS_VIEW = "crm:tasks:view"
    TASKS_EDIT = "crm:tasks:edit"
    SEGMENTS_VIEW = "crm:segments:view"
    SEGMENTS_EDIT = "crm:segments:edit"
    CAMPAIGNS_VIEW = "crm:campaigns:view"
    CAMPAIGNS_EDIT = "crm:campaigns:edit"
    CAMPAIGNS_SEND = "crm:campaigns:send"
    SUPPRESSION_OVERRIDE = "crm:suppression:override"
    MESSAGES_VIEW = "crm:messages:view"
    MESSAGES_SEND = "crm:messages:send"


_READING = (
    Crm.LEADS_VIEW,
    Crm.TASKS_VIEW,
    Crm.SEGMENTS_VIEW,
    Crm.CAMPAIGNS_VIEW,
    Crm.MESSAGES_VIEW,
)
_TASKS = (Crm.TASKS_VIEW, Crm.TASKS_EDIT)

ROLES: dict[str, list[str]] = {
    "Owner": list(Crm),
    "Head of finance": [*_TASKS, Crm.MESSAGES_VIEW],
    "Finance": [*_TASKS, Crm.MESSAGES_VIEW],
    "Compliance": [*_READING, Crm.TASKS_EDIT, Crm.SUPPRESSION_OVERRIDE],
    "Sales": [*_READING, Crm.LEADS_EDIT, Crm.CONTACT_VIEW, Crm.TASKS_EDIT, Crm.SEGMENTS_EDIT],
    "Support": [*_TASKS, Crm.LEADS_VIEW, Crm.MESSAGES_VIEW, Crm.MESSAGES_SEND],
    "Dealing": [*_TASKS],
    "Auditor": [*_READING],
}
