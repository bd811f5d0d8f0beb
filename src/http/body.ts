// Reads a request's body under a cap, and parses it as PROTOCOL §1 asks: empty reads as {}, anything else
// must be UTF-8, JSON and an object.

import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { ArcError, invalid } from '../protocol/errors.js'

const NOTHING = Buffer.alloc(0)

/**
 * The whole body.
 * @throws ArcError `body_too_large` as soon as it is known to exceed `maxBytes`; the rest stays unread, so
 * the connection has to be closed after the answer
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => new ArcError('body_too_large', `the request body must be at most ${maxBytes} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBytes) {
        chunks.push(chunk)
        return
      }
      request.removeAllListeners('data')
      request.pause()
      reject(tooLarge())
    })
    request.on('end', () =>
      resolve(
        chunks.length === 1 ? (chunks[0] as Buffer) : chunks.length === 0 ? NOTHING : Buffer.concat(chunks),
      ),
    )
    request.on('error', reject)
  })
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
