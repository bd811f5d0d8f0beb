import { ArcClient } from 'arc-hub'

const author = await ArcClient.quickstart('author')

for (const file of ['src/parser.ts', 'src/legacy.ts']) {
  const answer = await author.call('reviewer', `Please review ${file}`, { timeout: 30 })
  console.log(answer.metadata.error ? `the reviewer can't: ${answer.body}` : answer.body)
}
await author.dm('reviewer', 'Thank you, that is all.')

await author.close()
