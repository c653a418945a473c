"""What tells others how the tokens of service accounts are to be checked."""

from __future__ import annotations

from demo_cluster.access.users import ISSUER
from demo_cluster.kinds import Obj
from demo_cluster.wire.documents import encoded_body
from demo_cluster.wire.reply import Call, Reply

KEYS_PATH = "/openid/v1/jwks"
_KEPT = {"Cache-Control": "public, max-age=3600"}


async def configuration(call: Call) -> Reply:
    """GET /.well-known/openid-configuration."""
    address = call.headers.get("host", "127.0.0.1")
    body: Obj = {
        "issuer": ISSUER,
        "jwks_uri": f"https://{address}{KEYS_PATH}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    return _kept(body, "application/json")


async def keys(call: Call) -> Reply:
    """GET /openid/v1/jwks: no keys, because tokens are not signed here; the server knows them."""
    del call
    return _kept({"keys": []}, "application/jwk-set+json")


def _kept(body: Obj, media: str) -> Reply:
    return Reply(body=encoded_body(body).rstrip(), headers={**_KEPT, "Content-Type": media})
