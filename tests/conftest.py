"""What holds for every test."""

import os
import tempfile

import pytest
from hypothesis import settings

# How long a test takes says nothing on a machine that others work on; and CI is
# not the place to draw new examples, of which one may then fail for no change.
settings.register_profile("movierec", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("movierec")


def pytest_configure(config: pytest.Config) -> None:
    """Lets XLA compile less, in the tests and in all processes that they start.

    To compile a fitting takes ten seconds of a core, however small the model is, and to fit the
    models here takes one. With less effort it takes four and comes to the same program but for
    how it is laid out in instructions; and what training processes compile alike, which find it
    by all that it is compiled from, is compiled for the first of them.
    """
    flags = os.environ.get("TF_XLA_FLAGS", "")
    if "persistent_cache" in flags:
        return  # those of the process that has started this one
    compiled = tempfile.TemporaryDirectory(prefix="movierec-compiled-")
    config.add_cleanup(compiled.cleanup)
    os.environ["TF_XLA_FLAGS"] = (
        f"{flags} --tf_xla_persistent_cache_directory={compiled.name}"
        " --tf_xla_persistent_cache_device_types=CPU"
    )
    effort = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{effort} --xla_backend_optimization_level=1"
