"""Stored documents: what people upload, checked, made harmless, sealed and shown again."""
