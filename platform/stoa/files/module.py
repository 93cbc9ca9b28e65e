"""How stored files join the product."""

from stoa.files import serve, store
from stoa.files.settings import FileSettings
from stoa.product import Every, Module

MODULE = Module(
    name="files",
    settings=FileSettings,
    web=[serve.brand],
    schedule=[Every(3600, store.sweep)],
)
