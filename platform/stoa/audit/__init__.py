"""Who did what, when and why: written with the change, sealed a moment later."""
