"""A real Kubernetes on one machine, with fake pods that make real requests.

Used by the tests in tests/cluster and by deploy/try, which adds tests/cluster to its module path.
Start with `cluster.Cluster`; every module says what it is for in its first line.
"""

from .binaries import BinariesMissing
from .cluster import Cluster, ClusterOptions
from .wait import WaitError, holds_for, wait_until

__all__ = ["BinariesMissing", "Cluster", "ClusterOptions", "WaitError", "holds_for", "wait_until"]
