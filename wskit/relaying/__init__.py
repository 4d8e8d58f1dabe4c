"""Carrying bytes between two sockets, for what stands between a client and a server."""

__all__: list[str] = []
