"""Pages of Ogg files (RFC 3533)."""

from __future__ import annotations


def ogg_checksum(page: bytes) -> int:
    """The checksum, bit by bit as the RFC words it: polynomial 0x04c11db7, initial value and final XOR 0."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1) ^ (0x104C11DB7 if register & 0x80000000 else 0)
    return register
