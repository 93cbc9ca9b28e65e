"""Where incoming coins come from: asked of a chain analyst before they are credited."""
