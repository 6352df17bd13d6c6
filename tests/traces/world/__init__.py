"""A small Kubernetes cluster at event-time: what its API server would have written down while tokens died.

Everything follows from the facts about Kubernetes and its clients, nothing from the detector: a token is rejected because the
API server's rules say so, at the moment they say so, and a client goes on as clients of its kind do.
"""
