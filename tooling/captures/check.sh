#!/usr/bin/env bash
# Judges a folder of captures with tshark and strings: nothing malformed, nothing cut, checksums right where no offload was
# on (and wrong where one was: the label is true), no word of the machine in any payload or header, all of it small.
#   check.sh [FOLDER]        needs tshark; exits 1 and names each file and frame that fails
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-$here/../../apps/netcx/captures}
largest_total=1500000
failures=0
complain() { echo "check.sh: $*" >&2; failures=$((failures + 1)); }

# The numbers of the frames of a file that a display filter selects, checksums verified.
frames() {
  tshark -n -r "$1" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE \
    -Y "$2" -T fields -e frame.number 2>/dev/null | tr '\n' ' '
}

bad_checksum='ip.checksum.status=="Bad" || tcp.checksum.status=="Bad" || udp.checksum.status=="Bad" ||
  icmp.checksum.status=="Bad" || icmpv6.checksum.status=="Bad"'
# What would tell of the machine: its name, its kernel, its folders, its software and its processor.
machine="$(hostname)|$(uname -r)|$HOME|/home|$(dirname "$(mktemp -u)")|$(cd "$here/../.." && pwd)|Linux|Debian|EPYC|Xeon|Node\.js"

shopt -s nullglob
for file in "$folder"/*.pcap "$folder"/*.pcapng; do
  name=$(basename "$file")
  # `hostname` alone can be a common word, so words are matched whole.
  words=$(strings -n 4 "$file" | grep -nwE "$machine" | head -n 3 || true)
  [ -z "$words" ] || complain "$name speaks of the machine: $words"
  malformed=$(frames "$file" '_ws.malformed')
  [ -z "$malformed" ] || complain "$name: malformed frames $malformed"
  cut=$(frames "$file" 'frame.cap_len < frame.len')
  [ -z "$cut" ] || complain "$name: frames shorter than they were on the link: $cut"
  bad=$(frames "$file" "$bad_checksum")
  case $name in
    above-segmentation-offload.*)
      [ -n "$bad" ] || complain "$name: every checksum is right, so it was not recorded above the offload"
      [ -n "$(frames "$file" 'frame.len > 9728')" ] || complain "$name: no frame is longer than a NIC can send"
      ;;
    *)
      [ -z "$bad" ] || complain "$name: bad checksums in frames $bad"
      ;;
  esac
done
bytes=$(cat "$folder"/*.pcap "$folder"/*.pcapng | wc -c)
[ "$bytes" -gt 0 ] || complain "no captures in $folder"
[ "$bytes" -le "$largest_total" ] || complain "$bytes bytes of captures, more than $largest_total"
[ "$failures" -eq 0 ] || exit 1
echo "check.sh: $(find "$folder" -name '*.pcap*' | wc -l) captures, $bytes bytes: all good"
