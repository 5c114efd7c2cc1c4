"""The recommender service: versions to an index to answers."""
