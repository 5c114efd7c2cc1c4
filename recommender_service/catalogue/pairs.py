"""Which pairs of letters stand close together in a text, in a few bytes.

Texts that share few pairs are not alike, and one that lacks a pair of another
does not hold it. That is seen of many texts at once, without looking at one. A
pair is of two letters side by side, or with one between them, so that a text
keeps most of its pairs whatever typing error is in it.
"""

import numpy as np
from numpy.typing import NDArray

KINDS = 256
"""Of pairs; a pair is of one of them, by a hash of its two letters."""

MOST_LOST = 4
"""Pairs of a text that an edit (see `Names.within`) can take from it."""

_MIXER = np.uint8(37)
_DISTANCES = (1, 2)


def pairs_of(letters: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The kinds of pairs that each of several texts has.

    Args:
        letters: Of N texts of L letters, L at least 1; of each the last 8 bits, (N, L).

    Returns:
        (N, KINDS / 64), a bit for each kind.
    """
    mixed = letters * _MIXER  # modulo 256, as bytes are
    has = np.zeros((len(letters), KINDS), np.bool_)
    # One number for a text and a kind, since that is half the work of two.
    begins, flat = np.arange(0, has.size, KINDS)[:, None], has.reshape(-1)
    for distance in _DISTANCES:
        flat[begins + (mixed[:, :-distance] + letters[:, distance:])] = True
    return np.packbits(has, axis=1).view(np.uint64)


def count_pairs(pairs: NDArray[np.uint64]) -> NDArray[np.int16]:
    """How many kinds there are in each of N texts, of (KINDS / 64, N)."""
    counts: NDArray[np.int16] = np.bitwise_count(pairs).sum(axis=0, dtype=np.int16)
    return counts
