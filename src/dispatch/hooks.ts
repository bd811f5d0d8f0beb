// A hook that a coding program calls by HTTP itself, without a process (PROTOCOL §18). It offers what the agent was not shown,
// and answers in the program's own form.
//
//   call ─▶ the answer before it: shown, if this call proves it ─▶ offer ─▶ text in the answer ─▶ the next call of that session
//
// An answer that is sent may be lost, so only the session's next call says `shown`. Without one, the offer lapses, and its
// messages come again. A client that has left before its answer was told nothing. What this door remembers may be lost with it.

import { beginning } from '../cut.js'
import { ASKED, digestOf, HELD_LEASE_SEC, MOST_STOPS_HELD } from '../digest.js'
import type { Answer } from '../protocol/envelope.js'
import type { Offer, Wake } from '../protocol/objects.js'
import type { StorageClient } from '../storage/client.js'
import type { Commands, LoopGuard } from '../storage/commands.js'
import { isRefused, type Outcome } from '../storage/outcome.js'
import type { Patience } from './patience.js'
import type { HookPlan } from './plans.js'
import type { DoorRequest } from './request.js'

type Moment = 'prompt' | 'tool' | 'stop'

const MOMENTS: Readonly<Record<string, Moment>> = {
  UserPromptSubmit: 'prompt',
  PostToolUse: 'tool',
  PostToolUseFailure: 'tool',
  PostToolBatch: 'tool',
  Stop: 'stop',
}
/** Sessions that are remembered; the ones that have been silent for longest are forgotten. */
const MOST_SESSIONS = 1_000
const SILENT: Answer = { status: 200, body: '{}' }

interface Session {
  readonly handedOver?: { readonly offerId: string; readonly at: Moment } | undefined
  readonly stopsHeld: number
}

export interface HooksOptions {
  readonly storage: Pick<StorageClient, 'submit' | 'query' | 'touch'>
  readonly patience: Patience
  readonly guard: LoopGuard
}

export class Hooks {
  readonly #options: HooksOptions
  readonly #sessions = new Map<string, Session>()

  constructor(options: HooksOptions) {
    this.#options = options
  }

  /** Rejects as the storage does. */
  async answer(
    { agentId, session: id, event, isGoingOn, isLeftOut }: HookPlan,
    request: DoorRequest,
  ): Promise<Answer> {
    const moment = MOMENTS[event]
    if (moment === undefined || isLeftOut) return SILENT
    const key = JSON.stringify([agentId, id])
    const { storage } = this.#options
    storage.touch([agentId])
    const { handedOver, stopsHeld } = this.#sessions.get(key) ?? { stopsHeld: 0 }
    if (handedOver) {
      const isProof = handedOver.at !== 'stop' || moment === 'tool' || (moment === 'stop' && isGoingOn)
      await this.#settle(agentId, handedOver, isProof)
    }
    const isHolding = moment === 'stop' && stopsHeld < MOST_STOPS_HELD && (await this.#mayWake(agentId))
    const offer = moment === 'stop' && !isHolding ? undefined : await this.#offer(agentId, id, moment)
    const isTold = offer !== undefined && !request.abandonment.happened
    const before = moment === 'prompt' ? 0 : stopsHeld // a prompt begins a turn
    this.#remember(key, {
      handedOver: isTold ? { offerId: `${offer.offer_id}`, at: moment } : undefined,
      stopsHeld: moment === 'stop' && offer ? before + 1 : before,
    })
    if (!offer) return SILENT
    const text = digestOf(offer, agentId)
    const hookSpecificOutput = { hookEventName: event, additionalContext: text }
    return { status: 200, body: JSON.stringify({ hookSpecificOutput }) }
  }

  #remember(key: string, session: Session): void {
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size > MOST_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest)
  }

  /** What was handed over was shown, or is offered again at once. An offer that has lapsed is refused, and offered again as well. */
  async #settle(
    agentId: string,
    { offerId, at }: NonNullable<Session['handedOver']>,
    isProof: boolean,
  ): Promise<void> {
    const up_to_id = isProof ? undefined : 0
    const input = { agent_id: agentId, offer_id: offerId, via: `claude ${at}`, up_to_id }
    await this.#submit('mailbox.shown', input, agentId)
  }

  async #mayWake(agentId: string): Promise<boolean> {
    const query = { op: 'mailbox.wake', input: { agent_id: agentId, ...this.#options.guard } } as const
    const { result } = await this.#options.patience.read(() => this.#options.storage.query(query))
    return (JSON.parse(result) as Wake).wake
  }

  async #offer(agentId: string, session: string, moment: string): Promise<Offer | undefined> {
    const input = {
      agent_id: agentId,
      reader: beginning(`http hook ${session}`, 200),
      ...ASKED,
      lease_sec: HELD_LEASE_SEC,
      ambient: moment !== 'stop',
    }
    const look = {
      op: 'mailbox.look',
      input: { agent_id: agentId, reader: input.reader, ambient: input.ambient },
    } as const
    const { storage, patience } = this.#options
    const { result } = await patience.read(() => storage.query(look))
    if (!(JSON.parse(result) as { isWorthwhile: boolean }).isWorthwhile) return undefined
    const outcome = await this.#submit('mailbox.offer', input, agentId)
    if (typeof outcome === 'string' || isRefused(outcome)) return undefined
    const offer = JSON.parse(outcome.result) as Offer
    return offer.offer_id === null ? undefined : offer
  }

  #submit<K extends 'mailbox.offer' | 'mailbox.shown'>(
    op: K,
    input: Commands[K],
    touches: string,
  ): Promise<Outcome> {
    const command = { op, input } as { op: 'mailbox.offer'; input: Commands['mailbox.offer'] }
    return this.#options.patience.read(
      () =>
        new Promise<Outcome>((replied, failed) =>
          this.#options.storage.submit({ command, touches }, { replied, failed }),
        ),
    )
  }
}
