// A link is one end of a typed, two-way channel between two actors, over a message port.
//
// Guarantees: calls and casts arrive in the order of their sending. A call is settled exactly once: by its reply, by its
// deadline, or by the end of the link. When the other side dies, every pending call is rejected at once, so a dead actor
// leaves no caller hanging. Errors cross as data.
//
// The envelopes of one turn of the event loop cross in one port message, or in a few, since a port message has a cost of its
// own. Each envelope is a tuple, because a port writes out the member names of every object.

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { ArcError, type ErrorData } from '../../protocol/errors.js'
import { Calls } from './calls.js'

/** The messages that one side understands: name → input and output. */
export type Contract = { [name: string]: { input: unknown; output: unknown } }

type Name<C> = keyof C & string

/** `deadline`: epoch milliseconds. After it the caller has given up, and the other side must not start the work. */
type CallEnvelope = readonly [type: 'call', name: string, input: unknown, id: number, deadline: number]
type CastEnvelope = readonly [type: 'cast', name: string, input: unknown]
type ReplyEnvelope = readonly [type: 'reply', id: number, value: unknown, error?: ErrorData]
type Envelope = CallEnvelope | CastEnvelope | ReplyEnvelope

/** A call or cast that arrived; `reply` and `fail` are no-ops for a cast. */
export interface Incoming<C extends Contract, K extends Name<C> = Name<C>> {
  readonly input: C[K]['input']
  reply(value: C[K]['output']): void
  fail(error: unknown): void
}

/** One handler for every name that a side understands. */
export type Handlers<C extends Contract> = { readonly [K in Name<C>]: (incoming: Incoming<C, K>) => void }

/** The caller of a call. The link calls one of the two methods, once. */
export interface Caller<T> {
  replied(value: T): void
  failed(error: ArcError): void
}

interface Pending {
  id: number
  readonly name: string
  readonly deadline: number
  readonly caller: Caller<unknown>
}

/** Milliseconds between two checks of the deadlines. A call may exceed its deadline by this much. */
const SWEEP_MS = 100
export const DEFAULT_CALL_MS = 10_000
/**
 * The link collects envelopes until the end of a turn. A call that makes them this many sends them at once, for two reasons.
 * A turn reads all readable sockets, perhaps thousands, and then takes seconds. And with 128, one message held the calls of
 * all 64 clients, so one of the two threads always waited for the other. Replies collect without this bound, since the
 * replies of one batch are ready together.
 */
const MAX_OUTBOX = 32

/** `Out`: the messages that this side may send. `In`: those that it handles. */
export class Link<Out extends Contract, In extends Contract> {
  readonly #port: MessagePort
  readonly #pending = new Calls<Pending>()
  #outbox: Envelope[] = []
  #flush: NodeJS.Immediate | undefined
  #sweep: NodeJS.Timeout | undefined
  #closed = false
  readonly #handlers: Handlers<In>
  readonly #onClose: (() => void) | undefined

