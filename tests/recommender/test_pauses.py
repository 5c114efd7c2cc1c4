"""What could not be read is left alone for longer and longer."""

from recommender_service.artifact.pauses import LONGEST_PAUSE, Pauses


def looks_until_due(pauses: Pauses) -> int:
    looks = 0
    while not pauses.is_due(3):
        pauses.next_look()
        looks += 1
    return looks


def test_the_pauses_double_up_to_the_longest() -> None:
    pauses = Pauses()
    found = []
    for _ in range(9):
        pauses.failed(3)
        found.append(looks_until_due(pauses))
    assert found == [1, 2, 4, 8, 16, 32, 64, 64, 64]
    assert LONGEST_PAUSE == 64


def test_a_version_that_never_failed_is_due_and_so_are_others_than_the_one_that_did() -> None:
    pauses = Pauses()
    assert pauses.is_due(3)
    pauses.failed(3)
    assert not pauses.is_due(3)
    assert pauses.is_due(4)


def test_what_was_read_at_last_begins_with_short_pauses_again() -> None:
    pauses = Pauses()
    for _ in range(5):
        pauses.failed(3)
    pauses.forget(3)
    assert pauses.is_due(3)
    pauses.failed(3)
    assert looks_until_due(pauses) == 1
