#!/bin/sh
# After removal. The data stay; a purge asks.
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
if [ "$1" = purge ]; then
    delete=false
    if [ -e /usr/share/debconf/confmodule ]; then
        . /usr/share/debconf/confmodule
        db_input high chatbot/purge_data || true
        db_go || true
        db_get chatbot/purge_data && delete=$RET
        db_purge
    fi
    if [ "$delete" = true ]; then
        rm -rf /var/lib/chatbot
    elif [ -d /var/lib/chatbot ]; then
        echo "The data in /var/lib/chatbot are kept." >&2
    fi
fi
