"""Payment providers as processes of their own: each written from its published API, none from ours.

A stand-in refuses what the real one would refuse: a wrong path, header, field, type or signature.
"""
