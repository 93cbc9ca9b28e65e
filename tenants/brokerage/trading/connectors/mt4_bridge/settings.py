"""What a tenant tells about the bridge beside its MT4 server; the key lies in the vault."""

from typing import Annotated

import msgspec

from stoa.connectors.keyring import SecretName


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    base_url: Annotated[str, msgspec.Meta(title="Bridge address", min_length=8, max_length=300)]
    key: Annotated[SecretName, msgspec.Meta(title="Key of the bridge")] = "mt4.bridge"
    answer_s: Annotated[float, msgspec.Meta(title="Seconds to wait", gt=0, le=60)] = 10
    silence_s: Annotated[
        float, msgspec.Meta(title="Seconds of silence until the stream is taken for dead", ge=1)
    ] = 15
    page: Annotated[int, msgspec.Meta(title="Deals per page", ge=1, le=1_000)] = 500
    overlap_s: Annotated[int, msgspec.Meta(title="Seconds read twice", ge=0, le=86_400)] = 180
    settle_s: Annotated[
        int, msgspec.Meta(title="Seconds until not found is believed", ge=10, le=86_400)
    ] = 60
