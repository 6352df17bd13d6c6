"""Chance with a seed: the same seed gives the same cluster, byte for byte."""

import random

SAFE = "bcdfghjklmnpqrstvwxz2456789"  # what Kubernetes makes name suffixes of


class Chance(random.Random):
    def uid(self):
        """A UUID of version 4."""
        digits = f"{self.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[int(digits[16], 16) % 4]}{digits[17:20]}-{digits[20:]}"

    def suffix(self, length=5):
        return "".join(self.choice(SAFE) for _ in range(length))

    def about(self, seconds, spread=0.1):
        """Client timers jitter."""
        return seconds * self.uniform(1 - spread, 1 + spread)
