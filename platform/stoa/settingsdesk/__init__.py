"""Settings at the desk: sections as text with a readable difference, and the brand with a preview."""
