"""Kubeconfigs: merged and resolved as client-go does, checked against the `kubernetes` library."""

import base64
import os
from pathlib import Path

import pytest
import yaml
from kubernetes.client import Configuration
from kubernetes.config.kube_config import KubeConfigMerger, load_kube_config

from kube_client.cluster_access import ClusterAccess, cluster_access
from kube_client.connect import connect
from kube_client.errors import ConfigError, NoClusterError
from kube_client.kubeconfig import ConnectOptions, load_kubeconfig
from kube_client.tls import server_trust
from tests.kube_client.wire_server import authority, server_pair

CA = authority().pem
PAIR = server_pair()


def b64(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def a_config(**changes: object) -> dict[str, object]:
    """A kubeconfig with one context, `dev`; changes replace whole parts."""
    config: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "dev",
        "clusters": [
            {
                "name": "east",
                "cluster": {
                    "server": "https://east.test:6443",
                    "certificate-authority-data": b64(CA),
                },
            }
        ],
        "users": [{"name": "ann", "user": {"token": "t-ann"}}],
        "contexts": [
            {"name": "dev", "context": {"cluster": "east", "user": "ann", "namespace": "shop"}}
        ],
    }
    return config | changes


def write(folder: Path, config: object, name: str = "config") -> str:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    return str(file)


def access_of(path: str, **options: object) -> ClusterAccess:
    return cluster_access(ConnectOptions(kubeconfig=path, **options), {})  # type: ignore[arg-type]  # named by the test


def as_kubernetes_reads(path: str, context: str | None = None) -> Configuration:
    configuration = Configuration()
    load_kube_config(path, context, configuration, persist_config=False)
    return configuration


USERS: dict[str, dict[str, object]] = {
    "token": {"token": "abc"},
    "password": {"username": "joe", "password": "s3cret"},
    "certificate data": {
        "client-certificate-data": b64(PAIR.certificate),
        "client-key-data": b64(PAIR.key),
    },
    "certificate files": {"client-certificate": "pki/me.crt", "client-key": "pki/me.key"},
    "token file": {"tokenFile": "token.txt"},
    "nothing": {},
}
CLUSTERS: dict[str, dict[str, object]] = {
    "authority data": {"server": "https://a.test:6443", "certificate-authority-data": b64(CA)},
    "authority file": {"server": "https://a.test/prefix", "certificate-authority": "pki/ca.crt"},
    "insecure": {"server": "https://1.2.3.4", "insecure-skip-tls-verify": True},
    "server name": {
        "server": "https://1.2.3.4",
        "certificate-authority-data": b64(CA),
        "tls-server-name": "inside.test",
    },
    "proxy": {
        "server": "https://a.test",
        "certificate-authority-data": b64(CA),
        "proxy-url": "http://proxy.test:3128",
    },
}


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("cluster", CLUSTERS)
async def test_any_user_of_any_cluster_is_read_as_kubernetes_reads_it(
    tmp_path: Path, user: str, cluster: str
) -> None:
    write(tmp_path, CA, "pki/ca.crt")
    write(tmp_path, PAIR.certificate.decode(), "pki/me.crt")
    write(tmp_path, PAIR.key.decode(), "pki/me.key")
    write(tmp_path, "from-file", "token.txt")
    path = write(
        tmp_path,
        a_config(
            clusters=[{"name": "east", "cluster": CLUSTERS[cluster]}],
            users=[{"name": "ann", "user": USERS[user]}],
        ),
    )

    access = access_of(path)
    theirs = as_kubernetes_reads(path)

    async with connect(ConnectOptions(kubeconfig=path), {}) as client:
        ours = await client.socket_access()
    assert access.server == theirs.host
    assert dict(ours.headers).get("authorization") == authorization(theirs)
    assert access.cluster.insecure_skip_tls_verify is not theirs.verify_ssl
    assert (server_trust(access.cluster) or "") == text_of(theirs.ssl_ca_cert)
    assert access.cluster.tls_server_name == (theirs.tls_server_name or "")
    assert ours.proxy == theirs.proxy
    assert bool(theirs.cert_file) is ("certificate" in user)


