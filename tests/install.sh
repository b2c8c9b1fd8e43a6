# Installs what tests and checks need; for other scripts to source.

# Installs Debian packages whose command is missing.
need() {
    command -v "$1" >/dev/null || install_packages "${@:2}"
}

install_packages() {
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
}

# Installs the packages of a list from PyPI into "venv" in a folder, unless they are there.
need_from_pypi() {
    local list=$1 folder=$2
    cmp --silent "$list" "$folder/installed.txt" && return
    need python3 python3-minimal
    python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
    python3 -m venv --clear "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --no-deps --requirement "$list"
    cp "$list" "$folder/installed.txt"
}
