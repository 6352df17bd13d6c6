"""The incidents: importing the package registers them all, in the order of the report."""

from . import addresses, nat, gateway, logs, cold, fooling, harmless, planned  # noqa: F401
