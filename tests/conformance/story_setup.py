"""What was there before a recorded story began, from its words and its watches. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.conformance.story import Action, Happening, Obj, Story, is_controlled
from tests.conformance.story_origins import Origins, plain_template, template_of_pod
from tests.conformance.story_posted import as_posted, without_hashes
from tests.conformance.story_words import COLLECTIONS, collection, numbers_in


def state_before(
    story: Story, happenings: list[Happening], origins: Origins
) -> list[tuple[str, Obj]]:
    """The objects that are there when the story begins, each with its collection."""
    before: list[tuple[str, Obj]] = []
    for text in story.setup:
        for part in text.split(", "):
            before += _setup(story, part, happenings, origins, [obj for _, obj in before])
    before += _unmentioned(happenings, before)
    is_of_pods = any(obj["kind"] == "Pod" for _, obj in before)
    if not is_of_pods and any("DELETE namespace" in each.text for each in story.actions):
        before += [(collection("pod", story.namespace), pod) for pod in origins.slow_pods()]
    return before


def _setup(
    story: Story,
    part: str,
    happenings: list[Happening],
    origins: Origins,
    before: list[Obj],
) -> Iterator[tuple[str, Obj]]:
    match = re.match(r"(?:an? )?(\w+) (\S+)(?: with (\d+) )?", part)
    if match is None or match[1] not in COLLECTIONS:
        return
    word, name = match[1], match[2].rstrip(",")
    base = collection(word, story.namespace)
    if word == "deployment":
        yield base, _deployment(story, name, int(match[3] or 1), happenings)
        return
    shown = _as_first_seen(COLLECTIONS[word][1], name, happenings)
    if shown is None:
        shown = origins.posted(word, part, before)
        if match[3] and word in ("statefulset", "replicaset"):
            shown["spec"]["replicas"] = int(match[3])
    yield base, shown


def _unmentioned(
    happenings: list[Happening], before: list[tuple[str, Obj]]
) -> Iterator[tuple[str, Obj]]:
    """Objects that must have been there, because they were not seen to be created."""
    seen: set[str] = set()
    made = {(obj["kind"], obj["metadata"]["name"]) for _, obj in before}
    for each in happenings:
        meta, kind = each.obj["metadata"], each.obj["kind"]
        is_known = meta["uid"] in seen or (kind, meta["name"]) in made
        seen.add(meta["uid"])
        if is_known or each.type == "ADDED" or is_controlled(each.obj) or kind == "Namespace":
            continue
        if kind not in ("Deployment", "EndpointSlice"):
            yield each.base, as_posted(each.obj)


def _as_first_seen(kind: str, name: str, happenings: list[Happening]) -> Obj | None:
    for each in happenings:
        if each.obj["kind"] == kind and each.obj["metadata"]["name"] == name:
            return as_posted(each.obj)
    return None


def _deployment(story: Story, name: str, replicas: int, happenings: list[Happening]) -> Obj:
    """The deployment as it was: its old template is that of its oldest set or pods."""
    shown = next(
        (
            each.obj
            for each in happenings
            if each.obj["kind"] == "Deployment" and each.obj["metadata"]["name"] == name
        ),
        None,
    )
    labels = {"app": name}
    if shown is not None:
        made = as_posted(shown)
        made["metadata"]["annotations"] = {}
    else:
        made = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {"selector": {"matchLabels": labels}, **numbers_in(story.title, "deployment")},
        }
    made["spec"]["replicas"] = replicas
    made["spec"].pop("paused", None)
    template = _old_template(name, happenings)
    if template is not None:
        made["spec"]["template"] = template
    elif shown is None:
        made["spec"]["template"] = plain_template(labels)
    else:
        _undo(made["spec"]["template"], story.actions)
    return made


def _undo(template: Obj, actions: list[Action]) -> None:
    """Take back what the first actions did to a template."""
    text = " ".join(each.text for each in actions)
    if "image" in text:
        template["spec"]["containers"][0]["image"] = "busybox"
    annotations = template["metadata"].get("annotations") or {}
    annotations.pop("kubectl.kubernetes.io/restartedAt", None)
    if not annotations:
        template["metadata"].pop("annotations", None)


def _old_template(name: str, happenings: list[Happening]) -> Obj | None:
    sets = [
        each.obj
        for each in happenings
        if each.obj["kind"] == "ReplicaSet" and each.obj["metadata"]["name"].startswith(f"{name}-")
    ]
    if sets:
        oldest = min(sets, key=lambda obj: obj["metadata"]["creationTimestamp"])
        return without_hashes(oldest["spec"]["template"])
    pods = [
        each.obj
        for each in happenings
        if each.obj["kind"] == "Pod" and each.obj["metadata"]["name"].startswith(f"{name}-")
    ]
    if not pods:
        return None
    oldest = min(pods, key=lambda obj: obj["metadata"]["creationTimestamp"])
    return template_of_pod(oldest)
