// What a command does at a hub that speaks version 1 alone.

import { ArcError } from '../protocol/errors.js'

/** The result of a call that needs a feature of our hubs; undefined if the hub does not have it. */
export async function ifSupported<T>(call: Promise<T>): Promise<{ readonly result: T } | undefined> {
  try {
    return { result: await call }
  } catch (error) {
    if (error instanceof ArcError && error.code === 'unsupported') return undefined
    throw error
  }
}
