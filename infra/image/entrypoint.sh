#!/bin/sh
# Addresses that hold a password come from files, so that no `inspect` of the container shows them.
set -eu
if [ -z "${STOA_REDIS_URL:-}" ] && [ -r "$STOA_SECRETS/redis_url" ]; then
    STOA_REDIS_URL=$(cat "$STOA_SECRETS/redis_url"); export STOA_REDIS_URL
fi
if [ -z "${STOA_SMTP_URL:-}" ] && [ -r "$STOA_SECRETS/smtp_url" ]; then
    STOA_SMTP_URL=$(cat "$STOA_SECRETS/smtp_url"); export STOA_SMTP_URL
fi
exec "$@"
