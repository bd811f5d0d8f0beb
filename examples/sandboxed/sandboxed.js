import { networkInterfaces } from 'node:os'
import { ArcClient } from 'arc-hub'

// The only difference from an agent with a network: the folder.
const agent = ArcClient.overRelay('sandboxed', { spoolDir: '.arc-relay' })
await agent.register({ replace: true })
console.log(`network interfaces: ${Object.keys(networkInterfaces()).join(', ') || 'none'}`)

const { task } = await agent.nextTask({ wait: 10 })
await agent.withLock('data/report.csv', async () => {
  await agent.post('Row 7 has no date.', { kind: 'artifact', to: task.from_agent, replyTo: task.task_id })
})
await agent.completeTask(task.task_id)
console.log(`${task.title}: done`)

await agent.close()
