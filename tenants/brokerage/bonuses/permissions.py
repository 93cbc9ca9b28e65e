"""What may be granted around bonuses."""

from enum import StrEnum


class Bonuses(StrEnum):
    VIEW = "bonuses:grant:view"
    CAMPAIGNS = "bonuses:campaign:edit"
    GIVE = "bonuses:grant:give"
    REVOKE = "bonuses:grant:revoke"
    EXPORT = "bonuses:export"
    OWN = "bonuses:bonus:own"
