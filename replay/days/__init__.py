"""Recorded days, read from PostgreSQL: verified against what was stored, and played again with other limits."""