  constructor(port: MessagePort, handlers: Handlers<In>, onClose?: () => void) {
    this.#port = port
    this.#handlers = handlers
    this.#onClose = onClose
    port.on('message', (envelopes: Envelope[]) => this.#receive(envelopes))
    port.on('close', () => this.#end())
  }

  get pendingCalls(): number {
    return this.#pending.size
  }

  get closed(): boolean {
    return this.#closed
  }

  /**
   * Calls the other side. Resolves with its reply.
   * @throws ArcError `unavailable` at once if the link is closed; `outcome_unknown` if it closes before the reply; `timeout`
   * after `timeoutMs` (default 10,000)
   */
  call<K extends Name<Out>>(
    name: K,
    input: Out[K]['input'],
    timeoutMs = DEFAULT_CALL_MS,
  ): Promise<Out[K]['output']> {
    return new Promise((replied, failed) => this.callFor({ replied, failed }, name, input, timeoutMs))
  }

  /** Like `call`, without a promise, which would cost several more objects, thousands of times a second. */
  callFor<K extends Name<Out>>(
    caller: Caller<Out[K]['output']>,
    name: K,
    input: Out[K]['input'],
    timeoutMs = DEFAULT_CALL_MS,
  ): void {
    if (this.#closed) {
      caller.failed(new ArcError('unavailable', `${name}: the other side is down`))
      return
    }
    const deadline = Date.now() + timeoutMs
    const call = { id: 0, name, deadline, caller: caller as Caller<unknown> }
    this.#pending.add(call)
    this.#sweep ??= setInterval(() => this.#expire(), SWEEP_MS)
    this.#send(['call', name, input, call.id, deadline])
    if (this.#outbox.length >= MAX_OUTBOX) this.flush()
  }

  /**
   * Sends a message without a reply. Only its order is guaranteed. `ports` are transferred at once: a port whose other end
   * closes before the end of the turn can't be sent. It closes ports that it can't transfer, so that their other ends learn
   * of it.
   */
  cast<K extends Name<Out>>(name: K, input: Out[K]['input'], ports: MessagePort[] = []): void {
    if (!this.#closed) this.#send(['cast', name, input])
    if (ports.length > 0) this.flush(ports)
  }

  /** Sends the collected envelopes now. @throws DOMException if one can't be sent; all are dropped */
  flush(ports: MessagePort[] = []): void {
    if (this.#flush) clearImmediate(this.#flush)
    this.#flush = undefined
    const envelopes = this.#outbox
    this.#outbox = []
    try {
      if (this.#closed) for (const port of ports) port.close()
      else if (envelopes.length > 0) this.#port.postMessage(envelopes, ports)
    } catch (error) {
      for (const port of ports) port.close()
      throw error
    }
  }

  /** Handles the next port message that has arrived, without waiting for the event loop. False if there is none. */
  drain(): boolean {
    if (this.#closed) return false
    const arrived = receiveMessageOnPort(this.#port)
    if (!arrived) return false
    this.#receive(arrived.message as Envelope[])
    return true
  }

  close(): void {
    this.flush()
    this.#port.close()
    this.#end()
  }

  #send(envelope: Envelope): void {
    this.#outbox.push(envelope)
    this.#flush ??= setImmediate(() => this.flush())
  }

  #receive(envelopes: Envelope[]): void {
    for (const envelope of envelopes) {
      if (envelope[0] === 'reply') this.#settle(envelope)
      else this.#handle(envelope)
    }
  }

  #settle([, id, value, error]: ReplyEnvelope): void {
    const call = this.#pending.take(id)
    if (!call) return // its deadline had passed
    if (error) call.caller.failed(ArcError.fromData(error))
    else call.caller.replied(value)
  }

  #handle(envelope: CallEnvelope | CastEnvelope): void {
    const [type, name, input, id, deadline] = envelope
    if (type === 'call' && deadline < Date.now()) return // its caller has given up
    const handler = this.#handlers[name]
    if (!handler) throw new Error(`no handler for ${name}`)
    const send = (value: unknown, error?: ErrorData) => {
      if (type === 'call' && !this.#closed)
        this.#send(error ? ['reply', id, value, error] : ['reply', id, value])
    }
    handler({
      input: input as In[string]['input'],
      reply: (value) => send(value),
      fail: (error) => send(undefined, asData(error)),
    })
  }

  #expire(): void {
    const now = Date.now()
    for (const call of this.#pending.takeAll(({ deadline }) => deadline <= now)) {
      call.caller.failed(
        new ArcError('timeout', `${call.name}: no answer in time; the outcome is unknown`, { status: 503 }),
      )
    }
    this.#restIfIdle()
  }

  /** Stops the timer if no call is pending, so that an idle hub does not wake up. */
  #restIfIdle(): void {
    if (this.#pending.size > 0 || !this.#sweep) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }

  #end(): void {
    if (this.#closed) return
    this.#closed = true
    const orphans = this.#pending.takeAll(() => true)
    this.#restIfIdle()
    for (const call of orphans) {
      call.caller.failed(
        new ArcError('outcome_unknown', `${call.name}: the other side ended before it answered`),
      )
    }
    this.#onClose?.()
  }
}

function asData(error: unknown): ErrorData {
  if (error instanceof ArcError) return error.toData()
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) }
}
