"""A reverse proxy that shows every frame of what passes, and changes nothing but the Host."""

from .config import ProxyConfig
from .proxy import Proxy

__all__ = ["Proxy", "ProxyConfig"]
