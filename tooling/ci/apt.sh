# Owns: getting Debian packages for a suite, through the machine's own apt configuration. To be sourced.
# Invariant: only a download that failed after retries, or the lack of root, ends the suite as skipped (77); anything else fails it.

# skip REASON: ends the suite as skipped; the reason is its last line.
skip() {
  echo "SKIPPED: $1"
  exit 77
}

# need PROGRAM=PACKAGE...: installs the packages whose programs are missing.
need() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || skip "needs ${missing[*]}, and only root installs packages"
  command -v apt-get >/dev/null || skip "needs ${missing[*]}, and this machine has no apt-get"

  export DEBIAN_FRONTEND=noninteractive
  # Another apt may be at work: its lock is waited for.
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=600)
  echo "Installing ${missing[*]} ..."
  local try downloaded=no
  for try in 1 2 3; do
    # A list that could not be read anew, for a lock or for a mirror, may be good enough as it is.
    "${apt[@]}" update || true
    if "${apt[@]}" install -y --no-install-recommends --download-only "${missing[@]}"; then
      downloaded=yes
      break
    fi
    sleep $((try * 5))
  done
  [ $downloaded = yes ] || skip "could not download ${missing[*]} in three tries"
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
}
