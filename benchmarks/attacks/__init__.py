"""Attacks on purpose: hostile files, hostile names, many threads and very many steps."""
