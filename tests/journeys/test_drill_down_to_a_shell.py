"""From all namespaces down to a shell in one container, and back."""

from tests.journeys.place import Place, program
from tests.terminal import ENTER, ESCAPE, Terminal


def test_a_person_drills_down_to_a_shell_and_comes_back_to_the_same_row(place: Place) -> None:
    place.deploy("checkout")
    place.wait_until_ready("checkout")
    command = program("kube_tui", "--kubeconfig", str(place.kubeconfig), "-c", "namespaces")

    with Terminal(command, columns=140) as person:
        person.expect(r" Active +\d+[smhdy]")
        person.send(f"/{place.namespace}{ENTER}")
        person.expect(r"\b1 of \d+")
        person.expect(rf"^\W*{place.namespace} ")

        person.send(ENTER)
        person.expect(r"services")
        person.expect(r"^\W*checkout ")
        person.send(ENTER)
        person.expect(r"^\W*checkout-\S+ .*Running")
        person.send(ENTER)
        person.expect(r"^\W*talker .*")

        person.send("s")
        person.expect(r"[$#] *$")
        person.send(f"echo $((6*7)) is $WHO{ENTER}")
        person.expect(r"^42 is first")
        person.send(f"exit{ENTER}")
        person.expect_gone(r"^42 is first")
        person.expect(r"^\W*talker .*")

        person.send(ESCAPE)
        person.expect(r"^\W*checkout-\S+ .*Running")
        person.send(f":q{ENTER}")
        assert person.wait_exit() == 0
