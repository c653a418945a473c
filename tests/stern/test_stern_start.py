"""What a run of stern loads before its first line: a person waits for each of these."""

import subprocess
import sys
from pathlib import Path

NOT_ON_THE_WAY = (
    *("yaml", "json", "random", "dataclasses", "tempfile", "typer", "aiohttp", "kubernetes"),
    *("stern.follower", "stern.regex.syntax", "stern.template", "kube_client.selector"),
)
READING = """
import sys
from stern.cli import run
before = set(sys.modules)
code = run(["web", "--no-follow", "--tail", "1", "--kubeconfig", sys.argv[1]])
print(*sorted(sys.modules))
sys.exit(code)
"""
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: here
contexts:
- name: here
  context:
    cluster: here
    user: me
clusters:
- name: here
  cluster:
    server: https://127.0.0.1:1
users:
- name: me
  user:
    token: secret
"""


def test_a_run_loads_only_what_it_uses(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(KUBECONFIG)

    ran = subprocess.run(
        [sys.executable, "-c", READING, str(kubeconfig)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "nothing listens there" in ran.stderr, "it came as far as the cluster"
    loaded = set(ran.stdout.split())
    assert "kube_client.tls_transport" in loaded
    assert loaded.isdisjoint(NOT_ON_THE_WAY)