def authorization(configuration: Configuration) -> str | None:
    return configuration.auth_settings().get("BearerToken", {}).get("value")


def text_of(path: str | None) -> str:
    return Path(path).read_text() if path else ""


def test_several_files_are_merged_as_kubernetes_merges_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(
        tmp_path,
        a_config(
            contexts=[{"name": "one", "context": {"cluster": "east", "user": "ann"}}],
            **{"current-context": "one"},
        ),
        "a/config",
    )
    second = write(
        tmp_path,
        a_config(
            clusters=[
                {"name": "east", "cluster": {"server": "https://impostor"}},
                {
                    "name": "west",
                    "cluster": {"server": "https://west.test", "certificate-authority": "ca.crt"},
                },
            ],
            users=[
                {"name": "ann", "user": {"username": "impostor", "password": "x"}},
                {"name": "bob", "user": {"token": "t-bob"}},
            ],
            contexts=[
                {"name": "one", "context": {"cluster": "west", "user": "bob"}},
                {"name": "two", "context": {"cluster": "west", "user": "bob", "namespace": "n2"}},
            ],
            **{"current-context": "two"},
        ),
        "b/config",
    )
    env = {"KUBECONFIG": os.pathsep.join([first, str(tmp_path / "missing"), second, ""])}

    config = load_kubeconfig(None, env)

    theirs = KubeConfigMerger(env["KUBECONFIG"].strip(os.pathsep)).config
    assert config.current_context == "one", "the first, as kubectl; the library takes the last"
    assert sorted(config.contexts) == sorted(c["name"] for c in theirs["contexts"].value)
    assert config.clusters["east"].server == "https://east.test:6443"
    assert config.users["ann"].token == "t-ann"
    assert config.users["ann"].username == "", "entries are not mixed"
    assert config.clusters["west"].certificate_authority == str(tmp_path / "b" / "ca.crt")
    assert config.files == (Path(first), Path(second))
    two = cluster_access(ConnectOptions(context="two"), env)
    assert (two.server, two.namespace, two.user_name) == ("https://west.test", "n2", "bob")


def test_a_given_file_is_the_only_one(tmp_path: Path) -> None:
    given = write(tmp_path, a_config(), "given")
    env = {"KUBECONFIG": write(tmp_path, a_config(**{"current-context": "other"}), "other")}

    assert load_kubeconfig(given, env).current_context == "dev"


def test_without_kubeconfig_the_one_at_home_counts(tmp_path: Path) -> None:
    write(tmp_path, a_config(), ".kube/config")

    assert cluster_access(ConnectOptions(), {"HOME": str(tmp_path)}).context_name == "dev"


def test_the_default_namespace_is_the_contexts_and_a_flag_beats_it(tmp_path: Path) -> None:
    path = write(tmp_path, a_config())
    bare = write(
        tmp_path, a_config(contexts=[{"name": "dev", "context": {"cluster": "east"}}]), "bare"
    )

    assert access_of(path).namespace == "shop"
    assert access_of(path, namespace="other").namespace == "other"
    assert access_of(bare).namespace == "default"


async def test_flags_beat_the_kubeconfig(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        a_config(
            users=[
                {"name": "ann", "user": {"token": "t-ann"}},
                {"name": "bob", "user": {"token": "t-bob"}},
            ]
        ),
    )

    assert access_of(path, server="https://other").server == "https://other"
    assert access_of(path, user="bob").user.token == "t-bob"
    assert access_of(path, token="t-flag").user.token == "t-flag"
    assert access_of(path, insecure_skip_tls_verify=True).cluster.certificate_authority_data == ""
    assert access_of(path, tls_server_name="x").cluster.tls_server_name == "x"
    assert access_of(path, server="east.test:80").server == "http://east.test:80"


