// An undici pool: keep-alive, and as many connections as there are requests under way, so that a parked long-poll
// never holds up a post. undici is loaded with the first request: it takes longer than all the rest of the SDK.

import type { Pool } from 'undici'
import type { Connect } from './connections.js'

export const pooledConnections: Connect = (origin, connectTimeoutMs) => {
  let opening: Promise<Pool> | undefined
  let destroyed: Error | undefined
  async function open(): Promise<Pool> {
    const { Pool } = await import('undici')
    return new Pool(origin, { connect: { timeout: connectTimeoutMs } })
  }
  return {
    exchange: async ({ timeoutMs, ...request }) => {
      opening ??= open()
      const pool = await opening
      if (destroyed) throw destroyed
      const { statusCode, headers, body } = await pool.request({
        ...(request as typeof request & { method: 'GET' }),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      })
      return { status: statusCode, headers, text: await body.text() }
    },
    destroy: async (error) => {
      destroyed = error
      await (await opening)?.destroy(error)
    },
  }
}
