"""What servers tell each other: presence (who is in which room, where) and a bus of events.

In memory for a server alone, in Redis for those that share one. Calls need none of it: what happens is told without
waiting, and Redis may go and come back. One room lives on one server; nothing here moves it.

How Redis is: `Cluster.part.health` (``state``, ``since``, ``reason``; ``off`` in memory), and `Cluster.part.lost`, the
events that were given up while it was down.
"""

from videocall.cluster.interface import BusEvent, Cluster, ClusterDownError, Gap, Person, RoomPresence
from videocall.cluster.opening import listen, open_cluster

__all__ = [
    "BusEvent",
    "Cluster",
    "ClusterDownError",
    "Gap",
    "Person",
    "RoomPresence",
    "listen",
    "open_cluster",
]
