"""What holds for every test."""

import os

from hypothesis import settings

# How long a test takes says nothing on a machine that others work on; and CI is
# not the place to draw new examples, of which one may then fail for no change.
settings.register_profile("movierec", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("movierec")
