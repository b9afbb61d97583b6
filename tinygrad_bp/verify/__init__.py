"""Checks of derivatives. ``contracts`` holds what every op promises."""
