// The options of commands that act as an agent, and the client they act through (PROTOCOL §12).

import type { ArgsDef } from 'citty'
import { agentOfEnvironment } from '../agent-name.js'
import { DEFAULT_HOST } from '../protocol/address.js'
import { ArcError } from '../protocol/errors.js'
import { HUB_NUMBERS } from '../protocol/numbers.js'
import { ArcClient } from '../sdk/client.js'
import { FoundTransport } from '../sdk/found-transport.js'
import { HttpTransport } from '../sdk/http-transport.js'
import { checkedAddress, type FoundHub, findHub } from '../sdk/hub-address.js'
import { followingConnections, plainConnections } from '../sdk/plain-connections.js'
import type { Transport } from '../sdk/transport.js'
import { text, usageError, wholeNumber } from './arguments.js'
import { sayDoubt } from './running-hub.js'

/** Names the hub that a client command talks to. */
export const clientArguments = {
  'base-url': {
    type: 'string',
    description: 'The hub (default: ARC_BASE_URL, else the nearest pid file, else http://127.0.0.1:6969)',
    valueHint: 'url',
  },
  port: { type: 'string', description: 'The hub at this port of this machine', valueHint: 'number' },
} as const satisfies ArgsDef

export const agentArguments = {
  agent: { type: 'string', description: 'The agent to act as (default: ARC_AGENT)', valueHint: 'id' },
  ...clientArguments,
} as const satisfies ArgsDef

export const viewArguments = {
  agent: {
    type: 'string',
    description: 'The agent that looks (default: ARC_AGENT, else nobody: no agent is signed in)',
    valueHint: 'id',
  },
  ...clientArguments,
} as const satisfies ArgsDef

type Given = Readonly<Record<string, unknown>>

const CONNECT_SEC = 10
/** Seconds that a command which waits goes on without a hub. */
const PATIENCE_SEC = 30
/** An id that stands for no agent: the hub shows it what everybody may see. */
const NOBODY = '(nobody)'
/**
 * For an agent that has only a shell: seconds that its session and its leases last without a command. No process of it
 * stays between two commands, and it may think or compile meanwhile.
 */
export const SHELL_TTL_SEC = 3_600

/**
 * A client of the agent's session: the one that it has, as it is, else a new one, which does not end with the command. A
 * hub without `arc:presence` replaces the session. The client fails at once if the hub is down, since a person waits.
 */
export async function signIn(given: Given): Promise<ArcClient> {
  return (await signedIn(given, async () => {})).client
}

/**
 * The same with the command's first requests, which `ask` sends. A hub of ours gets them together with the registration, and
 * carries them out after it; a command then waits once. @throws ArcError of the registration before that of `ask`
 */
export async function signedIn<T>(
  given: Given,
  ask: (client: ArcClient) => Promise<T>,
): Promise<{ readonly client: ArcClient; readonly answer: T }> {
  const { client, isOurs } = clientOf(requiredAgent(given), given)
  const registered = client.register({
    reuse: true,
    replace: true,
    process: false,
    presenceTtlSec: SHELL_TTL_SEC,
  })
  if (!isOurs) await registered
  const asked = ask(client)
  asked.catch(() => {}) // after an error of the registration nobody waits for it
  await registered
  return { client, answer: await asked }
}

/** The agent's client, without a session of its own. */
export const unregistered = (given: Given): ArcClient => clientOf(requiredAgent(given), given).client

/** A client for a command that waits: it outlasts a restart of the hub. The agent must have been signed in. */
export const patient = (given: Given): ArcClient => clientOf(requiredAgent(given), given, PATIENCE_SEC).client

/** A client that only looks: the agent's, if one is named, else nobody's. */
export async function view(given: Given): Promise<ArcClient> {
  return (await viewed(given, async () => {})).client
}

/** The same with the command's first requests, as `signedIn` sends them. */
export async function viewed<T>(
  given: Given,
  ask: (client: ArcClient) => Promise<T>,
): Promise<{ readonly client: ArcClient; readonly answer: T }> {
  if (agentOf(given) !== undefined) return signedIn(given, ask)
  const { client } = clientOf(NOBODY, given)
  return { client, answer: await ask(client) }
}

/** The agent that the command line names, or else ARC_AGENT. */
export function agentOf(given: Given): string | undefined {
  return text(given.agent, 'agent') ?? agentOfEnvironment()
}

/** @throws ArcError if nobody is named */
export function requiredAgent(given: Given): string {
  const agentId = agentOf(given)
  if (agentId === undefined) throw usageError('--agent is required, or ARC_AGENT in the environment')
  return agentId
}

function clientOf(agentId: string, given: Given, retryFor = 0): { client: ArcClient; isOurs: boolean } {
  const hub = hubOf(given)
  const isNamed = (given['base-url'] ?? given.port) !== undefined
  const transport = isNamed ? connected(hub) : new FoundTransport(() => hubOf(given), connected, hub)
  return { client: new ArcClient(agentId, { transport, retryFor }), isOurs: hub.isOurs }
}

function connected({ url, isOurs }: FoundHub): Transport {
  const connect = isOurs ? followingConnections : plainConnections
  return new HttpTransport({ baseUrl: url, connectTimeoutSec: CONNECT_SEC, connect })
}

/** The address of the hub that a client command talks to. */
export function baseUrl(given: Given): string {
  return hubOf(given).url
}

function hubOf(given: Given): FoundHub {
  const said = text(given['base-url'], 'base-url')
  const port = wholeNumber(given.port, 'port', 1, HUB_NUMBERS.port.max)
  if (said !== undefined && port !== undefined) throw usageError('give --base-url or --port, not both')
  if (said !== undefined) return { url: address(said, '--base-url'), isOurs: false }
  if (port !== undefined) return { url: `http://${DEFAULT_HOST}:${port}`, isOurs: false }
  const advice = 'name its hub with --port, --base-url or ARC_BASE_URL'
  return withHelp(() => findHub((doubt) => sayDoubt(doubt, advice)))
}

/** @throws ArcError that names where the address comes from */
export function address(url: string, source: string): string {
  return withHelp(() => checkedAddress(url, source))
}

function withHelp<T>(find: () => T): T {
  try {
    return find()
  } catch (error) {
    const isMistake = error instanceof ArcError && error.code === 'invalid_request'
    throw isMistake ? usageError(error.message) : error
  }
}
