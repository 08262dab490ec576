#!/bin/sh
# Install the Debian packages named, where they are missing and this user may; say what to do where they may not.
# Tests that need one skip without it, so this never fails for them.
missing=
for package; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
fi
echo "please install:$missing" >&2
