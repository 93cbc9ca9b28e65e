"""Forms drawn from types: a typed value becomes fields, and what was sent becomes the value again."""
