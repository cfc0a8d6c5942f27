"""Programs that measure or attack a whole running system. Each prints progress, and one JSON line last."""
