"""The dashboard's side of the replay: what the pages of its runs say, and in which words."""
