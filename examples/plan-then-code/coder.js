import { ArcClient } from 'arc-hub'

const me = await ArcClient.quickstart(process.argv[2])

// Nobody codes before the plan is complete: the mention says that it is.
for await (const message of me.messages()) {
  if (message.from_agent === 'planner' && message.body.includes(`@${me.agentId}`)) break
}

for (let taken = await me.nextTask(); taken; taken = await me.nextTask()) {
  const { task } = taken
  await me.post(`${task.title}: done`, { threadId: task.thread_id, replyTo: task.task_id })
  await me.completeTask(task.task_id)
  console.log(task.title)
}

await me.close()
