"""Backward passes as students write them, right ones and ones with a typical mistake."""
