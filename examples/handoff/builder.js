import { ArcClient } from 'arc-hub'

const builder = await ArcClient.quickstart('builder')

// The task names the thread that has the rest.
const { task } = await builder.nextTask({ wait: 10 })
const { thread, messages } = await builder.getThread(task.thread_id)
const artifact = messages.find(({ id }) => id === thread.latest_artifact_id)
console.log(`${messages[0].from_agent} decided: ${messages[0].body}`)
console.log(`I build: ${artifact.attachments[0].content}`)

await builder.post('It is built, and its tests pass.', { threadId: task.thread_id, replyTo: task.task_id })
await builder.completeTask(task.task_id)

await builder.close()
