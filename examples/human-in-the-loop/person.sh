# What a person types. The dashboard (arc open) does the same.
set -e

arc wait --agent pat --timeout 30 > mailbox.json
arc poll --agent pat --limit 1 > question.json
id=$(sed 's/.*"id":\([0-9]*\).*/\1/' question.json)

arc holds --agent pat --no-json
arc reply --agent pat "$id" --kind task_result "no, ask me again when it is 0 rows" > answer.json
