// A reader of one mailbox that may be killed at any moment. It writes down what it was handed, and only then says `shown`.
//
//   node mailbox-reader.js <agent id> <ledger> http <url> | files <spool>

import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Offer } from '../../src/protocol/objects.js'
import { HttpTransport } from '../../src/sdk/http-transport.js'
import { RelayTransport } from '../../src/sdk/relay-transport.js'
import { Requester } from '../../src/sdk/requester.js'

const [agentId = '', ledger = '', way, place = ''] = process.argv.slice(2)
const transport =
  way === 'http'
    ? new HttpTransport({ baseUrl: place, connectTimeoutSec: 5 })
    : new RelayTransport({ agentId, spoolDir: place })
const closing = new AbortController()
const requester = new Requester(transport, { timeoutSec: 10, retryForSec: 0, closing: closing.signal })
const mailbox = `/v1/mailboxes/${agentId}`

for (;;) {
  try {
    const body = { reader: 'reader', lease_sec: 5, limit: 3 }
    const { result } = await requester.post<Offer>(`${mailbox}/offer?timeout=2`, body, { timeoutSec: 10 })
    if (result.offer_id === null) continue
    process.send?.('offered')
    const ids = [...result.messages, ...result.ambient].map(({ id }) => id)
    appendFileSync(ledger, `${ids.join('\n')}\n`)
    process.send?.('written')
    await requester.post(`${mailbox}/shown`, { offer_id: result.offer_id, via: way })
    process.send?.('shown')
  } catch {
    await pause(20) // the hub is away, or the offer has lapsed
  }
}
