"""How notices join the product."""

from stoa.product import Module

MODULE = Module(name="notices")
