"""The small languages inside a compose file: variables, env files, ports, volumes, sizes."""

from __future__ import annotations

import pytest

from kompose.compose.casts import to_float
from kompose.compose.dotenv import DotenvError, parse_dotenv
from kompose.compose.dotenv_joho import parse_joho
from kompose.compose.keys.ports import parse_port
from kompose.compose.keys.volumes import parse_volume
from kompose.compose.shell_words import split_words
from kompose.compose.template import InvalidTemplateError, substitute
from kompose.compose.units import parse_duration, parse_size


def test_every_unset_variable_is_told_though_the_text_is_faulty() -> None:
    said: list[str] = []

    with pytest.raises(InvalidTemplateError, match=r'Invalid template: "\$\{ends"'):
        substitute("${A:-${ends} $LATER", {"A": ""}.get, said.append)

    assert said == ['The "LATER" variable is not set. Defaulting to a blank string.']


def test_a_fault_shows_the_text_in_quotes_that_can_be_read() -> None:
    with pytest.raises(InvalidTemplateError) as fault:
        substitute('a\t"${', {}.get, print)

    assert str(fault.value) == r'Invalid template: "a\t\"${"'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=x\r\n", "x"),
        ('A="x\r\ny"', "x\r\ny"),
        (r'A="\0101\012"', r"A\12"),
        ("export\tA=x", "x"),
        ("A=x #y", "x"),
        ("A=x#y", "x#y"),
    ],
)
def test_a_value_of_an_env_file(text: str, value: str) -> None:
    assert parse_dotenv(text, {}.get, print)["A"] == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("A=1\n\\b=2", r'line 2: unexpected character "\\" in variable name "\\b=2"'),
        ("export ", "zero length string"),
    ],
)
def test_an_env_file_with_a_fault(text: str, fault: str) -> None:
    with pytest.raises(DotenvError) as found:
        parse_dotenv(text, {}.get, print)

    assert str(found.value) == fault


def test_a_range_of_ports_is_in_the_order_of_its_texts() -> None:
    ports = parse_port("8-11:8-11")

    assert [port["published"] for port in ports] == ["10", "11", "8", "9"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("host::80", "Invalid ip address: host"),
        ("[::1:80:80", "Invalid ip address [::1: address [::1:: missing ']' in address"),
        ("[a]b:80:80", "Invalid ip address [a]b: address [a]b:: missing port in address"),
        ("::1:80:80", "Invalid ip address ::1: address ::1:: too many colons in address"),
        ("1-2:3-5", "Invalid ranges specified for container and host Ports: 3-5 and 1-2"),
        ("80/x/udp", "Invalid proto: x"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_port(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match="Invalid") as found:
        parse_port(text)

    assert str(found.value) == fault


def test_a_label_for_selinux_is_kept_on_a_named_volume() -> None:
    volume = parse_volume("data:/data:Z,ro")

    assert volume["bind"] == {"selinux": "Z", "create_host_path": False}
    assert (volume["type"], volume["read_only"]) == ("volume", True)


def test_a_colon_inside_nested_variables_separates_nothing() -> None:
    volume = parse_volume("${A:-${B:-./x}}:/x")

    assert (volume["source"], volume["target"]) == ("${A:-${B:-./x}}", "/x")


@pytest.mark.parametrize(
    ("text", "size"), [("0x1p4k", 16384), ("1_0 MiB", 10485760), ("1.5 ", 1), ("5B", 5)]
)
def test_a_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["1e400", "_1", "1k0", "0x1F", "", "five"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid|out of range"):
        parse_size(text)


def test_a_number_may_be_without_end_where_it_says_so() -> None:
    assert to_float("-Inf") == float("-inf")


def test_a_duration_too_long_to_count_is_refused_for_that() -> None:
    with pytest.raises(ValueError, match='time: invalid duration "99999999999999999999x"'):
        parse_duration("99999999999999999999x")


@pytest.mark.parametrize("text", ["`it's`", "a (b", "a $(b", "x )"])
def test_what_is_open_at_the_end_of_a_command_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid command line string"):
        split_words(text)


def test_the_other_dialect_takes_the_last_comment_for_one() -> None:
    assert parse_joho("A=b # c # d") == {"A": "b # c"}


def test_the_other_dialect_exports_after_a_blank_only() -> None:
    assert parse_joho(" export\u00a0A=1") == {"A": "1"}
    with pytest.raises(DotenvError, match="zero length string"):
        parse_joho("export ")
