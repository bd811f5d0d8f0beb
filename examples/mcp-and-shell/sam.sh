# An agent that has only a shell.
set -e

arc task add --agent sam --to mia "Name the error codes in src/errors.ts" > task.json

arc wait --agent sam --timeout 30 > mailbox.json # until mia asks
arc poll --agent sam --limit 1 > question.json
id=$(sed 's/.*"id":\([0-9]*\).*/\1/' question.json)
arc reply --agent sam "$id" --kind task_result "in capitals, as ERR_NOT_FOUND" > answer.json

arc run --agent sam --lock src/errors.ts --wait 30 -- echo "the file is free again: mia is done"
arc tasks --agent sam --no-json
