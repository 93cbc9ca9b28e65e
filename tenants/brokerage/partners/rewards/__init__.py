"""What deals are worth to whom: accrued, taken back, counted again."""
