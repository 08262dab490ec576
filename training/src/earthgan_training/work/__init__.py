"""What long commands share: work spread over processes, progress, printed tables."""
