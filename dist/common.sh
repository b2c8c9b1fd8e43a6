# What the scripts here share; for them to source, from the top of the repository.

. tests/install.sh

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
out=target/packages
tools=target/dist-tools
# Of everything that has a date in it.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)}
export SOURCE_DATE_EPOCH

# "-0" where only a test reads what is compressed. A level of xz, which makes the program 14 % smaller than gzip does.
compression=${COMPRESSION:--9}

fail() {
    echo "$0: $*" >&2
    exit 1
}

# What runs a program for this target: nothing here, an emulator elsewhere.
runner_for() {
    local processor=${1%%-*}
    processor=${processor/armv7/arm}
    if [ "$processor" != "$(uname -m)" ]; then
        need "qemu-$processor" qemu-user >&2
        echo "qemu-$processor"
    fi
}

# The same archive whenever and wherever it is made.
archive() {
    tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u+rw,go+r,go-w "$@"
}
