"""How notices join the product."""

from stoa.notices import jobs, pages
from stoa.notices.events import MailQueued
from stoa.notices.permissions import Notices
from stoa.notices.settings import NoticeSettings
from stoa.product import Module

MODULE = Module(
    name="notices",
    settings=NoticeSettings,
    permissions=Notices,
    web=pages.ALL,
    reactions={MailQueued: [jobs.send_queued]},
)
