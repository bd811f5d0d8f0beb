// The whole system on one screen: the actors, their configurations, and their links.
//
//   supervisor (main thread)
//     ├─ storage   owns the database; makes everything durable; publishes the feed
//     ├─ gateway   owns the listening socket; parks requests that wait      gateway ─▶ storage
//     └─ relay     owns the spool; parks request files that wait            relay ─▶ storage

import { crypto } from '../crypto.js'
import type { HubProcess } from '../dispatch/hub-info.js'
import { type Entered, enterSpool } from '../fsqueue/spool.js'
import type { Limits } from '../protocol/limits.js'
import type { GatewayConfig, GatewayInfo } from './gateway.actor.js'
import type { RelayConfig } from './relay.actor.js'
import type { ChildSpec } from './runtime/supervisor.js'
import type { StorageConfig, StorageInfo } from './storage.actor.js'
import { usingSpool } from './using-spool.js'

export interface TreeOptions {
  readonly storagePath: string
  readonly port: number
  readonly limits: Limits
  readonly presenceTtlSec: number
  readonly allowRemote: boolean
  readonly allowHosts: readonly string[]
  readonly hubProcess: HubProcess
  /** Absent: no file relay. */
  readonly relay?: Pick<RelayConfig, 'spoolDir' | 'requestTtlSec' | 'watch'> | undefined
}

export function tree(options: TreeOptions): ChildSpec[] {
  const { relay } = options
  const hubId = once(() => crypto().randomUUID()) // when the threads load: crypto takes a moment
  return [
    {
      name: 'storage',
      entry: new URL('./storage.actor.js', import.meta.url),
      config: (infoOf): StorageConfig => ({
        ...pick(options, 'storagePath', 'presenceTtlSec', 'allowRemote'),
        hubId: hubId(),
        expectedInstanceId: (infoOf('storage') as StorageInfo | undefined)?.instanceId,
      }),
      links: [],
    },
    {
      name: 'gateway',
      entry: new URL('./gateway.actor.js', import.meta.url),
      config: (infoOf): GatewayConfig => ({
        ...pick(options, 'allowHosts', 'limits', 'presenceTtlSec', 'hubProcess'),
        instanceId: (infoOf('storage') as StorageInfo).instanceId,
        // A restarted gateway listens on its former port, which its clients know.
        port: (infoOf('gateway') as GatewayInfo | undefined)?.port ?? options.port,
      }),
      links: ['storage'],
      maxYoungHeapMb: 24, // a request in progress is some 10 KB, and a collection copies it
    },
    ...(relay ? [relaySpec(options, relay)] : []),
  ]
}

/** The hub answers requests before its relay has started, so it enters the spool itself, which tells whether it can be used. */
function relaySpec(options: TreeOptions, relay: NonNullable<TreeOptions['relay']>): ChildSpec {
  const { spoolDir: spool } = relay
  let entered: Entered | undefined
  return {
    name: 'relay',
    entry: new URL('./relay.actor.js', import.meta.url),
    config: (infoOf, isFirst): RelayConfig => {
      const { instanceId } = infoOf('storage') as StorageInfo
      entered = isFirst
        ? (entered ?? usingSpool(spool, () => enterSpool({ spool, state: instanceId })))
        : undefined
      return {
        ...relay,
        ...pick(options, 'limits', 'presenceTtlSec', 'hubProcess'),
        instanceId,
        entered,
      }
    },
    links: ['storage'],
    inBackground: true,
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

function pick<T, K extends keyof T>(from: T, ...keys: K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>
}
