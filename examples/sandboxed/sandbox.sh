# Starts the sandboxed agent without any network where this machine allows it (Linux). Other sandboxes share the folder
# .arc-relay with the host: docs/RELAY.md says how.
agent="$(dirname "$0")/sandboxed.js"

for options in -n -rn; do
  if unshare $options true 2> /dev/null; then exec unshare $options node "$agent"; fi
done
exec node "$agent"
