// A client for one test, and what a promise fails with.

import type { Test } from 'tap'
import { ArcClient, ArcError, type ClientOptions } from '../../src/sdk/index.js'

export function client(t: Test, baseUrl: string, options: ClientOptions = {}): ArcClient {
  const made = new ArcClient('me', { baseUrl, ...options })
  t.teardown(() => made.close())
  return made
}

export async function failure(promise: Promise<unknown>): Promise<ArcError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof ArcError) return error
    throw error
  }
  throw new Error('it did not fail')
}
