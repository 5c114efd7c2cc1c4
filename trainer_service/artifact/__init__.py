"""Embeddings to a version on the shared volume.

The contract of the files is `movierec/v1/artifact.proto`.
"""
