// The room that a test of the client has to itself: a real hub in the test's own folder, clients that
// reach it one way or another, and ways to wait for what happens in it without letting time pass.

import t, { type Test } from 'tap'
import type { Hub, HubOptions } from '../../src/actors/hub.js'
import type { ArcClient, ClientOptions, Message } from '../../src/sdk/index.js'
import { isFull } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { startHub } from '../support/hub.js'
import { newStorage } from '../support/storages.js'

/** One way to a hub. */
export interface Way {
  readonly name: string
  /** `folder`, here and below, is the test's own. */
  connect(to: { hub: Hub; folder: string }, agentId: string, options?: ClientOptions): ArcClient
  /** What a hub needs to be reached this way. */
  hubOptions?(folder: string): Partial<HubOptions>
  /** What has to run between the clients and the hub; resolves with its end. */
  open?(to: { hub: Hub; folder: string }): Promise<() => Promise<void>>
}

export interface Room {
  readonly hub: Hub
  /** A client that is not registered. */
  agent(agentId: string, options?: ClientOptions): ArcClient
  /** Stops the hub and starts one in its place: on the same storage, or on new storage. */
  restart(storage: 'same' | 'new'): Promise<void>
  /** Resolves when so many long-polls wait at the hub. */
  waiting(polls: number): Promise<void>
}

type DefineTest = (name: string, body: (t: Test, room: Room) => Promise<unknown>) => void

/**
 * Defines tests that each have a room of their own. `test` is for what a way has a part in: how requests, refusals and
 * waiting go over it, and what an abort, a close or a restart comes to. `sameByAnyWay` is for what the client does with
 * what has arrived: over HTTP, and by the other ways at full size.
 */
export function testsOver(way: Way): { readonly test: DefineTest; readonly sameByAnyWay: DefineTest } {
  const test: DefineTest = (name, body) => {
    void t.test(`${way.name}: ${name}`, async (t) => {
      await body(t, await openRoom(t, way))
    })
  }
  return { test, sameByAnyWay: way.name === 'http' || isFull ? test : () => {} }
}

async function openRoom(t: Test, way: Way): Promise<Room> {
  const folder = ownFolder(t)
  let storagePath = await newStorage(t)
  const start = (port: number) =>
    startHub({
      storagePath,
      port,
      logLevel: 'silent',
      ...way.hubOptions?.(folder),
    })
  let hub = await start(0)
  const closeWay = await way.open?.({ hub, folder })
  const opened: ArcClient[] = []
  const agent = (agentId: string, options?: ClientOptions) => {
    const client = way.connect({ hub, folder }, agentId, options)
    opened.push(client)
    return client
  }
  // One teardown, so that clients close while there is a hub to hear of it.
  t.teardown(async () => {
    await Promise.all(opened.map((client) => client.close()))
    await closeWay?.()
    await hub.stop()
  })
  const observer = agent('observer')
  return {
    get hub() {
      return hub
    },
    agent,
    restart: async (storage) => {
      await hub.stop()
      if (storage === 'new') storagePath = await newStorage(t)
      hub = await start(hub.port)
    },
    waiting: async (polls) => {
      while ((await observer.status()).waiting_polls !== polls) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
}

export const idsOf = (messages: readonly Message[]) => messages.map((message) => message.id)
