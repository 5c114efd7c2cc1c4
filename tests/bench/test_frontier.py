"""The picture of what long lists cost short ones."""

from pathlib import Path

from bench.frontier import Place, draw

PLACES = (
    Place("few_seeds 0", whole=1.02, one=0.9, whole_error=0.01, one_error=0.02),
    Place("few_seeds 0.5", whole=0.97, one=1.06, whole_error=0.01, one_error=0.02),
)


def test_the_same_figures_make_the_same_picture(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        draw(PLACES, "5 splits of ml-1m, test users", tmp_path / name)
    first, second = ((tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert first == second
    assert first.endswith(b"</svg>\n")


def test_other_figures_make_another_picture(tmp_path: Path) -> None:
    draw(PLACES, "title", tmp_path / "a.svg")
    draw(PLACES[:1], "title", tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() != (tmp_path / "b.svg").read_bytes()
