"""How notices join the product."""

from stoa.notices import jobs, keeping, pages
from stoa.notices.events import MailQueued
from stoa.notices.permissions import Notices
from stoa.notices.settings import NoticeSettings
from stoa.product import Every, Module

MODULE = Module(
    name="notices",
    settings=NoticeSettings,
    permissions=Notices,
    web=pages.ALL,
    reactions={MailQueued: [jobs.send_queued]},
    schedule=[Every(3600, keeping.sweep)],
)
