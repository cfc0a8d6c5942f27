"""What people do: halting, resuming, selling, releasing, changing limits. One table, one door, one row an act."""
