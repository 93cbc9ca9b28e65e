"""The contact sheets: every page of the product over the demo's data, looked at and judged."""
