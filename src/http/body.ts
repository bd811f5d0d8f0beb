// Reads a request's body under a cap, and parses it as PROTOCOL §1 asks: empty reads as {}, anything else
// must be UTF-8, JSON and an object.

import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { ArcError, invalid } from '../protocol/errors.js'

const NOTHING = Buffer.alloc(0)

/**
 * Reads the whole body, and tells `read`; or `refused` of an ArcError `body_too_large`, as soon as it is known to
 * exceed `maxBytes`, or of a connection that broke. The rest is thrown away then, so the connection has to be closed
 * after the answer.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  read: (body: Buffer) => void,
  refused: (error: unknown) => void,
): void {
  const tooLarge = () => new ArcError('body_too_large', `the request body must be at most ${maxBytes} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
    refused(tooLarge())
    return
  }
  const chunks: Buffer[] = []
  let bytes = 0
  let isOver = false
  const refuse = (error: unknown) => {
    if (isOver) return
    isOver = true
    refused(error)
  }
  request.on('data', (chunk: Buffer) => {
    if (isOver) return
    bytes += chunk.length
    if (bytes > maxBytes) refuse(tooLarge())
    else chunks.push(chunk)
  })
  request.on('end', () => {
    if (isOver) return
    isOver = true
    const [first = NOTHING] = chunks
    read(chunks.length > 1 ? Buffer.concat(chunks) : first)
  })
  request.on('error', refuse)
}

/** @throws ArcError 400 when the bytes are not a JSON object in UTF-8 */
export function parseBody(bytes: Buffer): Record<string, unknown> {
  if (bytes.length === 0) return {}
  if (!isUtf8(bytes)) throw invalid('the request body must be valid UTF-8')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw invalid(`the request body must be valid JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('the request body must be a JSON object')
  }
  return value as Record<string, unknown>
}
