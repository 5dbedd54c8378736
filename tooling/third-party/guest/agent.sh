# Serves the host: a line `NUMBER SECONDS BASE64` asks for a script to be run; its output comes back between two marks.
# Invariant: one script at a time, each with a time limit; what it leaves in the background is its own business.
stty 115200 raw -echo </dev/ttyS1
echo '@ready'
while read -r number seconds text; do
  echo "$text" | base64 -d >"/tmp/script-$number"
  echo "@begin $number"
  timeout -s KILL "$seconds" sh -c ". /guest/prelude.sh; . /tmp/script-$number" </dev/null 2>&1
  code=$?
  rm -f "/tmp/script-$number"
  # A script's last line may lack its end.
  printf '\n@end %s %s\n' "$number" "$code"
done
