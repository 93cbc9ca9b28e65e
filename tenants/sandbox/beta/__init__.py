"""A PSP for cards and crypto that speaks a part of Hyperswitch's published API."""
