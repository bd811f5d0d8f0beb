import { ArcClient } from 'arc-hub'

const planner = await ArcClient.quickstart('planner')
const threadId = 'export'

const goal = await planner.createTask('Export as CSV', { threadId, to: 'planner' })
for (const part of ['Write the CSV writer', 'Add the button', 'Test both']) {
  await planner.createTask(part, { threadId, parentTaskId: goal.id })
}
await planner.post('The plan is complete, @dot and @eve: take its tasks.', { threadId })

// When the last part is done, the hub completes the goal, and says so as a reply to it.
for await (const message of planner.messages()) {
  if (message.from_agent !== 'system' || message.reply_to !== goal.id) continue
  console.log(message.body)
  break
}

await planner.close()
