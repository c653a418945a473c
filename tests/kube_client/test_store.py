import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_client.objects import KubeObject, ObjectMeta, Pod, PodSpec
from kube_client.resource import ObjectKey
from kube_client.store import Change, Store

WEB, DB = ObjectKey("shop", "web"), ObjectKey("shop", "db")
A_WHILE = 10.0


def a_pod(name: str, version: str = "1", node: str = "", uid: str = "") -> Pod:
    metadata = ObjectMeta(name=name, namespace="shop", resource_version=version, uid=uid)
    return Pod(metadata=metadata, spec=PodSpec(node_name=node))


def a_store(*pods: Pod) -> Store[Pod]:
    store: Store[Pod] = Store()
    for pod in pods:
        store.put(pod)
    return store


def test_objects_are_found_by_key_until_they_are_removed() -> None:
    web = a_pod("web")
    store = a_store(web, a_pod("db"))

    assert store.get(WEB) is web
    assert (len(store), WEB in store, "web" in store) == (2, True, False)
    store.remove(WEB)
    assert store.get(WEB) is None
    assert [pod.metadata.name for pod in store.values()] == ["db"]


def test_the_first_take_is_everything_there_is() -> None:
    web = a_pod("web")
    subscription = a_store(web).subscribe()

    assert subscription.take() == [Change(WEB, None, web)]
    assert subscription.take() == []


def test_many_changes_of_one_object_are_one_change() -> None:
    one, two, three = (a_pod("web", str(version)) for version in (1, 2, 3))
    store = a_store(one)
    subscription = store.subscribe()
    subscription.take()

    store.put(two)
    store.put(three)

    assert subscription.take() == [Change(WEB, one, three)]


def test_what_came_and_went_between_two_takes_is_no_change() -> None:
    store = a_store()
    subscription = store.subscribe()

    store.put(a_pod("web"))
    store.remove(WEB)

    assert subscription.take() == []


def test_what_went_and_came_back_as_another_is_a_change_with_both() -> None:
    old, new = a_pod("web", "1", uid="a"), a_pod("web", "9", uid="b")
    store = a_store(old)
    subscription = store.subscribe()
    subscription.take()

    store.remove(WEB)
    store.put(new)

    assert subscription.take() == [Change(WEB, old, new)]


def test_the_same_version_again_is_no_news() -> None:
    first = a_pod("web", "5")
    store = a_store(first)
    subscription = store.subscribe()
    subscription.take()

    store.put(a_pod("web", "5"))

    assert subscription.take() == []
    assert store.get(WEB) is first


def test_each_subscription_has_its_own_pace() -> None:
    store = a_store(a_pod("web"))
    fast, slow = store.subscribe(), store.subscribe()
    fast.take()
    store.put(a_pod("db"))

    assert [change.key for change in fast.take()] == [DB]
    assert [change.key for change in slow.take()] == [WEB, DB]


def test_an_index_follows_every_change() -> None:
    store = a_store(a_pod("web", node="n1"))
    store.add_index("node", lambda pod: [pod.spec.node_name])
    store.put(a_pod("db", node="n1"))

    assert [pod.metadata.name for pod in store.by_index("node", "n1")] == ["web", "db"]
    store.put(a_pod("web", "2", node="n2"))
    assert [pod.metadata.name for pod in store.by_index("node", "n1")] == ["db"]
    assert [pod.metadata.name for pod in store.by_index("node", "n2")] == ["web"]
    store.remove(WEB)
    assert store.by_index("node", "n2") == []


def test_an_index_that_was_never_added_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        a_store().by_index("node", "n1")


def test_keeping_only_some_removes_the_others() -> None:
    store = a_store(a_pod("web"), a_pod("db"))
    subscription = store.subscribe()
    subscription.take()

    store.keep_only({DB, ObjectKey("x", "y")})

    assert [(change.key, change.after) for change in subscription.take()] == [(WEB, None)]


async def test_waiting_ends_with_the_next_change_or_the_end() -> None:
    store = a_store()
    subscription = store.subscribe()

    async with asyncio.timeout(A_WHILE):
        waiting = asyncio.create_task(subscription.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        store.put(a_pod("web"))
        await waiting
        subscription.take()

        waiting = asyncio.create_task(subscription.wait())
        subscription.close()
        await waiting
    store.put(a_pod("db"))
    assert subscription.take() == []


steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "remove", "take"]),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["n1", "n2"]),
    ),
    max_size=40,
)


@given(steps)
def test_whoever_applies_the_changes_has_what_the_store_has(
    walk: list[tuple[str, str, str]],
) -> None:
    store: Store[Pod] = Store()
    store.add_index("node", lambda pod: [pod.spec.node_name])
    subscription = store.subscribe()
    copy: dict[ObjectKey, KubeObject] = {}

    for version, (step, name, node) in enumerate([*walk, ("take", "", "")]):
        if step == "put":
            store.put(a_pod(name, str(version), node))
        elif step == "remove":
            store.remove(ObjectKey("shop", name))
        else:
            for change in subscription.take():
                assert copy.get(change.key) is change.before
                if change.after is None:
                    del copy[change.key]
                else:
                    copy[change.key] = change.after

    assert copy == {pod.key: pod for pod in store.values()}
    for node in ("n1", "n2"):
        expected = {pod.key for pod in store.values() if pod.spec.node_name == node}
        assert {pod.key for pod in store.by_index("node", node)} == expected
