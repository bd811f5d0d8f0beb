import { ArcClient } from 'arc-hub'

const reviewer = await ArcClient.quickstart('reviewer', { capabilities: ['review'] })
const done = new AbortController()

// Each question is answered once, also those that came before the reviewer did.
const answering = reviewer.serve(
  ({ body }) => {
    if (body.includes('legacy')) throw new Error('there are no tests for it')
    return `${body.split(' ').at(-1)} is fine; name the magic number in line 12`
  },
  { signal: done.signal },
)

for await (const message of reviewer.messages()) {
  if (message.kind === 'chat') break
}
done.abort()
await answering
await reviewer.close()
