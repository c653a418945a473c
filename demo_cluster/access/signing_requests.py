"""CertificateSigningRequests: who asked is noted, and what was asked stays. Pure, in place."""

from __future__ import annotations

from datetime import datetime

from demo_cluster.access.users import User
from demo_cluster.kinds import Obj, kind_of
from demo_cluster.timestamps import timestamp

SIGNING_REQUESTS = kind_of("certificatesigningrequests", "certificates.k8s.io")


def name_requester(obj: Obj, user: User) -> None:
    """Who asks is what authentication says, whatever the body says."""
    spec = obj.setdefault("spec", {})
    for name in ("username", "uid", "groups", "extra"):
        spec.pop(name, None)
    spec["username"] = user.name
    if user.uid:
        spec["uid"] = user.uid
    if user.groups:
        spec["groups"] = list(user.groups)
    if user.extra:
        spec["extra"] = {name: list(values) for name, values in user.extra.items()}


def keep_request(new: Obj, old: Obj, now: datetime) -> None:
    """What was asked cannot change; verdicts get the time when they were given."""
    new["spec"] = old["spec"]
    for condition in (new.get("status") or {}).get("conditions") or ():
        for name in ("lastUpdateTime", "lastTransitionTime"):
            if not condition.get(name):
                condition[name] = timestamp(now)
