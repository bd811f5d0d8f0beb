// Random histories of mailboxes, each compared with a model after every step (PROTOCOL §18): posts, replies, offers to
// several readers, `shown` in time, late, in part and repeated, acknowledgements, and time that passes.

import t, { type Test } from 'tap'
import type { Mailbox, Offer, Receipt } from '../../src/protocol/objects.js'
import type { StorageBackend } from '../../src/storage/backend.js'
import type { Command, Commands, Query } from '../../src/storage/commands.js'
import { isRefused, type Outcome } from '../../src/storage/outcome.js'
import { Random } from '../support/campaign.js'
import { MailboxModel } from '../support/mailbox-model.js'
import { open } from './backend-room.js'

const STEPS = { min: 5, max: 60 }
const AGENTS = ['ann', 'bob', 'cy'] as const
const READERS = ['hook', 'sdk'] as const
const NO_ONE = 'nobody'

type Tested = Pick<StorageBackend, 'apply' | 'query'>

class History {
  readonly #random: Random
  #backend!: Tested
  readonly #model = new MailboxModel()
  readonly #steps: string[] = []
  readonly #offers: { readonly agent: string; readonly id: string }[] = []
  #nowMs = Date.parse('2026-01-02T03:04:05.678Z')
  #latestId = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** Returns what went wrong, with the steps that lead there. */
  async run(open: (clock: () => number) => Tested | Promise<Tested>): Promise<string | undefined> {
    this.#backend = await open(() => this.#nowMs)
    const steps = this.#random.between(STEPS.min, STEPS.max)
    for (let i = 0; i < steps; i++) {
      const wrong = (await this.#step()) ?? (await this.#differences())
      if (wrong !== undefined) return `${wrong}\n${this.#steps.join('\n')}`
    }
    return undefined
  }

  async #step(): Promise<string | undefined> {
    const { next } = this.#random
    const dice = next.call(this.#random)
    if (dice < 0.08) return this.#open()
    if (dice < 0.45) return this.#post()
    if (dice < 0.7) return this.#offer()
    if (dice < 0.88) return this.#shown()
    if (dice < 0.94) return this.#acknowledge()
    const sec = this.#random.between(0, 40)
    this.#steps.push(`${sec} s pass`)
    this.#nowMs += sec * 1_000
    return undefined
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.between(0, list.length - 1)] as T
  }

