#!/bin/sh
# Installs chatbot: downloads the newest program for this machine, checks it, and puts it into /usr/local/bin or ~/.local/bin.
#
#   curl -fsSL ADDRESS/install.sh | sh
#
# CHATBOT_RELEASES   where the releases are, instead of the address that this script was made for
# CHATBOT_BIN        the folder to put the program into
# CHATBOT_VERSION    a version, if the address has a folder for each (…/v1.2.3)
set -eu

releases=${CHATBOT_RELEASES:-@RELEASES@}
key=${CHATBOT_RELEASE_KEY:-@KEY@}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

download() {
    if command -v curl >/dev/null; then
        curl --fail --silent --show-error --location --output "$2" "$1"
    elif command -v wget >/dev/null; then
        wget --quiet --output-document="$2" "$1"
    else
        fail "install curl or wget first"
    fi || fail "cannot download $1"
}

target() {
    [ "$(uname -s)" = Linux ] || fail "there are programs for Linux only; docs/install.md says how to build for others"
    case $(uname -m) in
        x86_64 | amd64) echo x86_64-unknown-linux-musl ;;
        aarch64 | arm64)
            # A 64-bit kernel below a 32-bit system, as on some Raspberry Pis.
            if [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 32 ]; then echo armv7-unknown-linux-musleabihf; else echo aarch64-unknown-linux-musl; fi ;;
        armv7l | armv8l) echo armv7-unknown-linux-musleabihf ;;
        *) fail "there is no program for $(uname -m)" ;;
    esac
}

# Whoever has minisign gets the signature checked, by the key that came with this script.
check_signature() {
    case $key in '' | @*) return ;; esac
    if command -v minisign >/dev/null; then
        download "$releases/SHA256SUMS.minisig" "$folder/SHA256SUMS.minisig"
        minisign -Vqm "$folder/SHA256SUMS" -P "$key" || fail "the signature of this release is wrong: nothing was installed"
    else
        echo "install.sh: only checksums are checked; install minisign to have the signature checked, too" >&2
    fi
}

main() {
    command -v unxz >/dev/null || fail "install xz (xz-utils) first"
    case $releases in '' | @*) fail "set CHATBOT_RELEASES to the address of the releases" ;; esac
    [ -z "${CHATBOT_VERSION:-}" ] || releases=$releases/v$CHATBOT_VERSION
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    for_machine=$(target)

    download "$releases/SHA256SUMS" "$folder/SHA256SUMS"
    check_signature
    file=$(sed -n "s/^[0-9a-f]\{64\}  \(chatbot-[0-9][^/]*-$for_machine\.xz\)$/\1/p" "$folder/SHA256SUMS")
    [ -n "$file" ] || fail "this release has no program for $for_machine"
    download "$releases/$file" "$folder/$file"
    (cd "$folder" && grep "  $file\$" SHA256SUMS | sha256sum -c >/dev/null 2>&1) || fail "$file is not what was released: nothing was installed"
    unxz "$folder/$file"
    chmod 755 "$folder/${file%.xz}"
    "$folder/${file%.xz}" --version >/dev/null || fail "the program does not run here"

    bin=${CHATBOT_BIN:-}
    if [ -z "$bin" ]; then
        if [ "$(id -u)" = 0 ]; then bin=/usr/local/bin; else bin=$HOME/.local/bin; fi
    fi
    mkdir -p "$bin"
    # In one step: a program that runs cannot be written to.
    cp "$folder/${file%.xz}" "$bin/chatbot.new"
    mv "$bin/chatbot.new" "$bin/chatbot"
    echo "$("$bin/chatbot" --version) is in $bin. Start it: $bin/chatbot serve"
    case :$PATH: in *:"$bin":*) ;; *) echo "Add $bin to your PATH to call it by its name." ;; esac
}

# The whole script is read before anything is done.
main
