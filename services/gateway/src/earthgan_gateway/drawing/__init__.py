"""Drawing: sampling a shell at a tile's pixels, turning values into colours, and drawing legends."""
