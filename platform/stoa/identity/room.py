"""The trader room's pages around signing in."""

from typing import Final

from stoa.identity.gates import signing
from stoa.identity.me import security
from stoa.identity.passkey_pages import keyed
from stoa.identity.proving import proving
from stoa.identity.side import ROOM

WEB: Final = [*signing(ROOM), *proving(ROOM), *security(ROOM), *keyed(ROOM)]
