#!/bin/sh
# After unpacking: Debian calls it with "configure" and the version before, RPM with the number of installed versions.
set -e

# So that the question of a purge is known by then.
if [ "$1" = configure ] && [ -e /usr/share/debconf/confmodule ]; then
    . /usr/share/debconf/confmodule
fi

if ! getent passwd chatbot >/dev/null; then
    useradd --system --user-group --home-dir /var/lib/chatbot --no-create-home --shell /usr/sbin/nologin chatbot
fi
# Keys may come into the file.
chgrp chatbot /etc/chatbot/config.toml
chmod 0640 /etc/chatbot/config.toml
install -d -o chatbot -g chatbot -m 0700 /var/lib/chatbot

if command -v systemctl >/dev/null; then
    [ ! -d /run/systemd/system ] || systemctl daemon-reload
    # Debian's services run once they are installed.
    if [ "$1" = configure ] && [ -z "$2" ]; then
        systemctl enable chatbot.service >&2
        [ ! -d /run/systemd/system ] || systemctl start chatbot.service
    elif [ -d /run/systemd/system ]; then
        systemctl try-restart chatbot.service
    fi
fi
