"""A mail catcher: takes every message over SMTP, keeps the last ones, shows them on a page."""
