"""Keys that change nothing in the cluster are named with file and line, when asked."""

from __future__ import annotations

from pathlib import Path

from tests.kompose.kompose_run import run_kompose

_FILE = """\
services:
  web:
    image: nginx
    ports: ["80:80"]
    ulimits: {nproc: 5}
    pull_policy: always
volumes:
  data:
    driver_opts: {o: x}
"""


def test_verbose_names_every_ignored_key_and_a_way_out(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(_FILE)

    outcome = run_kompose(["-v", "convert", "--stdout"], directory=tmp_path, environment={})

    assert f"DEBU {file}:5: services.web.ulimits is not converted\n" in outcome.stderr
    assert (
        f"DEBU {file}:6: services.web.pull_policy is not converted; "
        "use the label kompose.image-pull-policy\n"
    ) in outcome.stderr
    assert f"DEBU {file}:9: volumes.data.driver_opts is not converted\n" in outcome.stderr


def test_without_verbose_they_stay_unsaid_as_in_the_original(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(_FILE)

    outcome = run_kompose(["convert", "--stdout"], directory=tmp_path, environment={})

    assert outcome.stderr == ""
