"""Names, labels, annotations and finalizers."""

from __future__ import annotations

import json
from collections.abc import Iterator

from demo_cluster.kinds import Kind, Obj
from demo_cluster.status import Cause
from demo_cluster.validation import formats
from demo_cluster.validation.causes import IMMUTABLE, forbidden, invalid, invalid_for, required

_SHORT_NAMES = frozenset({("", "namespaces"), ("", "services")})
_FREE_NAMES = "rbac.authorization.k8s.io"
_CRON_JOB_NAME = 52
_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")
_LENIENT = ("apiextensions.k8s.io", "apiregistration.k8s.io")
"""Groups whose objects may have finalizers of any name."""
_MAX_ANNOTATIONS = 256 * 1024


def metadata_causes(kind: Kind, new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with an object's metadata, or with a change of it.

    The real server looks at a change twice, and says all that it finds twice.
    """
    meta = new["metadata"]
    finalizers = meta.get("finalizers") or []
    if old is None:
        yield from _name(kind, meta["name"])
        yield from _common_causes(meta)
        for finalizer in finalizers:
            reasons = formats.qualified_name(finalizer)
            yield from invalid_for("metadata.finalizers", finalizer, reasons)
    else:
        yield from [*_new_finalizers(new, old), *_common_causes(meta)] * 2
    if kind.is_custom or kind.group in _LENIENT:
        return
    for index, finalizer in enumerate(finalizers):
        if "/" not in finalizer and finalizer not in _FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid(f"metadata.finalizers[{index}]", finalizer, why)


def finalizer_warnings(new: Obj, old: Obj | None) -> Iterator[str]:
    """What the server says of the new finalizers of a custom object, which may have any name."""
    present = (old or {"metadata": {}})["metadata"].get("finalizers") or []
    for finalizer in sorted(set(new["metadata"].get("finalizers") or ()) - set(present)):
        said = f"metadata.finalizers: {json.dumps(finalizer)}: "
        yield from (said + reason for reason in formats.qualified_name(finalizer))
        if "/" not in finalizer and finalizer not in _FINALIZERS:
            path = " including a path (/)" if "." in finalizer else ""
            yield (
                f"{said}prefer a domain-qualified finalizer name{path} to avoid accidental "
                "conflicts with other finalizer writers"
            )


def _common_causes(meta: Obj) -> Iterator[Cause]:
    yield from labels_causes(meta.get("labels") or {}, "metadata.labels")
    yield from annotations_causes(meta.get("annotations") or {}, "metadata.annotations")
    yield from _owners(meta)


def _owners(meta: Obj) -> Iterator[Cause]:
    controllers = 0
    for index, owner in enumerate(meta.get("ownerReferences") or ()):
        path = "metadata.ownerReferences"
        if not owner.get("apiVersion"):
            yield invalid(f"{path}.apiVersion", "", "version must not be empty")
        for name in ("kind", "name", "uid"):
            if not owner.get(name):
                yield invalid(f"{path}.{name}", "", "must not be empty")
        controllers += bool(owner.get("controller"))
        if owner.get("controller") and controllers > 1:
            before = [each for each in meta["ownerReferences"][:index] if each.get("controller")]
            why = (
                "Only one reference can have Controller set to true. Found "
                f'"true" in references for {before[-1].get("kind")}/{before[-1].get("name")} and '
                f"{owner.get('kind')}/{owner.get('name')}"
            )
            yield invalid(path, meta["ownerReferences"], why)


def _name(kind: Kind, name: str) -> Iterator[Cause]:
    field = "metadata.name"
    if kind.group == _FREE_NAMES:
        yield from invalid_for(field, name, formats.path_segment(name))
        return
    if kind.storage_key == ("", "services") and name[:1].isdigit():
        yield invalid(field, name, formats.SERVICE_RULE)
        return
    check = formats.label if kind.storage_key in _SHORT_NAMES else formats.subdomain
    yield from invalid_for(field, name, check(name))
    if kind.plural == "cronjobs" and len(name) > _CRON_JOB_NAME:
        yield invalid(field, name, f"must be no more than {_CRON_JOB_NAME} characters")


def labels_causes(labels: dict[str, str], field: str) -> Iterator[Cause]:
    """What is wrong with labels."""
    for key, value in labels.items():
        yield from invalid_for(field, key, formats.qualified_name(key))
        yield from invalid_for(field, value, formats.label_value(value))


def annotations_causes(annotations: dict[str, str], field: str) -> Iterator[Cause]:
    """What is wrong with annotations."""
    for key in annotations:
        yield from invalid_for(field, key, formats.qualified_name(key.lower()))
    if sum(len(key) + len(str(value)) for key, value in annotations.items()) > _MAX_ANNOTATIONS:
        text = f"Too long: may not be more than {_MAX_ANNOTATIONS} bytes"
        yield Cause("FieldValueTooLong", text, field)


def _new_finalizers(new: Obj, old: Obj | None) -> list[Cause]:
    """An object that goes can lose finalizers only."""
    if old is None or "deletionTimestamp" not in old["metadata"]:
        return []
    present = old["metadata"].get("finalizers") or []
    added = [name for name in new["metadata"].get("finalizers") or [] if name not in present]
    if not added:
        return []
    listed = ", ".join(json.dumps(name) for name in added)
    why = (
        "no new finalizers can be added if the object is being deleted, "
        f"found new finalizers []string{{{listed}}}"
    )
    return [forbidden("metadata.finalizers", why)]


_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def selector_causes(selector: Obj | None, path: str) -> Iterator[Cause]:
    """What is wrong with a label selector."""
    for key, value in ((selector or {}).get("matchLabels") or {}).items():
        yield from invalid_for(f"{path}.matchLabels", key, formats.qualified_name(key))
        yield from invalid_for(f"{path}.matchLabels", value, formats.label_value(value))
    for index, clause in enumerate((selector or {}).get("matchExpressions") or ()):
        where = f"{path}.matchExpressions[{index}]"
        operator, values = clause.get("operator", ""), clause.get("values") or []
        if operator in ("In", "NotIn") and not values:
            why = "must be specified when `operator` is 'In' or 'NotIn'"
            yield required(f"{where}.values", why)
        elif operator in ("Exists", "DoesNotExist") and values:
            why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield forbidden(f"{where}.values", why)
        elif operator not in _OPERATORS:
            yield invalid(f"{where}.operator", operator, "not a valid selector operator")
        key = clause.get("key", "")
        yield from invalid_for(f"{where}.key", key, formats.qualified_name(key))
        for number, value in enumerate(values):
            yield from invalid_for(f"{where}.values[{number}]", value, formats.label_value(value))


def immutable(new: Obj, old: Obj, path: str, *names: str) -> Iterator[Cause]:
    """Fields that cannot change."""
    for name in names:
        if new.get(name) != old.get(name):
            yield invalid(f"{path}.{name}".lstrip("."), new.get(name), IMMUTABLE)
