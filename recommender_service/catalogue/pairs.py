"""Which pairs of letters stand close together in a text, in a few bytes.

Texts that share few pairs are not alike, and one that lacks a pair of another
does not hold it. That is seen of many texts at once, without looking at one. A
pair is of two letters side by side, or with one between them, so that a text
keeps most of its pairs whatever typing error is in it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KINDS = 256
"""Of pairs; a pair is of one of them, by a hash of its two letters."""

MOST_LOST = 4
"""Pairs of a text that an edit (see `Names.within`) can take from it."""

_MIXER = np.uint8(37)
_DISTANCES = (1, 2)


def pairs_of(texts: Sequence[str]) -> NDArray[np.uint64]:
    """The kinds of pairs that each of several texts has.

    Args:
        texts: N, not empty, all of one length.

    Returns:
        (N, KINDS / 64), a bit for each kind.
    """
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    letters = codes.astype(np.uint8).reshape(len(texts), -1)
    mixed = letters * _MIXER  # modulo 256, as bytes are
    has = np.zeros((len(texts), KINDS), np.bool_)
    # One number for a text and a kind, since that is half the work of two.
    begins, flat = np.arange(0, has.size, KINDS)[:, None], has.reshape(-1)
    for distance in _DISTANCES:
        flat[begins + (mixed[:, :-distance] + letters[:, distance:])] = True
    return np.packbits(has, axis=1).view(np.uint64)


def count_pairs(pairs: NDArray[np.uint64]) -> NDArray[np.int16]:
    """How many kinds there are in each of N texts, of (KINDS / 64, N)."""
    counts: NDArray[np.int16] = np.bitwise_count(pairs).sum(axis=0, dtype=np.int16)
    return counts
