"""Writes, exports, archives and imports surrogate folders."""
