"""Caches in memory and in Redis, and computations that several requests share."""

from earthgan_gateway.cache.budget import Budget
from earthgan_gateway.cache.layered import LayeredCache
from earthgan_gateway.cache.memory import MemoryCache
from earthgan_gateway.cache.single_flight import SingleFlight

__all__ = ["Budget", "LayeredCache", "MemoryCache", "SingleFlight"]
