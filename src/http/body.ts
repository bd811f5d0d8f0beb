// Reads and parses request bodies (PROTOCOL §1), under caps. An empty body reads as {}. Any other body must be UTF-8, JSON
// and an object.

import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ArcError, invalid } from '../protocol/errors.js'
import { readJson } from '../protocol/json.js'

const NOTHING = Buffer.alloc(0)
/** A body with more bytes is a large one. */
const LARGE_BYTES = 64 * 1024
/**
 * The most bytes of large bodies in progress, from their first byte to their answer. On its way to the storage a body is in
 * memory three or four times: 200 of the largest at once exceed the memory of the gateway's thread.
 */
const MAX_LARGE_BYTES = 64 * 1024 * 1024

export class Bodies {
  readonly #maxBytes: number
  readonly #maxLargeBytes: number
  /** Bytes of the large bodies in progress. */
  #largeBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#maxLargeBytes = Math.max(MAX_LARGE_BYTES, maxBytes)
  }

  /**
   * Reads the whole body and calls `read`. Or calls `refused` with an ArcError: `body_too_large` as soon as the body is known
   * to be too large, `overloaded` while too many large bodies are in progress, or for a broken connection. It then drops the
   * rest of the body, so the connection must close after the answer. `expectsContinue`: the client waits for "100 Continue".
   */
  read(
    request: IncomingMessage,
    response: ServerResponse,
    read: (body: Buffer) => void,
    refused: (error: unknown) => void,
    expectsContinue = false,
  ): void {
    if (Number(request.headers['content-length'] ?? 0) > this.#maxBytes) {
      refused(this.#tooLarge())
      return
    }
    if (expectsContinue) response.writeContinue()
    let chunks: Buffer[] = []
    let bytes = 0
    let heldBytes = 0
    let isOver = false
    const end = () => {
      isOver = true
      chunks = []
      this.#largeBytes -= heldBytes
      heldBytes = 0
    }
    const refuse = (error: unknown) => {
      if (isOver) return
      end()
      refused(error)
    }
    const hold = () => {
      if (heldBytes === 0) response.once('close', end)
      this.#largeBytes += bytes - heldBytes
      heldBytes = bytes
      if (this.#largeBytes > this.#maxLargeBytes) refuse(overloaded())
    }
    request.on('data', (chunk: Buffer) => {
      if (isOver) return
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > this.#maxBytes) refuse(this.#tooLarge())
      else if (bytes > LARGE_BYTES) hold()
    })
    request.on('end', () => {
      if (isOver) return
      isOver = true
      const [first = NOTHING] = chunks
      read(chunks.length > 1 ? Buffer.concat(chunks) : first)
    })
    request.on('error', refuse)
  }

  #tooLarge(): ArcError {
    return new ArcError('body_too_large', `the request body must be at most ${this.#maxBytes} bytes`)
  }
}

function overloaded(): ArcError {
  return new ArcError('overloaded', 'the hub is busy with other large requests; try again later')
}

/** @throws ArcError 400 when the bytes are not a JSON object in UTF-8 */
export function parseBody(bytes: Buffer): Record<string, unknown> {
  if (bytes.length === 0) return {}
  if (!isUtf8(bytes))
    throw invalid(`the request body must be ${isUtf16(bytes) ? 'UTF-8; it is UTF-16' : 'valid UTF-8'}`)
  const value = readJson(bytes.toString('utf8'), 'the request body')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('the request body must be a JSON object')
  }
  return value as Record<string, unknown>
}

/** Whether the bytes begin with UTF-16's byte order mark, which is never valid UTF-8. */
function isUtf16(bytes: Buffer): boolean {
  const mark = bytes.length > 1 ? bytes.readUInt16LE(0) : 0
  return mark === 0xfeff || mark === 0xfffe
}
