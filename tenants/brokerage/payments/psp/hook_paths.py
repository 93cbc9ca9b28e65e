"""Where a provider calls back: an address that nobody guesses; the signature is what proves."""

from stoa.kernel import process
from stoa.tenancy.work import Work
from stoa.vault.keys import TenantKeys


def key_of(keys: TenantKeys, psp: str) -> str:
    """The part of the address that nobody guesses."""
    return keys.mac("hook", f"payments|{psp}")[:32]


def key(work: Work, psp: str) -> str:
    """The same, of the tenant one works in."""
    return key_of(work.keys, psp)


def path(work: Work, psp: str) -> str:
    """What is entered at the provider's dashboard, after the host."""
    return f"/hooks/{psp}/{key(work, psp)}"


def address(work: Work, psp: str) -> str:
    """The whole of it, for providers that are told with every order."""
    return process.config().url(work.tenant.host, path(work, psp))
