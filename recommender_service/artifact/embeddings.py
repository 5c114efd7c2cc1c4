"""The embeddings of a version, from bytes that are not believed: `embeddings.npy`."""

import io

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from recommender_service.errors import BadVersionError

EMBEDDINGS = "embeddings.npy"
LENGTH_TOLERANCE = 1e-3
BLOCK_BYTES = 1024 * 1024
LONGEST_HEADER = 2**16 + 16  # of format 1; what we write takes 128 bytes
LONGEST_SENTENCE = 300
HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
"""By the format's version; another one takes more than a float32's name."""


def embeddings_of(content: memoryview, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The embeddings that a file holds.

    Args:
        content: Of the file.
        shape: Movies and dimensions, as the manifest says.

    Returns:
        Unit rows, (M, D), on the same memory.

    Raises:
        BadVersionError: FORMAT: it holds no array, or another one than the
            manifest says. VALUES: a row is not of unit length, or not finite.
    """
    embeddings = _array_of(content)
    if embeddings.dtype != np.float32 or embeddings.shape != shape:
        found = f"{embeddings.dtype} {embeddings.shape}"[:LONGEST_SENTENCE]
        raise BadVersionError(
            "FORMAT", f"{EMBEDDINGS} holds {found}, and the manifest says float32 {shape}"
        )
    _check_rows(embeddings)
    return embeddings


def _array_of(content: memoryview) -> NDArray[np.float32]:
    """Whatever array it is, as a view; not by `np.load`, which copies, and opens archives."""
    try:
        file = io.BytesIO(content[:LONGEST_HEADER])
        shape, is_fortran_order, dtype = HEADER_READERS[npy.read_magic(file)](file)
        if dtype.hasobject or any(type(length) is not int for length in shape):
            raise ValueError(f"it says that it holds {dtype} {shape}")  # noqa: TRY301
        array: NDArray[np.float32] = np.ndarray(
            shape, dtype, content, file.tell(), order="F" if is_fortran_order else "C"
        )
        if file.tell() + array.nbytes != len(content):
            raise ValueError(f"{len(content) - file.tell()} bytes are not {dtype} {shape}")  # noqa: TRY301
    except Exception as error:  # noqa: BLE001  # the header is parsed as Python: all can happen
        sentence = f"{EMBEDDINGS} is no array: {error}"[:LONGEST_SENTENCE]
        raise BadVersionError("FORMAT", sentence) from None
    return array


def _check_rows(embeddings: NDArray[np.float32]) -> None:
    count, dim = embeddings.shape
    step = max(1, BLOCK_BYTES // (8 * max(1, dim)))
    worst, deviation = "no rows", np.inf if not count else 0.0
    for begin in range(0, count, step):
        with np.errstate(invalid="ignore"):  # some not-a-numbers signal
            rows = embeddings[begin : begin + step].astype(np.float64)
            lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))  # whose squares never overflow
        deviations = np.abs(lengths - 1)
        row = int(deviations.argmax())  # of one that is not finite, if there is any
        if not np.isfinite(lengths[row]):
            raise BadVersionError(
                "VALUES", f"{EMBEDDINGS} holds numbers that are not finite, in row {begin + row}"
            )
        if deviations[row] > deviation:
            deviation = deviations[row]
            worst = f"row {begin + row} of length {lengths[row]:g}"
    if deviation > LENGTH_TOLERANCE:
        raise BadVersionError("VALUES", f"{EMBEDDINGS} has {worst}; rows must have length 1")
