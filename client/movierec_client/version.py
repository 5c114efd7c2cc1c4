"""Which movierec this is."""


def version() -> str:
    """Returns the version of the distribution, e.g. "0.1.0"."""
    # A fifth of the time that importing the client takes, for what few ask.
    from importlib import metadata  # noqa: PLC0415

    return metadata.version("movierec")
