"""What a container sends is its word: where it is written, and where not."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from kompose.cluster.errors import ClusterError
from kompose.live.inside import Place, pack, parse_place, unpack


def archive(name: str, content: bytes = b"", *, link: str = "") -> bytes:
    sent = io.BytesIO()
    with tarfile.open(fileobj=sent, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        if link:
            member.type, member.linkname = tarfile.SYMTYPE, link
        tar.addfile(member, io.BytesIO(content))
    return sent.getvalue()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("web:/srv/a", Place("web", "/srv/a")),
        ("web:a", Place("web", "a")),
        ("a.txt", Place("", "a.txt")),
        ("./a:b", Place("", "./a:b")),
        ("/tmp/a:b", Place("", "/tmp/a:b")),
        (":a", Place("", ":a")),
    ],
)
def test_a_side_of_a_copy_is_a_service_or_here(text: str, place: Place) -> None:
    assert parse_place(text) == place


def test_a_file_goes_into_a_directory_that_is_there(tmp_path: Path) -> None:
    unpack(archive("a.txt", b"one"), "a.txt", tmp_path)

    assert (tmp_path / "a.txt").read_bytes() == b"one"


def test_a_file_gets_the_name_that_is_asked_for(tmp_path: Path) -> None:
    unpack(archive("a.txt", b"one"), "a.txt", tmp_path / "b.txt")

    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]


@pytest.mark.parametrize(
    "sent", [archive("../a.txt", b"x"), archive("/etc/a.txt/../../../../../a", b"x")]
)
def test_a_file_outside_of_the_directory_is_refused(tmp_path: Path, sent: bytes) -> None:
    place = tmp_path / "in"
    place.mkdir()

    with pytest.raises(ClusterError, match="what is not written here"):
        unpack(sent, "a.txt", place)

    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_link_out_of_the_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="what is not written here"):
        unpack(archive("a.txt", link="../../etc/passwd"), "a.txt", tmp_path)


def test_what_is_no_archive_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="what is not written here"):
        unpack(b"Permission denied", "a.txt", tmp_path)


def test_a_directory_is_sent_by_the_name_that_it_gets(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "f").write_text("x")

    with tarfile.open(fileobj=io.BytesIO(pack(tmp_path / "a", "b"))) as sent:
        assert sorted(sent.getnames()) == ["b", "b/f"]


def test_what_is_not_here_cannot_be_sent(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"none cannot be read: no such file"):
        pack(tmp_path / "none", "none")
