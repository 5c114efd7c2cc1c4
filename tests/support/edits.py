"""How far apart two texts are, by a rule that is slow and obvious."""


def edits_between(one: str, other: str) -> int:
    """The least number of edits that make one text of another.

    An edit adds a letter, drops one, puts another in its place, or swaps two that
    stand side by side; no letter is edited twice.
    """
    least: dict[tuple[int, int], int] = {}  # by how many letters of each are done
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            ways = [0] if i == j == 0 else []
            if i:
                ways.append(least[i - 1, j] + 1)
            if j:
                ways.append(least[i, j - 1] + 1)
            if i and j:
                ways.append(least[i - 1, j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
                ways.append(least[i - 2, j - 2] + 1)
            least[i, j] = min(ways)
    return least[len(one), len(other)]
