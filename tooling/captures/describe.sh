#!/usr/bin/env bash
# Prints the README.md of a folder of captures: for each file what it holds, how it was made, and what capinfos and tshark
# count in it.
#   describe.sh [FOLDER] [--check]        --check compares with FOLDER/README.md instead, and exits 1 when that is stale
# Invariant: the commands printed are the functions of traffic.sh themselves, the figures are read from the files.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=namespaces.sh
source "$here/namespaces.sh"
# shellcheck source=traffic.sh
source "$here/traffic.sh"

# facts FILE: how many frames, how long, and how many that a wire or a NIC would treat in a way of its own.
facts() {
  tshark -n -r "$1" -T fields -e frame.len 2>/dev/null | awk -v file_bytes="$(wc -c <"$1")" '
    { frames++; bytes += $1
      if (frames == 1 || $1 < low) low = $1
      if ($1 > high) high = $1
      if ($1 < 60) short++
      if ($1 > 1518) jumbo++
      if ($1 > 9728) long++ }
    END {
      printf "- %d frames of %d to %d bytes, %d bytes in all; the file has %d bytes.\n", frames, low, high, bytes, file_bytes
      if (short) printf "- Short: %d frames have fewer than 60 bytes (a NIC pads them; nothing padded them here).\n", short
      if (long) printf "- Long: %d frames have more than 9728 bytes, the most that the 82576 sends.\n", long
      if (jumbo > long) printf "- Long: %d frames have more than 1518 bytes%s.\n", jumbo - long, long ? ", and up to 9728" : ""
    }'
}

# format FILE: what capinfos says of its format, link type and timestamps.
format() {
  capinfos "$1" | sed -n 's/^File type: *//p; s/^File encapsulation: */link type /p
    s/^File timestamp precision: *\([a-z]*\).*/timestamps in \1/p' | paste -sd ';' | sed 's/;/, /g'
}

recorded_section() {
  local name format mtu offloads holds file
  IFS='|' read -r name format _ mtu offloads _ holds <<<"$1"
  file=$folder/$name.$format
  printf '\n## %s.%s\n\n%s\n\n' "$name" "$format" "$holds"
  if [ "$offloads" = on ]; then
    printf -- '- Recorded by tcpdump; MTU %s; every offload **on** at both ends, as the kernel sets them.\n' "$mtu"
  else
    printf -- '- Recorded by tcpdump; MTU %s; segmentation, coalescing and checksum offloads off at both ends.\n' "$mtu"
  fi
  printf -- '- capinfos: %s.\n' "$(format "$file")"
  facts "$file"
  # shellcheck disable=SC2016 # the backquotes are Markdown's
  printf '\n```bash\n%s\n```\n' "$(declare -f "traffic_${name//-/_}" | sed '1,2d; $d; s/^    //; s/;$//')"
}

# made_section NAME SOURCE WHAT
made_section() {
  printf '\n## %s\n\n%s\n\n' "$1" "$3"
  # shellcheck disable=SC2016 # the backquotes are Markdown's
  printf -- '- **Made, not recorded**, by `made.mjs` from `%s`.\n' "$2"
  printf -- '- capinfos: %s.\n' "$(format "$folder/$1")"
  facts "$folder/$1"
}

readme() {
  local line
  cat <<'TEXT'
# The captures that ship with netcx

Real traffic, recorded by tcpdump between two network namespaces joined by a veth pair, by
`tooling/captures/record.sh`, which printed this page (`tooling/captures/describe.sh`). To make them anew, as root on Linux:
`bash tooling/captures/record.sh`. `bash tooling/captures/check.sh` judges them with tshark.

The client is 192.0.2.1, 2001:db8::1, 02:00:00:00:00:01; the server 192.0.2.2, 2001:db8::2, 02:00:00:00:00:02. tcpdump
records the server's end of the link, every frame whole. HTTP bodies are generated text. A link of this kind carries no frame
check sequence and pads nothing, so short frames are as short as their sender made them. Below the figures stand the
commands that made the traffic; `get` is curl, `ask` is dig, `pings` is ping, and `on_server` runs on the server.
TEXT
  for line in "${recorded[@]}"; do recorded_section "$line"; done
  made_section vlan-tagged-made.pcap icmp.pcap \
    'The frames of icmp.pcap with one 802.1Q tag each; the identifiers are 100, 0 (priority only), 1 and 4094, the priorities 0 to 7. The kernel of the machine that recorded the captures has no 8021q.'
  made_section qinq-tagged-made.pcap ip-fragments.pcap \
    'The frames of ip-fragments.pcap with two tags each: 802.1ad with identifier 200 outside, 802.1Q inside.'
  made_section big-endian-made.pcap dns.pcap \
    'dns.pcap as a big-endian machine writes it: the same frames and timestamps, every field of the file in the other byte order.'
}

folder=$here/../../apps/netcx/captures
check=
for argument in "$@"; do
  if [ "$argument" = --check ]; then check=yes; else folder=$argument; fi
done
if [ -z "$check" ]; then
  readme
else
  diff "$folder/README.md" <(readme) >&2 || fail "$folder/README.md is stale: print it anew with describe.sh"
fi
