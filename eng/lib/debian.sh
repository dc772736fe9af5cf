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
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > /dev/null
}

has_zlib_headers() { [ -e /usr/include/zlib.h ]; }
