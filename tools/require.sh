#!/bin/sh
# Installs the packages of packages.txt that are missing (as root or through sudo), or says in one line how to.
set -eu
list=$(sed '/^#/d' "$(dirname "$0")/packages.txt")
missing=
for p in $list; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then sudo=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo=sudo
else
    echo "missing packages:$missing; get them with: sudo apt-get install$missing" >&2
    exit 1
fi
echo "installing:$missing"
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
