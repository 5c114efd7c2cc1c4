"""The trainer service: files to ratings to embeddings to versions."""