  async #apply(command: Command): Promise<Outcome> {
    const { outcomes } = await this.#backend.apply([{ command }], [])
    return outcomes[0] as Outcome
  }

  async #query<T>(query: Query): Promise<T> {
    return JSON.parse((await this.#backend.query(query)).result) as T
  }

  async #open(): Promise<undefined> {
    const agent_id = this.#pick(AGENTS)
    this.#steps.push(`${agent_id} signs in`)
    await this.#apply(open(agent_id, { replace: true }))
    this.#model.begin(agent_id)
  }

  async #post(): Promise<undefined> {
    const from = this.#pick(AGENTS)
    const kind = this.#random.between(1, 10)
    const other = this.#pick([...AGENTS, NO_ONE])
    const to = kind <= 4 ? other : undefined
    const mentions = kind === 5 || kind === 6 ? [other] : []
    const replyTo = kind === 6 || kind === 7 ? this.#random.between(1, this.#latestId + 1) : undefined
    const input: Commands['message.post'] = {
      from_agent: from,
      to_agent: to,
      kind: 'chat',
      body: mentions.length > 0 ? `look, @${other}!` : 'x',
      reply_to: replyTo,
      attachments: '[]',
      metadata: '{}',
    }
    this.#steps.push(`${from} posts ${JSON.stringify({ to, mentions, replyTo })}`)
    const { messages } = await this.#backend.apply([{ command: { op: 'message.post', input } }], [])
    this.#latestId = messages[0]?.id ?? this.#latestId
    this.#model.post({ id: this.#latestId, from, to, mentions, replyTo })
  }

  async #offer(): Promise<string | undefined> {
    const [agent, reader] = [this.#pick([...AGENTS, NO_ONE]), this.#pick(READERS)]
    const limit = this.#random.between(1, 6)
    const leaseSec = this.#random.between(5, 60)
    const ambient = this.#random.next() < 0.7
    const input = { agent_id: agent, reader, limit, max_chars: 100_000, lease_sec: leaseSec, ambient }
    const { isWorthwhile } = await this.#query<{ isWorthwhile: boolean }>({ op: 'mailbox.look', input })
    const outcome = await this.#apply({ op: 'mailbox.offer', input })
    if (typeof outcome === 'string' || isRefused(outcome))
      return `an offer was answered ${JSON.stringify(outcome)}`
    const offer = JSON.parse(outcome.result) as Offer
    this.#steps.push(
      `${agent} is offered ${JSON.stringify({ reader, limit, leaseSec, ambient })} → ${outcome.result}`,
    )
    if (offer.offer_id !== null) {
      this.#offers.push({ agent, id: offer.offer_id })
      if (!isWorthwhile) return 'the look before said that an offer is not worthwhile'
    }
    return this.#model.offered({ agent, reader, limit, leaseSec, ambient }, offer, this.#nowMs)
  }

  async #shown(): Promise<string | undefined> {
    const given = this.#pick(this.#offers)
    if (!given) return undefined
    const upToId = this.#random.next() < 0.3 ? this.#random.between(0, this.#latestId) : undefined
    const input = { agent_id: given.agent, offer_id: given.id, via: 'test', up_to_id: upToId }
    const outcome = await this.#apply({ op: 'mailbox.shown', input })
    if (typeof outcome === 'string') return 'shown was answered by a text'
    const found = isRefused(outcome) ? outcome.code : (JSON.parse(outcome.result) as { shown: number }).shown
    this.#steps.push(`${given.agent} shows ${given.id} up to ${upToId} → ${found}`)
    const expected = this.#model.shown(given.id, upToId ?? Number.MAX_SAFE_INTEGER, this.#nowMs)
    return found === expected ? undefined : `shown said ${found} instead of ${expected}`
  }

  async #acknowledge(): Promise<string | undefined> {
    const [id, agent_id] = [this.#random.between(1, this.#latestId + 1), this.#pick(AGENTS)]
    const outcome = await this.#apply({ op: 'message.acknowledge', input: { id, agent_id, note: undefined } })
    const isTaken = typeof outcome === 'object' && !isRefused(outcome)
    this.#steps.push(`${agent_id} acknowledges ${id}: ${isTaken}`)
    return isTaken === this.#model.acknowledge(id, agent_id) ? undefined : 'an acknowledgement went wrong'
  }

  /** Compares all receipts, the undelivered ones and the counts of unread messages. */
  async #differences(): Promise<string | undefined> {
    const lists = Array.from({ length: this.#latestId }, (_, i) =>
      this.#query<Receipt[]>({ op: 'receipts.list', input: { id: i + 1 } }),
    )
    const receipts = (await Promise.all(lists)).flat()
    const [found, expected] = [this.#model.states(receipts), this.#model.states()]
    if (found !== expected) return `the receipts are\n${found}\ninstead of\n${expected}`
    const filter = { from: undefined, to: undefined, older_than_sec: 0, limit: 500 }
    const undelivered = (await this.#query<Receipt[]>({ op: 'receipts.undelivered', input: filter }))
      .map((row) => `${row.message_id} ${row.agent_id}`)
      .sort()
      .join('\n')
    if (undelivered !== this.#model.undelivered()) return `undelivered are\n${undelivered}`
    for (const agent of [...AGENTS, NO_ONE]) {
      const { unread } = await this.#query<Mailbox>({ op: 'mailbox.get', input: { agent_id: agent } })
      if (unread !== this.#model.unread(agent))
        return `${agent} has ${unread} unread, not ${this.#model.unread(agent)}`
    }
    return undefined
  }
}

/** `open` gives an empty room by a clock. It closes with its test. */
export function mailboxHistories(
  count: number,
  open: (t: Test, clock: () => number) => Tested | Promise<Tested>,
): void {
  void t.test(`${count} histories of mailboxes go as the model says`, async (t) => {
    const random = new Random()
    t.comment(`seed ${random.seed}`)
    for (let i = 0; i < count; i++) {
      const seed = random.between(0, 2 ** 31 - 1)
      const wrong = await new History(new Random(seed)).run((clock) => open(t, clock))
      if (wrong === undefined) continue
      t.fail(`history ${i}, seed ${seed}: ${wrong}`)
      break
    }
    t.pass('all went as the model says')
  })
}
