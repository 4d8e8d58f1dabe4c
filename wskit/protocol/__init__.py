"""The WebSocket protocol as a library of its own: bytes in, events and bytes out.

The law of this package: no socket, thread, clock, log or randomness (RFC 6455, RFC 7692).
"""
