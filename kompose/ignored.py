"""Keys of a compose file that no rule turns into anything, each with its place and a way out.

The original drops them in silence. `convert --verbose` names them; so does `up`, which has no
original to be equal to.
"""

from collections.abc import Iterator

from kompose.compose.read import Model
from kompose.diagnostics import Diagnostic

_NO_WAY = ""
_SERVICE_KEYS = {
    "attach": _NO_WAY,
    "annotations": "use labels, which become annotations",
    "blkio_config": _NO_WAY,
    "cgroup": _NO_WAY,
    "cgroup_parent": _NO_WAY,
    "cpu_count": "use deploy.resources.limits.cpus",
    "cpu_percent": "use deploy.resources.limits.cpus",
    "cpu_period": "use deploy.resources.limits.cpus",
    "cpu_quota": "use deploy.resources.limits.cpus",
    "cpu_rt_period": _NO_WAY,
    "cpu_rt_runtime": _NO_WAY,
    "cpu_shares": "use deploy.resources.reservations.cpus",
    "cpus": "use deploy.resources.limits.cpus",
    "cpuset": _NO_WAY,
    "credential_spec": _NO_WAY,
    "device_cgroup_rules": _NO_WAY,
    "devices": _NO_WAY,
    "dns": _NO_WAY,
    "dns_opt": _NO_WAY,
    "dns_search": _NO_WAY,
    "external_links": _NO_WAY,
    "extra_hosts": _NO_WAY,
    "gpus": _NO_WAY,
    "init": _NO_WAY,
    "ipc": _NO_WAY,
    "isolation": _NO_WAY,
    "logging": _NO_WAY,
    "mac_address": _NO_WAY,
    "mem_reservation": "use deploy.resources.reservations.memory",
    "mem_swappiness": _NO_WAY,
    "memswap_limit": _NO_WAY,
    "models": _NO_WAY,
    "oom_kill_disable": _NO_WAY,
    "oom_score_adj": _NO_WAY,
    "pid": _NO_WAY,
    "pids_limit": _NO_WAY,
    "platform": _NO_WAY,
    "post_start": _NO_WAY,
    "pre_stop": _NO_WAY,
    "provider": _NO_WAY,
    "pull_policy": "use the label kompose.image-pull-policy",
    "runtime": _NO_WAY,
    "scale": "use deploy.replicas",
    "security_opt": _NO_WAY,
    "shm_size": _NO_WAY,
    "stop_signal": _NO_WAY,
    "storage_opt": _NO_WAY,
    "sysctls": _NO_WAY,
    "ulimits": _NO_WAY,
    "use_api_socket": _NO_WAY,
    "userns_mode": _NO_WAY,
    "uts": _NO_WAY,
}
_MENDED = ("pull_policy",)
"""Keys that count in mended manifests."""
_VOLUME_KEYS = {
    "driver": "use the label kompose.volume.storage-class-name",
    "driver_opts": _NO_WAY,
    "external": "a claim of the name in the file is made",
}


def ignored_keys(model: Model, *, mends: bool = False) -> Iterator[Diagnostic]:
    """One finding for each key that changes nothing in the cluster, in the order of the model."""
    mended = _MENDED if mends else ()
    for section, table in (("services", _SERVICE_KEYS), ("volumes", _VOLUME_KEYS)):
        for name, tree in (model.tree.get(section) or {}).items():
            for key, value in (tree or {}).items():
                if key in table and key not in mended and value not in (None, "", [], {}):
                    yield _finding(model, (section, name, key), table[key])


def _finding(model: Model, path: tuple[str, str, str], way_out: str) -> Diagnostic:
    hint = f"; {way_out}" if way_out else ""
    return Diagnostic(f"{'.'.join(path)} is not converted{hint}", position=model.position(path))
