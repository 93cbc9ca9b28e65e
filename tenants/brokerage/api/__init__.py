"""The tenant's own systems: REST under /api/v1, its document, access tokens and settings pages."""
