"""What a fitting keeps: which epochs count, and which weights remain."""

from pathlib import Path

import keras
import pytest

from trainer_service.model.history import History, HistoryFolder, KeepHistory


@pytest.fixture
def folder(tmp_path: Path) -> HistoryFolder:
    return HistoryFolder(tmp_path)


@pytest.fixture
def model() -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.stop_training = False  # as Keras' `fit` begins
    return model


def history_of(*val_losses: float, key: str = "told") -> History:
    history = History(key=key)
    for val_loss in val_losses:
        history = history.after(1.0, val_loss)
    return history


def write(folder: HistoryFolder, *val_losses: float, key: str = "told") -> History:
    """Lets so many epochs end, as a fitting does."""
    for count in range(1, len(val_losses) + 1):
        folder.weights(count).write_text(f"weights of epoch {count}")
        folder.write(history_of(*val_losses[:count], key=key))
    return history_of(*val_losses, key=key)


def names(folder: HistoryFolder) -> set[str]:
    return {path.name for path in folder.path.iterdir()}


@pytest.mark.parametrize(
    ("val_losses", "best_epoch"),
    [((3.0, 1.0, 2.0), 2), ((1.0, 2.0), 1), ((2.0, 1.0, 1.0), 2), ((1.0,), 1)],
)
def test_the_best_epoch_is_the_first_with_the_lowest_validation_loss(
    val_losses: tuple[float, ...], best_epoch: int
) -> None:
    assert history_of(*val_losses).best_epoch == best_epoch


def test_without_validation_the_last_epoch_is_the_best_and_patience_is_never_lost() -> None:
    history = History(key="told").after(1.0, None).after(2.0, None).after(3.0, None)
    assert (history.epochs_done, history.best_epoch, history.val_loss) == (3, 3, ())
    assert not history.has_lost_patience(1)


def test_patience_is_lost_so_many_epochs_after_the_best() -> None:
    assert not history_of(2.0, 1.0, 3.0, 3.0).has_lost_patience(3)
    assert history_of(2.0, 1.0, 3.0, 3.0, 3.0).has_lost_patience(3)
    assert not history_of(2.0, 1.0, 3.0, 3.0, 0.5).has_lost_patience(3)
    assert not History(key="told").has_lost_patience(1)


def test_what_was_written_is_read_again_exactly(folder: HistoryFolder) -> None:
    written = write(folder, 0.1 + 0.2, 1e-300)
    assert folder.read("told") == written


def test_what_is_kept_of_another_fitting_starts_anew(folder: HistoryFolder) -> None:
    write(folder, 1.0, 2.0)
    assert folder.read("told otherwise") == History(key="told otherwise")


@pytest.mark.parametrize("torn", [b"", b'{"key": "told", "loss": [1.0', b"\xff\x00", b"[]"])
def test_a_history_that_is_torn_or_missing_starts_anew(folder: HistoryFolder, torn: bytes) -> None:
    assert folder.read("told") == History(key="told")
    (folder.path / "history.json").write_bytes(torn)
    assert folder.read("told") == History(key="told")


def test_only_the_best_and_the_last_weights_remain(folder: HistoryFolder) -> None:
    write(folder, 3.0, 1.0, 2.0, 2.5)
    assert names(folder) == {"epoch-0002.weights.h5", "epoch-0004.weights.h5", "history.json"}
    assert folder.weights(2).read_text() == "weights of epoch 2"


def test_one_file_of_weights_remains_where_the_last_is_the_best(folder: HistoryFolder) -> None:
    write(folder, 3.0, 2.0, 1.0)
    assert names(folder) == {"epoch-0003.weights.h5", "history.json"}


def test_what_a_kill_cut_short_is_not_looked_at_and_goes_with_the_next_epoch(
    folder: HistoryFolder,
) -> None:
    written = write(folder, 2.0, 1.0)
    for name in ("epoch-0003.weights.h5", "epoch-0009.weights.h5", ".history.json.0a1b2c3d"):
        (folder.path / name).write_bytes(b"torn")
    assert folder.read("told") == written
    write(folder, 2.0, 1.0, 0.5)
    assert names(folder) == {"epoch-0003.weights.h5", "history.json"}


def test_files_of_others_are_left_alone(folder: HistoryFolder) -> None:
    (folder.path / "notes.txt").write_text("not ours")
    write(folder, 2.0, 1.0)
    assert "notes.txt" in names(folder)


def test_weights_of_another_fitting_go_with_the_first_epoch_of_a_new_one(
    folder: HistoryFolder,
) -> None:
    write(folder, 3.0, 1.0, 2.0)
    write(folder, 5.0, key="told otherwise")
    assert names(folder) == {"epoch-0001.weights.h5", "history.json"}
    assert folder.read("told otherwise").val_loss == (5.0,)


def end_of_epoch(keep: KeepHistory, folder: HistoryFolder, epoch: int, **figures: float) -> None:
    """Lets Keras' epoch, counted from 0, end."""
    folder.weights(epoch + 1).write_text("weights")
    keep.on_epoch_end(epoch, figures)


def test_each_epoch_is_kept_as_it_ends_and_the_fitting_ends_when_patience_is_lost(
    folder: HistoryFolder, model: keras.Model
) -> None:
    keep = KeepHistory(folder, History(key="told"), patience=2)
    keep.set_model(model)
    ended = []
    for epoch, val_loss in enumerate((2.0, 1.0, 3.0, 1.0)):
        end_of_epoch(keep, folder, epoch, loss=9.0, val_loss=val_loss)
        assert folder.read("told") == keep.history
        ended.append(bool(model.stop_training))
    assert ended == [False, False, False, True]
    assert keep.history.val_loss == (2.0, 1.0, 3.0, 1.0)
    assert not keep.diverged


def test_a_fitting_that_goes_on_adds_to_what_was_before(
    folder: HistoryFolder, model: keras.Model
) -> None:
    keep = KeepHistory(folder, write(folder, 1.0, 2.0), patience=9)
    keep.set_model(model)
    end_of_epoch(keep, folder, 2, loss=9.0, val_loss=3.0)
    assert folder.read("told").val_loss == (1.0, 2.0, 3.0)
    assert names(folder) == {"epoch-0001.weights.h5", "epoch-0003.weights.h5", "history.json"}


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("figure", ["loss", "val_loss"])
def test_an_epoch_whose_figures_are_no_numbers_ends_the_fitting_and_is_not_kept(
    folder: HistoryFolder, model: keras.Model, figure: str, bad: float
) -> None:
    before = write(folder, 1.0)
    keep = KeepHistory(folder, before, patience=9)
    keep.set_model(model)
    end_of_epoch(keep, folder, 1, **({"loss": 1.0, "val_loss": 1.0} | {figure: bad}))
    assert keep.diverged
    assert model.stop_training
    assert keep.history == folder.read("told") == before


def test_an_epoch_that_ends_in_weights_that_are_no_numbers_is_not_kept_either(
    folder: HistoryFolder, model: keras.Model
) -> None:
    # Without validation, nothing else would tell of the last step of the last epoch.
    keep = KeepHistory(folder, History(key="told"), patience=9)
    keep.set_model(model)
    model.set_weights([weight * float("nan") for weight in model.get_weights()])
    end_of_epoch(keep, folder, 0, loss=1.0)
    assert keep.diverged
    assert folder.read("told").epochs_done == 0
