#!/bin/sh
# Before removal: Debian calls it with "remove" or "upgrade", RPM with the number of versions that stay.
set -e
case "$1" in
    remove | 0)
        if command -v systemctl >/dev/null; then
            [ ! -d /run/systemd/system ] || systemctl stop chatbot.service
            systemctl disable chatbot.service >&2
        fi
        ;;
esac
