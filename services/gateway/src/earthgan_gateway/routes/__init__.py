"""The HTTP surface: each module reads requests of one kind and hands them to a use case."""
