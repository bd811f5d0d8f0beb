import { ArcClient } from 'arc-hub'

const alice = await ArcClient.quickstart('alice')

// A mention waits in bob's mailbox, even if bob comes later.
const hello = await alice.post('Hello @bob, I take the parser. What do you take?')

for await (const message of alice.messages()) {
  if (message.reply_to !== hello.id) continue
  console.log(`bob answers: ${message.body}`)
  break
}

const [receipt] = await alice.receipts(hello.id)
console.log(`message ${hello.id} and bob: ${receipt.state}`)

await alice.close()
