// Connections by an undici pool: keep-alive, and one connection for each request in progress, so that a long-poll never
// holds up a post. The first request loads undici, since that takes longer than loading the rest of the SDK.

import type { Pool } from 'undici'
import type { Connect, RawRequest } from './connections.js'

export const pooledConnections: Connect = (origin, connectTimeoutMs) => {
  let opening: Promise<Pool> | undefined
  let destroyed: Error | undefined
  async function open(): Promise<Pool> {
    const { Pool } = await import('undici')
    return new Pool(origin, { connect: { timeout: connectTimeoutMs } })
  }
  async function send({ timeoutMs, ...request }: RawRequest) {
    opening ??= open()
    const pool = await opening
    if (destroyed) throw destroyed
    return pool.request({
      ...(request as typeof request & { method: 'GET' }),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
  }
  return {
    exchange: async (request) => {
      const { statusCode, headers, body } = await send(request)
      return { status: statusCode, headers, text: await body.text() }
    },
    open: async (request) => {
      const { statusCode, headers, body } = await send(request)
      return { status: statusCode, headers, body }
    },
    destroy: async (error) => {
      destroyed = error
      await (await opening)?.destroy(error)
    },
  }
}
