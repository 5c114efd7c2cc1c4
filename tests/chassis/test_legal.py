"""What is legal, in words."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from movierec.chassis.errors import Violation
from movierec.chassis.legal import LARGEST_SHOWN, legal_values, shown, violations


class Example(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=1_024)] = 1
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    size: Annotated[int, Field(ge=1)] | None = None
    mode: Literal["fast", "small"] = "fast"
    switch: bool = False
    name: str


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("count", "a whole number from 1 to 1,024"),
        ("share", "a number above 0 below 1"),
        ("size", "a whole number from 1"),
        ("mode", "fast or small"),
        ("switch", "true or false"),
        ("name", "a text"),
    ],
)
def test_legal_values_are_said_in_words(field: str, words: str) -> None:
    assert legal_values(Example, field) == words


def test_each_bad_field_gets_a_sentence_that_names_value_and_legal_ones() -> None:
    with pytest.raises(ValidationError) as caught:
        Example.model_validate({"count": 0, "speed": 1})
    assert violations(caught.value, Example) == [
        Violation("count", "0 is not legal; legal is a whole number from 1 to 1,024"),
        Violation("name", "must be given: a text"),
        Violation(
            "speed", "there is no such setting; there are count, share, size, mode, switch, name"
        ),
    ]


def test_a_long_bad_value_is_not_repeated_whole() -> None:
    assert len(shown("x" * 10_000)) == LARGEST_SHOWN + 1


def test_a_bad_value_is_repeated_without_control_characters() -> None:
    assert shown("\x1b[31m\n") == r"'\x1b[31m\n'"
