"""Sumsub: applicants, documents and reviews over its published API."""

from brokerage.kyc.connectors.sumsub.adapter import Sumsub
from brokerage.kyc.connectors.sumsub.settings import Settings

__all__ = ["Settings", "Sumsub"]
