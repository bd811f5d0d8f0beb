// A process of a test that posts messages at a fixed rate, like a crowd of independent clients. Each client has a connection
// and waits for its answer. There are so many clients that nearly always one is free. It reports the answer to each post.
// Arguments: port, clients, posts a second, seconds.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** The answers to the posts, by the posts' numbers. */
export interface FloodReport {
  /** Posts that were due. A post was not sent if no client was free. */
  readonly offered: number
  readonly sent: number
  /** Number and id. */
  readonly acknowledged: readonly (readonly [number: number, id: number])[]
  readonly refused: readonly number[]
  /** Refusals without `Retry-After`. */
  readonly withoutRetryAfter: number
  readonly otherStatuses: readonly string[]
  /** Milliseconds from the last sent post until the last answer. */
  readonly backlogMs: number
}

export const floodBody = (number: number): string => `flood ${number}`

/** Connections to open at once. The kernel's queue for the hub is not much longer. */
const OPENED_AT_ONCE = 100
const TICK_MS = 5
const GIVE_UP_MS = 30_000

type OnAnswer = (number: number, head: string, body: string) => void

/** One client, with one post at a time. If the hub closes its idle connection, it opens another. */
class Client {
  readonly #port: number
  readonly #onAnswer: OnAnswer
  #socket: Socket
  #number: number | undefined
  #text = ''

  constructor(port: number, onAnswer: OnAnswer) {
    this.#port = port
    this.#onAnswer = onAnswer
    this.#socket = this.#connect()
  }

  get connected(): Promise<unknown> {
    return once(this.#socket, 'connect')
  }

  post(number: number): void {
    if (!this.#socket.writable) this.#socket = this.#connect()
    this.#number = number
    this.#text = ''
    const body = JSON.stringify({ from_agent: 'flood', body: floodBody(number) })
    this.#socket.write(
      `POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
  }

  #connect(): Socket {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay().setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#read(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      if (socket === this.#socket) this.#answered('', 'the connection was closed')
    })
    return socket
  }

  #answered(head: string, body: string): void {
    const number = this.#number
    this.#number = undefined
    if (number !== undefined) this.#onAnswer(number, head, body)
  }

  #read(chunk: string): void {
    this.#text += chunk
    const bodyAt = this.#text.indexOf('\r\n\r\n') + 4
    const head = this.#text.slice(0, bodyAt)
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? []
    const body = this.#text.slice(bodyAt)
    if (bodyAt < 4 || length === undefined || body.length < Number(length)) return
    this.#answered(head, body)
  }
}

async function flood(
  port: number,
  clients: number,
  perSecond: number,
  seconds: number,
): Promise<FloodReport> {
  const acknowledged: [number, number][] = []
  const refused: number[] = []
  const otherStatuses: string[] = []
  let withoutRetryAfter = 0
  const idle: Client[] = []

  function answered(client: Client, number: number, head: string, body: string): void {
    idle.push(client)
    const status = head.slice(9, 12)
    if (status === '201') acknowledged.push([number, Number(/"id":(\d+)/.exec(body)?.[1])])
    else if (status === '503') {
      refused.push(number)
      if (!/\r\nretry-after: \d/i.test(head)) withoutRetryAfter++
    } else otherStatuses.push(`${status} ${body}`)
  }

  while (idle.length < clients) {
    const opening = Array.from({ length: Math.min(OPENED_AT_ONCE, clients - idle.length) }, () => {
      const client: Client = new Client(port, (...answer) => answered(client, ...answer))
      return client
    })
    await Promise.all(opening.map(({ connected }) => connected))
    idle.push(...opening)
  }
  const startedAt = performance.now()
  let due = 0
  let sent = 0
  while (performance.now() < startedAt + seconds * 1_000) {
    const dueBefore = due
    due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond)
    for (let i = dueBefore; i < due; i++) idle.shift()?.post(sent++)
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  const lastSentAt = performance.now()
  while (idle.length < clients && performance.now() < lastSentAt + GIVE_UP_MS) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  const backlogMs = performance.now() - lastSentAt
  return { sent, offered: due, acknowledged, refused, withoutRetryAfter, otherStatuses, backlogMs }
}

const [port, clients, perSecond, seconds] = process.argv.slice(2).map(Number)
if (process.send && port && clients && perSecond && seconds) {
  const report = await flood(port, clients, perSecond, seconds)
  process.send(report, () => process.exit())
}
