"""Versions on the shared volume to what serves.

The contract of the files is `movierec/v1/artifact.proto`.
"""
