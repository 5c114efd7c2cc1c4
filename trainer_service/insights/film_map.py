"""The map of films: the embedding in two dimensions, and which genre gives each its colour."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

MOST_FILMS = 5_000
"""So many of the best known are drawn; the time grows a little faster than they do."""

COLOURED_GENRES = 7
"""As many as there are colours that can be told apart; the rest is grey."""

FEWEST_FOR_TSNE = 12
PERPLEXITY = 30
"""About how many neighbours each film is placed by."""

STEPS, ANGLE = 300, 0.8
"""On ML-1M 500 steps, and forces of single films as far away as 0.5, bring nothing that can be
measured (genres and neighbours that stay together), and take four times as long."""

NO_GENRE = -1
"""Of a film with none of the genres that have colours."""


def placed(embeddings: NDArray[np.float32]) -> tuple[NDArray[np.float64], str]:
    """Places films on a plane, so that near ones are near.

    By t-SNE (van der Maaten and Hinton, JMLR 2008), with the first two principal components
    as its start, so that what is far apart stays so, and the same every time. DESIGN.md has
    what else was tried. A handful of films is placed by principal components.

    Args:
        embeddings: Unit rows, (N, D).

    Returns:
        Places from -1 to 1, (N, 2), and by which method.
    """
    film_count, dim = embeddings.shape
    if film_count < FEWEST_FOR_TSNE or dim < 2:
        method = "PCA"
        count = min(2, film_count, dim)
        places = np.zeros((film_count, 2))
        with np.errstate(invalid="ignore"):  # of films that all lie in one place
            places[:, :count] = PCA(count, random_state=0).fit_transform(embeddings)
    else:
        method = "t-SNE"
        perplexity = min(PERPLEXITY, (film_count - 1) / 3)
        found = TSNE(
            perplexity=perplexity, max_iter=STEPS, angle=ANGLE, init="pca", random_state=0, n_jobs=2
        ).fit_transform(embeddings)
        places = found.astype(np.float64)
    places -= places.mean(axis=0)
    reach = np.abs(places).max()
    return (places / reach if reach > 0 else places), method


def coloured(genres: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Which genres have a colour, and which one gives each film its own.

    A film has several; of those with a colour the rarest counts, which says most of it: that
    something is a drama says little, that it is a western much.

    Args:
        genres: Of each film.

    Returns:
        The genres that have colours, and for each film the place of its own among them, or
        `NO_GENRE`, (N,).
    """
    counts = Counter(genre for of_film in genres for genre in set(of_film))
    rarest_first = sorted(counts, key=lambda genre: (counts[genre], genre))
    rank = {genre: place for place, genre in enumerate(rarest_first)}
    # Whom each genre would colour if it had to share with rarer ones alone.
    own = Counter(min(set(of_film), key=rank.__getitem__) for of_film in genres if of_film)
    chosen = sorted(own, key=lambda genre: (-own[genre], genre))[:COLOURED_GENRES]
    names = tuple(sorted(chosen, key=lambda genre: (-counts[genre], genre)))
    places = [
        max((names.index(genre) for genre in of_film if genre in names), default=NO_GENRE)
        for of_film in genres
    ]
    return names, np.array(places, dtype=np.int64)
