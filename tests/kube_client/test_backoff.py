import random
from itertools import islice

from kube_client.backoff import Backoff


def test_delays_grow_to_their_limit_and_stay_there() -> None:
    delays = list(islice(Backoff(first=1, factor=2, limit=5, jitter=0).delays(), 5))

    assert delays == [1, 2, 4, 5, 5]


def test_jitter_only_adds_and_differs_from_client_to_client() -> None:
    backoff = Backoff(first=1, factor=2, limit=8, jitter=0.5)

    one = list(islice(backoff.delays(random.Random(1)), 4))
    other = list(islice(backoff.delays(random.Random(2)), 4))

    assert one != other
    for step, delay in zip([1, 2, 4, 8], one, strict=True):
        assert step <= delay <= step * 1.5
