"""What a gradient would be if one certain mistake had been made, told from its numbers alone: a file a kind."""