async def test_a_user_may_act_as_another(tmp_path: Path) -> None:
    user = {
        "token": "t",
        "as": "root",
        "as-uid": "0",
        "as-groups": ["wheel", "ops"],
        "as-user-extra": {"Reason": ["night", "shift"]},
    }
    path = write(tmp_path, a_config(users=[{"name": "ann", "user": user}]))

    async with connect(ConnectOptions(kubeconfig=path), {}) as client:
        configured = (await client.socket_access()).headers
    async with connect(
        ConnectOptions(kubeconfig=path, as_user="flag", as_user_extra=(("k", "1"), ("k", "2"))), {}
    ) as client:
        flagged = (await client.socket_access()).headers

    assert ("impersonate-user", "root") in configured
    assert ("impersonate-uid", "0") in configured
    assert [value for name, value in configured if name == "impersonate-group"] == ["wheel", "ops"]
    assert [v for name, v in configured if name == "impersonate-extra-reason"] == ["night", "shift"]
    assert ("impersonate-user", "flag") in flagged
    assert [value for name, value in flagged if name == "impersonate-extra-k"] == ["1", "2"]


def test_a_kubeconfig_may_be_json(tmp_path: Path) -> None:
    import json

    assert access_of(write(tmp_path, json.dumps(a_config()))).context_name == "dev"


def test_dates_and_numbers_of_a_provider_stay_as_they_are_written(tmp_path: Path) -> None:
    provider = "name: gcp\n    config: {expiry: 2026-01-01T00:00:00Z, port: 0777, yes: no}"
    text = f"users:\n- name: ann\n  user:\n   auth-provider:\n    {provider}\n"

    user = load_kubeconfig(write(tmp_path, text)).users["ann"]

    assert user.auth_provider is not None
    assert user.auth_provider["config"]["expiry"] == "2026-01-01T00:00:00Z"


BAD = {
    "no YAML": ("a: [1\nb: 2", r"malformed: .*\(line 2\)"),
    "not a mapping": ("- a\n- b", "is not a kubeconfig: it holds no mapping"),
    "another kind": ("kind: Pod\napiVersion: v1", "is not a kubeconfig: its kind is Pod"),
    "a list where a mapping belongs": (
        "clusters:\n- name: a\n  cluster: [x]",
        r"clusters\[0\].cluster must be a mapping \(line 3\)",
    ),
    "a mapping where a list belongs": ("contexts: {a: b}", r"contexts must be a list \(line 1\)"),
    "a list where text belongs": (
        "users:\n- name: a\n  user:\n    token: [x]",
        r"users\[0\].user.token must be text \(line 4\)",
    ),
    "text where a flag belongs": (
        "clusters:\n- name: a\n  cluster:\n    insecure-skip-tls-verify: maybe",
        r"must be true or false \(line 4\)",
    ),
    "a name twice": (
        "contexts:\n- name: a\n  context: {cluster: x}\n- name: a\n  context: {cluster: y}",
        r"contexts has the name 'a' twice \(line 4\)",
    ),
    "a plugin without a command": (
        "users:\n- name: a\n  user:\n    exec: {apiVersion: v1}",
        r"exec.command is missing \(line 4\)",
    ),
    "an alias within itself": (
        "users:\n- name: a\n  user:\n    auth-provider: &x\n      config: *x",
        "an alias contains itself",
    ),
    "binary": ("\x00\x01", "malformed"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_malformed_file_is_one_sentence_with_its_place(tmp_path: Path, what: str) -> None:
    text, words = BAD[what]
    path = write(tmp_path, text)

    with pytest.raises(ConfigError, match=words) as caught:
        access_of(path)

    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nested_aliases_cannot_blow_up(tmp_path: Path) -> None:
    levels = "".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 40))
    text = "users:\n- name: a\n  user:\n   auth-provider:\n    name: oidc\n    config:\n"
    text += "".join("    " + line + "\n" for line in ("  l0: &l0 [x]\n" + levels).splitlines())

    assert "a" in load_kubeconfig(write(tmp_path, text)).users


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n", "null", "kind: Config\nclusters: null"]
)
def test_an_empty_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)

    with pytest.raises(NoClusterError, match=rf"The kubeconfig {path} is empty"):
        access_of(path)
    with pytest.raises(NoClusterError, match="is empty"):
        cluster_access(ConnectOptions(), {"KUBECONFIG": path})


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")

    with pytest.raises(ConfigError, match=rf"There is no kubeconfig {missing}\. Check"):
        access_of(missing)
    with pytest.raises(NoClusterError, match=rf"No cluster is configured: there is no {missing}"):
        cluster_access(ConnectOptions(), {"KUBECONFIG": missing})


