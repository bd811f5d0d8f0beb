// Posts the messages that others wait for, over a connection that is open before the measurement.

import { Client } from 'undici'

export class Poster {
  readonly #client: Client

  constructor(url: string) {
    this.#client = new Client(url)
  }

  /** The result of a GET. @throws Error for anything but a success */
  async get<T>(path: string): Promise<T> {
    const { statusCode, body } = await this.#client.request({ method: 'GET', path })
    return resultOf<T>(`GET ${path}`, statusCode, await body.text())
  }

  /** Posts a broadcast; returns its id. @throws Error for anything but a success */
  async post(text: string): Promise<number> {
    const path = '/v1/messages'
    const { statusCode, body } = await this.#client.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ from_agent: 'bench', channel: 'general', body: text }),
    })
    return resultOf<{ id: number }>(`POST ${path}`, statusCode, await body.text()).id
  }

  /** The latest message's id. */
  async latestId(): Promise<number> {
    const { latest_visible_id } = await this.get<{ latest_visible_id: number }>(
      '/v1/bootstrap?agent_id=bench',
    )
    return latest_visible_id
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

function resultOf<T>(what: string, status: number, text: string): T {
  if (status >= 300) throw new Error(`${what}: ${status} ${text.slice(0, 200)}`)
  return (JSON.parse(text) as { result: T }).result
}
