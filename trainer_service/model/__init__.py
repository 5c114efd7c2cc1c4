"""Ratings to movie embeddings: splits, network, fitting and evaluation."""
