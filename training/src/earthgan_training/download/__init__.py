"""`earthgan download` fetches archives by their addresses and verifies them by their checksums."""
