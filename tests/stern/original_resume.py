"""Recorded cases about resuming: "skip n lines of this second" is "n were given before"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kube_client.log_lines import LogResume
from kube_client.logs import LogQuery
from stern.log_read import read_log
from stern.palette import Palette
from stern.pipeline import Pipeline
from stern.settings import build_output_options
from stern.target import Target
from tests.stern.canned_transport import CannedResponse, canned_client, json_response
from tests.stern.original_flags import flags_of

Case = dict[str, Any]


def resumed(given: bytes, stream: bytes) -> bytes:
    """What is new in a stream for one who was given these lines before a cut."""
    resume = LogResume()
    resume.feed(given)
    resume.cut()
    return resume.feed(stream) + resume.finish()


def _given(case: Case) -> bytes:
    """As many lines of the remembered second as are to be skipped; those of the stream first."""
    resume = case.get("resume")
    if not resume:
        return b""
    second = resume["timestamp"][:19]
    try:
        datetime.fromisoformat(second)
    except ValueError:
        return b""  # a second that never was: nothing was given in it
    lines = [line for line in case["stream"].split("\n") if line.startswith(second)]
    missing = range(len(lines), resume["lines_to_skip"])
    lines += [f"{second}.9{number:08d}Z gone by now" for number in missing]
    return "".join(f"{line}\n" for line in lines[: resume["lines_to_skip"]]).encode()


def stream(case: Case) -> Case:
    """Lines behind those that were given before."""
    if "resume" not in case:
        return _remembered(case["stream"].encode())
    flags = flags_of({"template": case["template"]})
    output = build_output_options(flags, Palette(enabled=False), is_terminal=False, env={})
    target = Target(case["namespace"], case["pod"], case["container"], node=case["node"])
    pipeline = Pipeline(target, output, lambda _message: None)
    return {"stdout": pipeline.feed(resumed(_given(case), case["stream"].encode())).decode()}


def _remembered(text: bytes) -> Case:
    """Where a log is asked for again after this text, and how many lines are skipped there."""
    whole = text + b"\n"
    resume = LogResume()
    resume.feed(whole)
    assert resume.mark is not None
    since = resume.mark.since_time
    replayed = b"".join(
        line + b"\n" for line in text.split(b"\n") if line.startswith(since[:19].encode())
    )
    new = resumed(whole, replayed)
    skipped = replayed.count(b"\n") - new.count(b"\n")
    return {"resume_request": {"timestamp": since, "lines_to_skip": skipped}}


async def request(case: Case) -> Case:
    """What is asked for after a cut."""
    queries: list[Case] = []

    def answer(request: Any) -> CannedResponse:
        queries.append(dict(request.query))
        if len(queries) == 1:
            line = case["resume"]["timestamp"].replace("Z", ".5Z").encode() + b" x\n"
            return CannedResponse(200, line, is_cut=True)
        return json_response({})

    client, _ = canned_client(answer)
    query = LogQuery("ns1", "p", "c", **case["original"])
    async for _block in read_log(client, query, lambda _sentence: None):
        pass
    return {"query": {key: queries[1].get(key) for key in ("sinceTime", *_OPTIONS)}}


_OPTIONS = ("sinceSeconds", "tailLines", "timestamps")


def skip(case: Case) -> Case:
    """Which of some lines are skipped, all of one second or the next."""
    stamps = {"t1": "2023-02-13T21:20:30.000000000Z", "t2": "2023-02-13T21:20:31.000000000Z"}
    seen = stamps[case["resume"]["timestamp"]]
    given = [f"{seen} line {number}\n" for number in range(case["resume"]["lines_to_skip"])]
    lines = [f"{stamps[name]} line {at}\n" for at, name in enumerate(case["timestamps"])]
    new = resumed("".join(given).encode(), "".join(lines).encode()).decode()
    return {"skipped": [line not in new for line in lines]}


def truncated(case: Case) -> Case:
    """The second from which a log is asked for again."""
    resume = LogResume()
    resume.feed(case["timestamp"].encode() + b" x\n")
    assert resume.mark is not None
    return {"timestamp": resume.mark.since_time}
