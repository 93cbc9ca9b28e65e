"""Our figures beside those of a system that still runs in parallel: by partner, and trade by trade."""
