"""Bytes kept under keys of digests and canonical integers: this process's memory first, then Redis."""

from earthgan_gateway.cache.layered import LayeredCache
from earthgan_gateway.cache.memory import MemoryCache
from earthgan_gateway.cache.single_flight import SingleFlight

__all__ = ["LayeredCache", "MemoryCache", "SingleFlight"]
