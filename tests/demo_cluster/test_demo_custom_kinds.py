"""Custom kinds: what breaks their schemas and rules, how they are applied, what a definition is."""

from __future__ import annotations

from typing import Any

import pytest

from demo_cluster.changes.managed_fields import Writer, apply
from demo_cluster.changes.typed_patch import typed_problems
from demo_cluster.custom.causes import schema_causes
from demo_cluster.custom.formats import fits_format
from demo_cluster.custom.rule_language import RuleError, parsed
from demo_cluster.kinds import Obj
from demo_cluster.schema.types import definition_of_schema
from demo_cluster.status import Failure
from demo_cluster.validation.definitions import definition_causes
from demo_cluster.validation.metadata import finalizer_warnings

PART = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "weight": {"type": "integer"}},
}
SPEC = {
    "type": "object",
    "properties": {
        "size": {"type": "string", "enum": ["S", "L"]},
        "count": {"type": "integer", "minimum": 1, "multipleOf": 2},
        "title": {"type": "string", "minLength": 3, "maxLength": 5},
        "when": {"type": "string", "format": "date-time"},
        "port": {"x-kubernetes-int-or-string": True},
        "tags": {
            "type": "array",
            "items": {"type": "string"},
            "x-kubernetes-list-type": "set",
            "maxItems": 2,
        },
        "parts": {
            "type": "array",
            "items": PART,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
        "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
SCHEMA: Obj = {"type": "object", "properties": {"spec": SPEC}}


def broken(schema: Obj, spec: Any, before: Any = None) -> list[str]:
    old = None if before is None else {"spec": before}
    causes = schema_causes(schema, {"spec": spec}, old)
    return [f"{cause.field}: {cause.message}" for cause in causes]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (
            {"count": 3},
            "spec.count: Invalid value: 3: spec.count in body should be a multiple of 2",
        ),
        (
            {"title": "ab"},
            'spec.title: Invalid value: "ab": spec.title in body should be at least 3 chars long',
        ),
        ({"title": "abcdef"}, "spec.title: Too long: may not be more than 5 bytes"),
        (
            {"when": "now"},
            'spec.when: Invalid value: "now": spec.when in body must be of type date-time: "now"',
        ),
        (
            {"port": True},
            (
                'spec.port: Invalid value: "boolean": spec.port in body must be of type '
                'integer,string: "boolean"'
            ),
        ),
        ({"tags": ["a", "a"]}, 'spec.tags[1]: Duplicate value: "a"'),
        ({"tags": ["a", "b", "c"]}, "spec.tags: Too many: 3: must have at most 2 items"),
        ({"parts": [{"name": "a"}, {"name": "a"}]}, 'spec.parts[1]: Duplicate value: {"name":"a"}'),
        ({"parts": [{"weight": 1}]}, "spec.parts[0].name: Required value"),
    ],
)
def test_what_breaks_the_schema_is_told_in_the_servers_words(spec: Any, why: str) -> None:
    assert broken(SCHEMA, spec) == [why]


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert broken(SCHEMA, {"count": 2.0}) == []


@pytest.mark.parametrize(
    ("name", "text", "fits"),
    [
        ("date-time", "2026-11-21T00:24:39Z", True),
        ("date-time", "2026-11-21T25:24:39Z", False),
        ("date", "2026-02-30", False),
        ("ipv4", "10.0.0.256", False),
        ("cidr", "10.0.0.0/8", True),
        ("cidr", "10.0.0.0", False),
        ("uuid", "cefa01f6-9283-4f60-b6a8-a38ffbf2e27e", True),
        ("duration", "1h30m", True),
        ("duration", "soon", False),
        ("of my own", "anything", True),
    ],
)
def test_a_format_is_checked_where_the_server_knows_it(name: str, text: str, fits: bool) -> None:
    assert fits_format(name, text) is fits


def ruled(*rules: Obj, **properties: Any) -> Obj:
    spec = {"type": "object", "properties": properties, "x-kubernetes-validations": list(rules)}
    return {"type": "object", "properties": {"spec": spec}}


SIZED = ruled(
    {"rule": "self.size != 'L' || self.count <= 3", "message": "L has at most 3"},
    size={"type": "string", "enum": ["S", "L"]},
    count={"type": "integer", "maximum": 9},
)


def test_a_broken_rule_is_told_by_its_message_at_its_place() -> None:
    assert broken(SIZED, {"size": "L", "count": 4}) == ["spec: Invalid value: L has at most 3"]
    assert broken(SIZED, {"size": "S", "count": 4}) == []


def test_rules_are_worked_out_unless_the_object_has_not_even_its_shape() -> None:
    over = broken(SIZED, {"size": "L", "count": 10})
    unknown = broken(SIZED, {"size": "M", "count": 4})

    assert over[-1] == "spec: Invalid value: L has at most 3"
    assert unknown[-1].startswith("<nil>: Invalid value: null: some validation rules were not")


def test_a_rule_about_what_was_holds_for_what_is_new() -> None:
    frozen = {
        "type": "string",
        "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "is frozen"}],
    }
    schema = ruled(name=frozen)

    assert broken(schema, {"name": "a"}) == []
    assert broken(schema, {"name": "b"}, before={"name": "a"}) == [
        'spec.name: Invalid value: "b": is frozen'
    ]


def test_a_rule_without_a_message_is_told_itself_and_may_give_a_reason() -> None:
    plain = ruled({"rule": "has(self.a)"})
    needed = ruled({"rule": "has(self.a)", "message": "say a", "reason": "FieldValueRequired"})

    assert broken(plain, {}) == ["spec: Invalid value: failed rule: has(self.a)"]
    assert broken(needed, {}) == ["spec: Required value: say a"]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("1 + 2 * 3 == 7 && !(2 > 3)", True),
        ("-7 / 2 == -3 && -7 % 2 == -1", True),
        ("self.parts.all(p, p.weight > 0)", True),
        ("self.parts.exists_one(p, p.name == 'b')", True),
        ("self.parts.filter(p, p.weight > 1).map(p, p.name) == ['b']", True),
        ("size(self.name) == 3 && self.name.startsWith('a')", True),
        ("self.name.matches('^[a-z]+$') ? 'yes' : 'no'", "yes"),
        ("'name' in self && !has(self.other)", True),
        ("self.other.deep || true", True),
        ("self['name'] in [\"abc\", 'x']", True),
        ("self.parts[1].name + r'\\d'", "b\\d"),
    ],
)
def test_expressions_are_worked_out(rule: str, value: Any) -> None:
    parts = [{"name": "a", "weight": 1}, {"name": "b", "weight": 2}]

    assert parsed(rule)({"self": {"name": "abc", "parts": parts}}) == value


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("self.none", "no such key: none"),
        ("self.list[3]", "index out of bounds: 3"),
        ("self.name < 1", "no such overload"),
        ("1 / 0", "division by zero"),
        ("self.name.size(", "unexpected end"),
        ("self ~ 1", "unexpected '~'"),
        ("(" * 5000, "expression recursion limit exceeded"),
    ],
)
def test_what_cannot_be_worked_out_says_why(rule: str, why: str) -> None:
    with pytest.raises(RuleError) as caught:
        parsed(rule)({"self": {"name": "abc", "list": []}})

    assert str(caught.value) == why


