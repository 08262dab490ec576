"""Surrogate folders: how they are written, exported, archived and imported."""
