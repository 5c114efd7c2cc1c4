"""Says what is legal for a field, in words, from the class that declares it."""

from typing import Any

from pydantic import BaseModel, ValidationError

from movierec.chassis.errors import Violation

LARGEST_SHOWN = 80
"""Characters of a bad value that are repeated to whoever gave it."""


def legal_values(model: type[BaseModel], field: str) -> str:
    """What a field takes, e.g. "a whole number from 1 to 1,024".

    Args:
        model: The class that declares the field.
        field: The field's name.
    """
    schema: dict[str, Any] = model.model_json_schema()["properties"][field]
    alternatives = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    return " or ".join(_in_words(part) for part in alternatives)


def violations(error: ValidationError, model: type[BaseModel]) -> list[Violation]:
    """Turns pydantic's findings into one sentence a field.

    Args:
        error: What pydantic raised.
        model: The class that it was raised for.
    """
    found = []
    for item in error.errors(include_url=False, include_context=False):
        field = str(item["loc"][0]) if item["loc"] else ""
        if item["type"] == "extra_forbidden":
            sentence = f"there is no such setting; there are {', '.join(model.model_fields)}"
        elif item["type"] == "missing":
            sentence = f"must be given: {legal_values(model, field)}"
        elif item["type"] == "value_error":
            sentence = f"{shown(item['input'])}: {item['msg'].removeprefix('Value error, ')}"
        else:
            sentence = f"{shown(item['input'])} is not legal; legal is {legal_values(model, field)}"
        found.append(Violation(field, sentence))
    return found


def shown(value: object) -> str:
    """A bad value as it is repeated in a sentence: quoted, escaped and cut."""
    text = repr(value)
    return text if len(text) <= LARGEST_SHOWN else f"{text[:LARGEST_SHOWN]}…"


def _in_words(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(str(value) for value in schema["enum"])
    kind = schema.get("type")
    if kind == "boolean":
        return "true or false"
    if kind == "array":
        return "a list"
    if kind not in {"integer", "number"}:
        return {"path": "a path", "address": "HOST:PORT"}.get(schema.get("format", ""), "a text")
    words = "a whole number" if kind == "integer" else "a number"
    if "minimum" in schema:
        words += f" from {schema['minimum']:,}"
    if "exclusiveMinimum" in schema:
        words += f" above {schema['exclusiveMinimum']:,}"
    if "maximum" in schema:
        words += f" to {schema['maximum']:,}"
    if "exclusiveMaximum" in schema:
        words += f" below {schema['exclusiveMaximum']:,}"
    return words
