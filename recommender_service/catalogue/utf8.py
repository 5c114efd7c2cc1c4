"""Texts as bytes of UTF-8, very many at a time."""

import numpy as np
from numpy.typing import NDArray

# Knuth's multiplier (The Art of Computer Programming, volume 3, 6.4): odd, and near 2**64 times
# the golden section.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def encoded(text: str) -> bytes:
    """A text in UTF-8, in which a part of a text is a part of its bytes; any text has one."""
    return text.encode("utf-8", "surrogatepass")


def decoded(letters: bytes | bytearray | memoryview) -> str:
    """The text that has these bytes."""
    return str(letters, "utf-8", "surrogatepass")


def is_further(letters: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Of each byte, whether it is of the same letter as the one before it."""
    found: NDArray[np.bool_] = (letters & 0xC0) == 0x80
    return found


def last_bits(letters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The last 8 bits of each letter's number.

    Args:
        letters: Any bytes of UTF-8, of which one holds 6 bits of a letter that takes several.
    """
    further = is_further(letters)
    if not further.any():
        return letters
    bits = letters.copy()
    bits[1:][further[1:]] = (letters[:-1] << 6 | letters[1:] & 0x3F)[further[1:]]
    last_bytes: NDArray[np.uint8] = bits[~np.append(further[1:], False)]
    return last_bytes


def hashes_of(letters: NDArray[np.uint8], bounds: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A number for each text, by which it is found: another text may have the same, but rarely.

    Unlike Python's own it is the same in every process.

    Args:
        letters: The texts, one behind another; none is empty.
        bounds: Where each begins, and the last one ends, (N + 1,).

    Returns:
        The value of each text's polynomial, modulo 2**64, (N,).
    """
    sizes = np.diff(bounds)
    powers = np.multiply.accumulate(np.full(sizes.max(initial=0), _FACTOR))
    exponents = np.arange(len(letters)) - np.repeat(bounds[:-1], sizes)
    hashes: NDArray[np.uint64] = np.add.reduceat(letters * powers[exponents], bounds[:-1])
    return hashes
