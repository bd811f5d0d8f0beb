import { ArcClient } from 'arc-hub'

const bob = await ArcClient.quickstart('bob')

for await (const message of bob.messages()) {
  if (!message.body.includes('@bob')) continue
  console.log(`${message.from_agent} says: ${message.body}`)
  // A reply acknowledges the message that it answers.
  await bob.post('Then I take the tests, @alice.', { replyTo: message.id })
  break
}

await bob.close()
