#!/usr/bin/env python3
"""The web container's health check: readiness is answered at the control host only."""

import http.client
import os
import sys

host = f"control.{os.environ.get('STOA_DOMAIN', 'localhost')}"
web = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("STOA_PORT", "8000")), timeout=4)
try:
    web.request("GET", "/ready", headers={"Host": host})
    sys.exit(0 if web.getresponse().status == http.client.OK else 1)
except OSError:
    sys.exit(1)
