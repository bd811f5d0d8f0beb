// Connections by Node's own HTTP client, for a command that sends one or two requests. Loading undici would take longer
// than the rest of such a command.

import { Agent, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { urlToHttpOptions } from 'node:url'
import { CONNECT_TIMEOUT_CODE, type Connect, type RawAnswer, TIMEOUT_CODES } from './connections.js'

export const plainConnections: Connect = (origin, connectTimeoutMs) => {
  const at = urlToHttpOptions(new URL(origin))
  const isSecure = at.protocol === 'https:'
  const opening = isSecure ? openSecure() : Promise.resolve({ request: requestHttp, agent: newAgent(Agent) })
  const underWay = new Set<(error: Error) => void>()
  let destroyed: Error | undefined
  return {
    exchange: async ({ method, path, headers, body, timeoutMs, signal }) => {
      const { request, agent } = await opening
      if (destroyed) throw destroyed
      return new Promise<RawAnswer>((resolve, reject) => {
        const what: RequestOptions = { method, path, headers: { ...headers, ...length(body) } }
        const call = request({ ...at, ...what, agent, ...(signal && { signal }) })
        const end = (error: Error) => call.destroy(error)
        const late = (code: string | undefined) =>
          end(Object.assign(new Error('no answer in time'), { code }))
        const connecting = setTimeout(late, connectTimeoutMs, CONNECT_TIMEOUT_CODE)
        const settled = (settle: () => void) => {
          clearTimeout(connecting)
          underWay.delete(end)
          settle()
        }
        underWay.add(end)
        call.once('socket', (socket) => {
          const connected = () => clearTimeout(connecting)
          if (socket.connecting) socket.once(isSecure ? 'secureConnect' : 'connect', connected)
          else connected()
        })
        call.setTimeout(timeoutMs, () => late(TIMEOUT_CODES[0]))
        call.once('error', (error) => settled(() => reject(error)))
        call.once('response', (response) => {
          read(response).then(
            (answer) => settled(() => resolve(answer)),
            (error) => settled(() => reject(error)),
          )
        })
        call.end(body ?? undefined)
      })
    },
    destroy: async (error) => {
      destroyed = error
      for (const end of underWay) end(error)
      ;(await opening).agent.destroy()
    },
  }
}

async function openSecure() {
  const { Agent, request } = await import('node:https')
  return { request, agent: newAgent(Agent) }
}

function newAgent<T extends Agent>(Kind: new (options: { keepAlive: boolean }) => T): T {
  return new Kind({ keepAlive: true })
}

function length(body: string | null): Record<string, string> {
  return body === null ? {} : { 'content-length': `${Buffer.byteLength(body)}` }
}

/** By events: a loop over the stream would load more of Node. */
function read(response: IncomingMessage): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (part: string) => {
      text += part
    })
    response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    response.once('error', reject)
    response.once('close', () => {
      if (!response.complete) reject(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
    })
  })
}
