// The chain from a post to `shown`, cut at every link: readers are killed between an offer and `shown`, the storage's thread
// and the whole hub at any moment, over HTTP and over files. Every addressed message is shown in the end. None is marked as
// shown that no reader was handed. `receipts` and `undelivered` say what the readers' ledgers say.

import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import type { Message, Receipt } from '../../src/protocol/objects.js'
import { ArcClient } from '../../src/sdk/index.js'
import { Random, rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { steadyPort } from '../support/ports.js'
import { reportOf, startScript } from '../support/processes.js'
import { until } from '../support/waiting.js'

const ROUNDS = rounds(10, 200)
const HUB = new URL('./hub-to-be-killed.js', import.meta.url)
const READER = new URL('./mailbox-reader.js', import.meta.url)
/** A reader is killed so many milliseconds after one of its steps. */
const STEPS = ['start', 'offered', 'written', 'shown'] as const
const VICTIMS = ['reader', 'reader', 'storage', 'hub', 'reader and hub'] as const

t.test('every addressed message is shown, and none that no reader was handed', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const pick = <T>(list: readonly T[]) => list[random.between(0, list.length - 1)] as T
  const folder = ownFolder(t)
  const [storage, spool, port] = [`${folder}/arc.sqlite3`, `${folder}/spool`, await steadyPort()]
  const url = `http://127.0.0.1:${port}`
  const startHub = async () => {
    const hub = startScript(t, HUB, [storage, spool, `${port}`])
    await reportOf(hub)
    return hub
  }
  let hub = await startHub()
  const writer = new ArcClient('writer', { baseUrl: url, retryFor: 60 })
  t.teardown(() => writer.close())

  const agents = [
    { id: 'by-http', args: ['http', url] },
    { id: 'by-files', args: ['files', spool] },
  ].map(({ id, args }) => {
    const ledger = `${folder}/${id}.ledger`
    const start = () => startScript(t, READER, [id, ledger, ...args])
    const handed = () =>
      new Set(existsSync(ledger) ? readFileSync(ledger, 'utf8').split('\n').map(Number) : [])
    return { id, start, handed, reader: start() }
  })
  for (const { id } of agents) {
    const registering = new ArcClient(id, { baseUrl: url })
    await registering.register({ process: false, presenceTtlSec: 86_400 })
    t.teardown(() => registering.close())
  }

  const addressed: { readonly id: number; readonly to: string }[] = []
  const post = async () => {
    const { id: to } = pick(agents)
    const own = addressed.find((message) => message.to === to)
    const kind = random.between(0, 2)
    const sent: Message = await (kind === 0 || !own
      ? writer.dm(to, 'direct')
      : kind === 1
        ? writer.post(`look, @${to}`)
        : writer.post('for all').then(() => writer.dm(to, 'after one for all')))
    addressed.push({ id: sent.id, to })
  }
  /** What the hub says of each message must not go beyond what the ledgers hold. */
  const check = async () => {
    const open = new Set(
      (await writer.undelivered({ limit: 500 })).map((row) => `${row.message_id} ${row.agent_id}`),
    )
    for (const { id, to } of addressed.slice(-60)) {
      const receipt = (await writer.receipts(id)).find((row) => row.agent_id === to) as Receipt
      const isHanded =
        agents
          .find((agent) => agent.id === to)
          ?.handed()
          .has(id) === true
      if (receipt.state === 'shown' && !isHanded) t.fail(`${id} is shown to ${to}, and was not handed over`)
      if (receipt.state !== 'shown' && receipt.state !== 'queued' && receipt.state !== 'offered')
        t.fail(`${id} is ${receipt.state}`)
      // It may be shown between the two requests, but nothing that was shown becomes open again.
      if (receipt.state !== 'shown' && !open.has(`${id} ${to}`))
        t.fail(`${id} is ${receipt.state}, and not undelivered`)
    }
  }

  let offeredAgain = 0
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = random.between(1, 4); i > 0; i--) await post()
    const victim = pick(VICTIMS)
    const agent = pick(agents)
    if (victim.includes('reader')) {
      const step = pick(STEPS)
      const { child } = agent.reader
      const reached = new Promise<void>((resolve) => child.on('message', (at) => at === step && resolve()))
      if (step !== 'start') await Promise.race([reached, pause(300)])
      await pause(random.between(0, 3))
      await agent.reader.end('SIGKILL')
      offeredAgain++
    }
    if (victim === 'storage') hub.child.send('kill')
    if (victim.includes('hub')) {
      await pause(random.between(0, 20))
      await hub.end('SIGKILL')
      hub = await startHub()
    }
    if (victim.includes('reader')) agent.reader = agent.start()
    await check()
  }
  await until('everything to be shown', async () => (await writer.undelivered()).length === 0, 120_000)
  await check()
  for (const { id, to } of addressed) {
    const receipt = (await writer.receipts(id)).find((row) => row.agent_id === to)
    if (receipt?.state !== 'shown') t.fail(`${id} to ${to} is ${receipt?.state}`)
    if (
      !agents
        .find((agent) => agent.id === to)
        ?.handed()
        .has(id)
    )
      t.fail(`${id} was not handed to ${to}`)
  }
  for (const agent of agents) await agent.reader.end('SIGKILL')
  await hub.end('SIGKILL')
  t.pass(`${ROUNDS} rounds, ${addressed.length} addressed messages, ${offeredAgain} readers killed`)
})
