"""Where a provider calls back: an address that nobody guesses; the signature is what proves."""

from stoa.kernel import process
from stoa.tenancy.work import Work


def key(work: Work, psp: str) -> str:
    """The part of the address that nobody guesses."""
    return work.keys.mac("hook", f"payments|{psp}")[:32]


def path(work: Work, psp: str) -> str:
    """What is entered at the provider's dashboard, after the host."""
    return f"/hooks/{psp}/{key(work, psp)}"


def address(work: Work, psp: str) -> str:
    """The whole of it, for providers that are told with every order."""
    return process.config().url(work.tenant.host, path(work, psp))
