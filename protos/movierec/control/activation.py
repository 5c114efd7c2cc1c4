"""Which version is to serve, and which labels there are: `activation.json`."""

import errno
import fcntl
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from google.protobuf import json_format

from movierec.control.files import (
    NoFileError,
    open_at_once,
    read_file,
    replace_in_folder,
)
from movierec.v1 import control_pb2 as pb

ACTIVATION = "activation.json"
LABEL = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
"""What a label may be; never a number, so that the two cannot be mistaken for each other."""

RESERVED_LABELS = frozenset({"latest", "none"})
"""What no label may be put on a version as: commands mean something else by these words."""

MOST_GENERATION = 2**53
"""No change was ever so late; whatever reads JSON can tell all numbers up to it apart."""

MOST_BYTES = 16 * 1024 * 1024
"""A larger activation is none."""


class ControlError(Exception):
    """The control folder holds something that cannot be understood.

    Args:
        sentence: What that is.
        content: Of the file, if it is one.
    """

    def __init__(self, sentence: str, content: bytes = b"") -> None:
        super().__init__(sentence)
        self.content = content


@dataclass(frozen=True, slots=True)
class Activation:
    """What an operator has said is to serve.

    Args:
        generation: Grows with every change; 0 when nothing was ever said.
        pinned: The version that is to serve; None is the latest.
        labels: Names for versions.
    """

    generation: int = 0
    pinned: int | None = None
    labels: Mapping[str, int] = field(default_factory=dict)

    def to_pin(self, version: int | None) -> Self:
        """The next one, with another version pinned, or none."""
        return replace(self, generation=self.generation + 1, pinned=version)

    def to_label(self, label: str, version: int | None) -> Self:
        """The next one, with a label on a version, or without it."""
        labels = {name: number for name, number in self.labels.items() if name != label}
        if version is not None:
            labels[label] = version
        return replace(self, generation=self.generation + 1, labels=labels)

    def labels_of(self, version: int) -> list[str]:
        """The labels that a version has, in alphabetical order."""
        return sorted(name for name, number in self.labels.items() if number == version)


def read_activation(control_dir: Path) -> Activation:
    """What is to serve; the latest version, if nothing was ever said.

    Raises:
        ControlError: The file is none of ours, or something else is in its place.
        OSError: The volume does not answer as it should.
    """
    path = control_dir / ACTIVATION
    try:
        content = read_file(path, MOST_BYTES)
    except FileNotFoundError:
        return Activation()
    except NoFileError as error:
        raise ControlError(f"{path} is no activation: {error}") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ControlError(f"{path} is no activation: it is a link in a circle") from None
        raise
    try:
        message = json_format.Parse(content, pb.Activation(), ignore_unknown_fields=True)
    except (json_format.ParseError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(f"{path} is no activation: {error}"[:300], content) from None
    try:
        return _from_message(message, path)
    except ControlError as error:
        raise ControlError(str(error), content) from None


def change_activation(control_dir: Path, change: Callable[[Activation], Activation]) -> Activation:
    """Changes what is to serve; of several at a time one waits for the other.

    Args:
        control_dir: The control folder, which has to be there.
        change: From what is said now to what is to be.

    Returns:
        What is said from now on.

    Raises:
        ControlError: What is said now cannot be understood.
        FileNotFoundError: The folder is not there.
        OSError: The folder cannot be written to. Nothing has changed.
    """
    path = control_dir / f".{ACTIVATION}.lock"
    with open(path, "w", encoding="ascii", opener=open_at_once) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given up when the file is closed, also by a kill
        changed = change(read_activation(control_dir))
        if changed.generation > MOST_GENERATION:
            raise ControlError(f"{control_dir / ACTIVATION} has the last generation that there is")
        text = json_format.MessageToJson(to_message(changed), preserving_proto_field_name=True)
        replace_in_folder(control_dir / ACTIVATION, f"{text}\n".encode())
    return changed


def to_message(activation: Activation) -> pb.Activation:
    """An activation, as the contract's message."""
    pinned = activation.pinned
    return pb.Activation(
        generation=activation.generation,
        policy=pb.ACTIVATION_POLICY_LATEST if pinned is None else pb.ACTIVATION_POLICY_PINNED,
        version=pinned or 0,
        labels=activation.labels,
    )


def _from_message(message: pb.Activation, path: Path) -> Activation:
    is_pinned = message.policy == pb.ACTIVATION_POLICY_PINNED
    numbers = [*message.labels.values(), *([message.version] if is_pinned else [])]
    # A policy of a later writer is read as none, too.
    is_known = is_pinned or message.policy == pb.ACTIVATION_POLICY_LATEST
    if not is_known or min(numbers, default=1) < 1:
        raise ControlError(f"{path} names a policy or a version that cannot be")
    if not 0 <= message.generation <= MOST_GENERATION:
        raise ControlError(f"{path} has generation {message.generation}, which cannot be")
    if not all(map(LABEL.fullmatch, message.labels)):
        raise ControlError(
            f"{path} has a label that is not legal; legal are 1 to 64 letters, digits, '.', '_' "
            f"or '-', the first of them a letter"
        )
    return Activation(
        generation=message.generation,
        pinned=message.version if is_pinned else None,
        labels=dict(message.labels),
    )
