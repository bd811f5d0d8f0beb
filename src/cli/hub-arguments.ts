// The options that name a hub and configure it (PROTOCOL §12): shared by `arc`, `ensure`, `stop`, `reset`, `status`, `open`.

import { dirname, join } from 'node:path'
import type { ArgsDef } from 'citty'
import type { HubOptions } from '../actors/hub.js'
import { LOG_SETTINGS } from '../actors/log-settings.js'
import { isLoopback } from '../protocol/address.js'
import { type Bounds, HUB_NUMBERS } from '../protocol/numbers.js'
import { DEFAULT_SPOOL, REQUEST_TTL_SEC } from '../protocol/relay.js'
import { defaultStorage, folderOf, isServer, projectOf, ROOM_STORAGE, storageName } from '../storage-file.js'
import { address } from './agent-arguments.js'
import { host as hostOption, oneOf, text, usageError, wholeNumber } from './arguments.js'
import { list } from './command-line.js'
import type { Wanted } from './running-hub.js'

/** Names a room by its storage. */
export const roomArguments = {
  storage: {
    type: 'string',
    description: `Database file (default ${ROOM_STORAGE}), or postgres://user@host/room`,
    valueHint: 'file',
  },
} as const satisfies ArgsDef

/** Names a hub by where it listens, and what it keeps. */
export const addressArguments = {
  host: { type: 'string', description: 'Address of the hub (default 127.0.0.1)', valueHint: 'address' },
  port: {
    type: 'string',
    description: 'Port of the hub (default 6969; to start one also 0: any free one)',
    valueHint: 'number',
  },
  ...roomArguments,
} as const satisfies ArgsDef

export const wantedArguments = {
  ...addressArguments,
  'base-url': {
    type: 'string',
    description: 'The hub, instead of --host and --port (default: ARC_BASE_URL, else the nearest pid file)',
    valueHint: 'url',
  },
} as const satisfies ArgsDef

export const hubArguments = {
  ...addressArguments,
  'spool-dir': {
    type: 'string',
    description: `Folder of the file relay, for agents without a network (default ${DEFAULT_SPOOL})`,
    valueHint: 'folder',
  },
  relay: {
    type: 'boolean',
    default: true,
    description: 'Serve the file relay',
    negativeDescription: 'Run without the file relay',
  },
  'request-ttl-sec': {
    type: 'string',
    description: `Seconds after which a relay request is too old to be executed (default ${REQUEST_TTL_SEC})`,
    valueHint: 'number',
  },
  'allow-remote': { type: 'boolean', description: 'Serve other machines too; needs --host 0.0.0.0' },
  'allow-host': {
    type: 'string',
    description: 'A further name that requests may address the hub by; may be repeated',
    valueHint: 'name',
  },
  'max-body-chars': {
    type: 'string',
    description: 'Characters in a message at most (default 128000)',
    valueHint: 'number',
  },
  'max-attachment-chars': {
    type: 'string',
    description: 'Characters in an attachment at most (default 256000)',
    valueHint: 'number',
  },
  'max-attachments': {
    type: 'string',
    description: 'Attachments of a message at most (default 32)',
    valueHint: 'number',
  },
  'loop-guard-channel': {
    type: 'string',
    description:
      'Messages of agents in a channel without a person, then they wake nobody (default 40; 0: never)',
    valueHint: 'number',
  },
  'loop-guard-pair': {
    type: 'string',
    description: 'The same between two agents (default 20; 0: never)',
    valueHint: 'number',
  },
  'presence-ttl-sec': {
    type: 'string',
    description: 'Seconds after which a silent agent is gone (default 120)',
    valueHint: 'number',
  },
  'log-level': {
    type: 'string',
    description: 'trace, debug, info (default), warn, error or silent',
    valueHint: 'level',
  },
} as const satisfies ArgsDef

type Given = Readonly<Record<string, unknown>>

/**
 * The hub that the command line names, or else ARC_BASE_URL.
 * @throws ArcError for a wrong value, and for two names of one hub
 */
export function wantedFrom(given: Given, lowestPort = 1): Wanted {
  const named = addressFrom(given, lowestPort)
  const option = text(given['base-url'], 'base-url')
  const isNamed = Object.values(named).some((value) => value !== undefined)
  if (option !== undefined) {
    if (named.host ?? named.port) throw usageError('--base-url names the hub; leave out --host and --port')
    return { ...named, ...atUrl(address(option, '--base-url')) }
  }
  const { ARC_BASE_URL } = process.env
  if (isNamed || !ARC_BASE_URL) return named
  return { ...atUrl(address(ARC_BASE_URL, 'ARC_BASE_URL')), isByEnvironment: true }
}

/** A believed pid file has an address on the loopback, however the URL spells it. So there the port tells. */
function atUrl(url: string): Wanted {
  const { hostname, port, protocol } = new URL(url)
  return {
    url,
    host: isLoopback(hostname) ? undefined : hostname,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
  }
}

/** The hub that `--host`, `--port` and `--storage` name. Port 0 is only for a hub to be started. */
export function addressFrom(given: Given, lowestPort = 1): Wanted {
  const storage = text(given.storage, 'storage')
  if (storage !== undefined) storageName(storage) // refuses an unusable name before anything happens
  return {
    host: hostOption(given.host, 'host'),
    port: wholeNumber(given.port, 'port', lowestPort, HUB_NUMBERS.port.max),
    storage,
  }
}

export function hubOptionsFrom(given: Given, rawArgs: readonly string[]): HubOptions {
  const { storage, host, port } = addressFrom(given, HUB_NUMBERS.port.min)
  const number = (option: string, { min, max }: Bounds) => wholeNumber(given[option], option, min, max)
  const limits = {
    maxBodyChars: number('max-body-chars', HUB_NUMBERS.maxBodyChars),
    maxAttachmentChars: number('max-attachment-chars', HUB_NUMBERS.maxAttachmentChars),
    maxAttachments: number('max-attachments', HUB_NUMBERS.maxAttachments),
    loopGuardChannel: number('loop-guard-channel', HUB_NUMBERS.loopGuardChannel),
    loopGuardPair: number('loop-guard-pair', HUB_NUMBERS.loopGuardPair),
  }
  const ofProject = defaultStorage()
  const project = isServer(ofProject) ? dirname(folderOf(ofProject)) : projectOf(ofProject)
  const spool = storage === undefined ? join(project, DEFAULT_SPOOL) : DEFAULT_SPOOL
  return {
    host,
    port,
    storagePath: storage ?? ofProject,
    spoolDir: given.relay === false ? undefined : (text(given['spool-dir'], 'spool-dir') ?? spool),
    requestTtlSec: number('request-ttl-sec', HUB_NUMBERS.requestTtlSec),
    allowRemote: given['allow-remote'] === true,
    allowHosts: allowHostsFrom(rawArgs),
    limits: Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)),
    presenceTtlSec: number('presence-ttl-sec', HUB_NUMBERS.presenceTtlSec),
    logLevel: oneOf(given['log-level'], 'log-level', LOG_SETTINGS),
  }
}

function allowHostsFrom(rawArgs: readonly string[]): string[] {
  const names = list(rawArgs, hubArguments, 'allow-host')
  const wrong = names.find((name) => !/^[\w.-]+$/.test(name))
  if (wrong !== undefined)
    throw usageError(
      `--allow-host must be a host name such as my-machine.local, without a port, not "${wrong}"`,
    )
  return names
}
