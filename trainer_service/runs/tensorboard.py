"""What TensorBoard shows of a run: `tensorboard --logdir RUNS`.

The folder holds event files of the losses, `evaluation/` with one of what was measured, and the
files of the embedding projector. They are written by TensorFlow and by hand, so that TensorBoard
itself need not be installed. A run is worth more than its pictures: what cannot be written is
logged, and the run goes on.
"""

import io
import logging
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from movierec.control.files import make_in_folder, replace_file
from trainer_service.data import MovieTable
from trainer_service.model.evaluation import RankingMetrics, TrainingMetrics

log = logging.getLogger(__name__)

MOST_PROJECTED = 5_000
"""Movies in the projector, the best known ones; more make a browser slow."""

EVALUATION = "evaluation"
CONFIG = """embeddings {
  tensor_name: "movies"
  tensor_path: "movies.tsv"
  metadata_path: "metadata.tsv"
}
"""
_FORMAT = tf.compat.v1.Event(file_version="brain.Event:2")
_FIGURES = ("ndcg_at_100", "recall_at_20", "recall_at_50", "coverage", "popularity_rank")


class TensorBoardFolder:
    """The files of one run.

    Args:
        path: The folder; it is made, in one that is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._events: tf.io.TFRecordWriter | None = None

    def add_epoch(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Adds the figures of an epoch that has finished.

        The first of a process says that it goes on from there: whatever another process has
        written of this epoch, and was killed before it was kept, is not shown any more.

        Args:
            epoch: Counted from 1.
            figures: By name; "val_" is before those of the validation.
        """
        with self._kept():
            if self._events is None:
                make_in_folder(self._path)
                name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}"
                self._events = _writer(self._path / name)
                start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
                self._events.write(_event(epoch, session_log=start))
            told = {_tag(name): value for name, value in figures.items()}
            self._events.write(_scalars(epoch, told))
            self._events.flush()

    def tell_evaluation(self, metrics: TrainingMetrics) -> None:
        """Tells what was measured of the best epoch, in place of what was told before."""
        rankings = {
            "from_most": {
                "this_model": metrics.ranking,
                "ease": metrics.ease,
                "item_cosine": metrics.item_cosine,
                "popularity": metrics.popularity,
            },
            "from_one": {
                "this_model": metrics.one_seed,
                "ease": metrics.one_seed_ease,
                "item_cosine": metrics.one_seed_item_cosine,
                "popularity": metrics.one_seed_popularity,
            },
        }
        told = {
            f"{seeds}_{figure}/{name}": getattr(ranking, figure)
            for seeds, scorers in rankings.items()
            for name, ranking in scorers.items()
            if isinstance(ranking, RankingMetrics)
            for figure in _FIGURES
        }
        if metrics.rmse is not None:
            told["rmse"] = metrics.rmse
        with self._kept():
            make_in_folder(self._path)
            make_in_folder(self._path / EVALUATION)
            staged = self._path / EVALUATION / "staged"
            writer = _writer(staged)
            writer.write(_scalars(metrics.best_epoch, told))
            writer.close()
            staged.replace(staged.with_name("events.out.tfevents.0.evaluation"))

    def project(
        self,
        movies: MovieTable,
        rating_counts: NDArray[np.int64],
        embeddings: NDArray[np.float32],
    ) -> None:
        """Writes the projector's files, of the best known movies.

        Args:
            movies: All movies, (M,).
            rating_counts: How often each was rated, (M,).
            embeddings: Their vectors, (M, D).
        """
        shown = np.sort(np.argsort(-rating_counts, kind="stable")[:MOST_PROJECTED])
        rows = ["title\tyear\tgenres\tratings"]
        for index in shown:
            movie = movies.movies[index]
            facts = (movie.title, movie.year or "", ", ".join(movie.genres), rating_counts[index])
            rows.append("\t".join(_in_a_cell(str(fact)) for fact in facts))
        vectors = io.BytesIO()
        np.savetxt(vectors, embeddings[shown], fmt="%.5g", delimiter="\t")
        with self._kept():
            make_in_folder(self._path)
            replace_file(self._path / "movies.tsv", vectors.getvalue())
            replace_file(self._path / "metadata.tsv", "".join(f"{row}\n" for row in rows).encode())
            replace_file(self._path / "projector_config.pbtxt", CONFIG.encode())

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except (OSError, tf.errors.OpError) as error:
            log.warning("%s is not as it should be for TensorBoard: %s", self._path, error)


def _writer(path: Path) -> tf.io.TFRecordWriter:
    writer = tf.io.TFRecordWriter(str(path))
    writer.write(_FORMAT.SerializeToString())
    return writer


def _event(step: int, **what: object) -> bytes:
    event = tf.compat.v1.Event(wall_time=time.time(), step=step, **what)
    content: bytes = event.SerializeToString()
    return content


def _scalars(step: int, figures: Mapping[str, float]) -> bytes:
    values = [
        tf.compat.v1.Summary.Value(tag=tag, simple_value=float(value))
        for tag, value in figures.items()
    ]
    return _event(step, summary=tf.compat.v1.Summary(value=values))


def _tag(name: str) -> str:
    """Returns a tag, by whose beginning TensorBoard puts charts together."""
    side = "validation" if name.startswith("val_") else "training"
    return f"{name.removeprefix('val_')}/{side}"


def _in_a_cell(text: str) -> str:
    """Returns a text that ends no cell and no line, whatever reads it takes for the end of one."""
    return " ".join(text.split())
