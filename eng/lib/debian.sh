# Sourced: installs Debian packages where that is possible (root, apt-get), and says nothing where it is not.

debian_can_install() { [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; }

# debian_install PACKAGE...  Installs those that are missing. False where they cannot be had.
debian_install() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ "${#missing[@]}" = 0 ] && return 0
  debian_can_install || return 1
  echo "installing: ${missing[*]}"
  debian_apt_get "${missing[@]}" > /dev/null
}

# A package may start the service that it brings. Nobody here wants one: the policy forbids it while they are installed, unless this system has one of its own.
debian_apt_get() (
  policy=/usr/sbin/policy-rc.d
  # noclobber makes the file or fails, and makes no other's one ours.
  if (set -o noclobber; printf '#!/bin/sh\nexit 101\n' > "$policy") 2> /dev/null; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
    chmod 0755 "$policy"
  fi
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
)

has_zlib_headers() { [ -e /usr/include/zlib.h ]; }
