"""What memory this process holds, as Linux tells it."""

from pathlib import Path


def mapped(text: str) -> list[str]:
    """The mappings of this process whose names hold a text."""
    return [line for line in Path("/proc/self/maps").read_text().splitlines() if text in line]


def opened(text: str) -> list[str]:
    """What this process has open whose names hold a text."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            name = str(path.readlink())
        except FileNotFoundError:
            continue  # the folder itself, as it was listed
        if text in name:
            found.append(name)
    return found


def bytes_read() -> int:
    """How many bytes this process has asked for and been given, from anywhere, so far."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


def resident_sizes(text: str) -> dict[str, tuple[int, int]]:
    """Of each such mapping, by its addresses: how large it is, and how much is at hand, in kB."""
    sizes, addresses, size = {}, "", 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        name, *values = line.split()
        if not name.endswith(":"):
            addresses = name if text in line else ""
        elif name == "Size:":
            size = int(values[0])
        elif name == "Rss:" and addresses:
            sizes[addresses] = (size, int(values[0]))
    return sizes
