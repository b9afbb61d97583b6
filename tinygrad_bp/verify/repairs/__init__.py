"""How a backward by hand is put right: it is recorded itself, and changes of its own program are tried."""
