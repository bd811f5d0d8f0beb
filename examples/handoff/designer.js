import { ArcClient } from 'arc-hub'

const designer = await ArcClient.quickstart('designer')
const threadId = 'rate-limit'

await designer.post('We count requests by API key, not by address.', { threadId })
await designer.post('The interface', {
  threadId,
  kind: 'artifact',
  attachments: [{ type: 'code', language: 'ts', content: 'limit(key: string, perMinute: number): boolean' }],
})
const task = await designer.createTask('Build the rate limit as the artifact says', {
  threadId,
  to: 'builder',
})
console.log(`task ${task.id} waits for the builder`)

await designer.close()