def test_an_unreadable_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"Cannot read .* {tmp_path}: Is a directory"):
        access_of(str(tmp_path))


def test_names_that_are_not_defined_are_answered_with_those_that_are(tmp_path: Path) -> None:
    path = write(tmp_path, a_config())
    lost = write(
        tmp_path,
        a_config(contexts=[{"name": "dev", "context": {"cluster": "x", "user": "ann"}}]),
        "lost",
    )
    alone = write(
        tmp_path,
        a_config(contexts=[{"name": "dev", "context": {"cluster": "east", "user": "x"}}]),
        "alone",
    )
    none = write(tmp_path, a_config(**{"current-context": ""}), "none")

    with pytest.raises(ConfigError, match=r"There is no context 'prod' in .*; there are: dev"):
        access_of(path, context="prod")
    with pytest.raises(ConfigError, match=r"The cluster 'x' .* there are: east"):
        access_of(lost)
    with pytest.raises(ConfigError, match=r"The user 'x' .* there are: ann"):
        access_of(alone)
    with pytest.raises(ConfigError, match=r"No current context is set .* there are: dev\. Choose"):
        access_of(none)


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"server": ""}, "has no server address"),
        ({"server": "https://a", "certificate-authority-data": "%%%"}, "is not base64"),
        (
            {"server": "https://a", "certificate-authority": "nowhere"},
            "Cannot read the certificate",
        ),
        ({"server": "https://a", "proxy-url": "socks5://p:1"}, "socks5 proxy"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, cluster: dict[str, object], words: str
) -> None:
    path = write(tmp_path, a_config(clusters=[{"name": "east", "cluster": cluster}]))

    with pytest.raises(ConfigError, match=words):
        connect(ConnectOptions(kubeconfig=path), {})


def test_in_a_pod_the_service_account_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kube_client.cluster_access._SERVICE_ACCOUNT", tmp_path)
    write(tmp_path, "sa-token", "token")
    write(tmp_path, CA, "ca.crt")
    write(tmp_path, "team-a\n", "namespace")
    env = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}

    access = cluster_access(ConnectOptions(), env)

    assert access.source == "in-cluster"
    assert access.server == "https://[fd00::1]:443"
    assert access.namespace == "team-a"
    assert server_trust(access.cluster) == CA
    assert cluster_access(ConnectOptions(), env | {"POD_NAMESPACE": "x"}).namespace == "x"


def test_a_kubeconfig_beats_the_pod_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kube_client.cluster_access._SERVICE_ACCOUNT", tmp_path)
    write(tmp_path, "sa-token", "token")
    env = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}

    access = cluster_access(ConnectOptions(), env | {"KUBECONFIG": write(tmp_path, a_config())})

    assert (access.source, access.context_name) == ("kubeconfig", "dev")


def test_a_server_address_alone_is_enough() -> None:
    access = cluster_access(ConnectOptions(server="https://a:1", token="t"), {})

    assert (access.server, access.user.token, access.source) == ("https://a:1", "t", "flags")
