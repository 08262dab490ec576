"""What commands share: printed tables."""
