import { ArcClient } from 'arc-hub'

const host = await ArcClient.quickstart('host')

const task = await host.createTask('Check data/report.csv', { to: 'sandboxed' })
for await (const message of host.messages()) {
  if (message.reply_to !== task.id) continue
  console.log(`${message.from_agent} has found: ${message.body}`)
  break
}

await host.close()
