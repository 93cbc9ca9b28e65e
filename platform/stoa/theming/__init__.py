"""How the product looks and speaks: brand tokens, themes, texts, templates, assets."""
