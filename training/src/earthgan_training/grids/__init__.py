"""From grid to grid."""