TYPE = definition_of_schema(SCHEMA)
ALICE, BOB = (Writer(name, "Apply", "x.example.com/v1") for name in ("alice", "bob"))


def applied(live: Obj, writer: Writer, **spec: Any) -> Obj:
    config = {"metadata": {"name": "f"}, "spec": spec}
    return apply(TYPE, live, config, writer, is_forced=False, now="t")


def test_two_managers_share_the_lists_of_a_custom_kind_item_by_item() -> None:
    bare = {"metadata": {"name": "f"}}
    live = applied(bare, ALICE, tags=["a"], parts=[{"name": "a", "weight": 1}])

    live = applied(live, BOB, tags=["b"], parts=[{"name": "b", "weight": 2}])

    assert live["spec"]["tags"] == ["a", "b"]
    assert [part["name"] for part in live["spec"]["parts"]] == ["a", "b"]
    owned = live["metadata"]["managedFields"][1]["fieldsV1"]["f:spec"]
    assert owned == {
        "f:parts": {'k:{"name":"b"}': {".": {}, "f:name": {}, "f:weight": {}}},
        "f:tags": {'v:"b"': {}},
    }


def test_a_conflict_over_an_item_of_a_custom_kind_names_the_item() -> None:
    live = applied({"metadata": {"name": "f"}}, ALICE, parts=[{"name": "a", "weight": 1}])

    with pytest.raises(Failure) as caught:
        applied(live, BOB, parts=[{"name": "a", "weight": 2}])

    assert caught.value.message.endswith('conflict with "alice": .spec.parts[name="a"].weight')


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        ({"extra": {"goes": [1, {"here": None}]}}, []),
        ({"none": 1}, [".spec.none: field not declared in schema"]),
        (
            {"count": "x"},
            [
                (
                    ".spec.count: expected numeric (int or float), got "
                    '&value.valueUnstructured{Value:"x"}'
                )
            ],
        ),
    ],
)
def test_an_applied_custom_object_has_the_types_of_its_schema(spec: Any, problems: Any) -> None:
    whole = {"apiVersion": "x.example.com/v1", "kind": "Foo", "metadata": {"name": "f"}}

    assert typed_problems(TYPE, {**whole, "spec": spec}) == problems


