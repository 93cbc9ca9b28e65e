"""Deals told by FIX drop copies: sessions that outlive processes, and what their reports come to."""
