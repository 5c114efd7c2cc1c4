"""The recommender as a gRPC service."""