def definition(**spec: Any) -> Obj:
    names = {"plural": "foos", "singular": "foo", "kind": "Foo", "listKind": "FooList"}
    version = {"name": "v1", "served": True, "storage": True}
    version["schema"] = {"openAPIV3Schema": SCHEMA}
    whole = {"group": "x.example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    return {
        "metadata": {"name": "foos.x.example.com"},
        "spec": whole | spec,
        "status": {
            "storedVersions": ["v1"],
            "conditions": [{"type": "Established", "status": "True"}],
        },
    }


def versioned(schema: Obj, **more: Any) -> Obj:
    version = {"name": "v1", "served": True, "storage": True}
    return {"versions": [version | {"schema": {"openAPIV3Schema": schema}} | more]}


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"scope": ""}, "spec.scope: Required value"),
        (
            {"scope": "Everywhere"},
            (
                'spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", '
                '"Namespaced"'
            ),
        ),
        (
            versioned({"properties": {}}),
            "spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root",
        ),
        (
            versioned({"type": "object", "properties": {"a": {}}}),
            (
                "spec.validation.openAPIV3Schema.properties[a].type: Required value: must not "
                "be empty for specified object fields"
            ),
        ),
        (
            versioned({"type": "object", "properties": {"a": {"type": "array"}}}),
            (
                "spec.validation.openAPIV3Schema.properties[a].items: Required value: must be "
                "specified"
            ),
        ),
        (
            versioned(
                SCHEMA, additionalPrinterColumns=[{"name": "A", "type": "text", "jsonPath": "."}]
            ),
            (
                'spec.versions[0].additionalPrinterColumns[0].type: Invalid value: "text": must '
                "be one of boolean,date,integer,number,string"
            ),
        ),
    ],
)
def test_a_definition_that_cannot_be_is_refused(spec: Obj, why: str) -> None:
    causes = definition_causes(definition(**spec), None)

    assert [f"{cause.field}: {cause.message}" for cause in causes] == [why]


def test_an_established_definition_keeps_its_scope() -> None:
    causes = list(definition_causes(definition(scope="Cluster"), definition()))

    assert [(cause.field, cause.message) for cause in causes] == [
        ("spec.scope", 'Invalid value: "Cluster": field is immutable')
    ]


def test_a_custom_object_may_have_any_finalizer_and_is_warned_of_it() -> None:
    before = {"metadata": {"finalizers": ["old"]}}
    after = {"metadata": {"finalizers": ["old", "mine", "x.example.com", "x.example.com/y"]}}

    assert list(finalizer_warnings(after, before)) == [
        (
            'metadata.finalizers: "mine": prefer a domain-qualified finalizer name to avoid '
            "accidental conflicts with other finalizer writers"
        ),
        (
            'metadata.finalizers: "x.example.com": prefer a domain-qualified finalizer name '
            "including a path (/) to avoid accidental conflicts with other finalizer writers"
        ),
    ]
