#!/bin/sh
# /space [folder]: says how much room there is on the disk.
set -eu
folder=${1:-/}
df -hP -- "$folder" | awk 'NR == 2 { print $4 " of " $2 " are free on " $6 }'
