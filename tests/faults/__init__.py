"""Training programs, broken and sound, and what ``tg.diagnose`` has to say of them."""
