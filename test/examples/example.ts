// An example as its README has it run, and the room that it leaves behind.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { PACKAGE_ROOT } from '../../src/package.js'
import type { Claim, Lock, Message, Receipt, Session, Task } from '../../src/protocol/objects.js'
import { call, Place, Running } from '../support/arc-process.js'

export class Example {
  /** Its lines, each with the agent's name before it. */
  readonly lines: readonly string[]
  /** The folder that the agents have worked in. */
  readonly folder: string
  readonly #url: string

  private constructor(url: string, folder: string, lines: readonly string[]) {
    this.#url = url
    this.folder = folder
    this.lines = lines
  }

  /** Runs it to its end. The hub of its room ends with the test. */
  static async run(t: Test, name: string): Promise<Example> {
    const place = new Place(t)
    const script = fileURLToPath(new URL(`examples/${name}/run.js`, PACKAGE_ROOT))
    const env = { PATH: process.env.PATH ?? '', HOME: place.folder, TMPDIR: place.folder }
    const child = spawn(process.execPath, [script, '--keep'], { cwd: place.folder, env })
    const { status, stdout, stderr } = await new Running(child).finished
    t.equal(status, 0, stderr)
    const url = /^The room is open: (\S+)$/m.exec(stdout)?.[1] ?? ''
    const folder = /cd (\S+) && /.exec(stdout)?.[1] ?? ''
    const lines = stdout.split('\n').map((line) => line.replace(/ *\| /, ': '))
    return new Example(url, folder, lines)
  }

  /** All messages, direct ones too, in the order in which they were stored. */
  async messages(): Promise<Message[]> {
    const found: Message[] = []
    for (let id = 1; ; id++) {
      const message = await call<Message | undefined>(this.#url, `/v1/messages/${id}`)
      if (!message) return found
      found.push(message)
    }
  }

  receipts(id: number): Promise<Receipt[]> {
    return call(this.#url, `/v1/messages/${id}/receipts`)
  }

  tasks(): Promise<Task[]> {
    return call(this.#url, '/v1/tasks')
  }

  locks(): Promise<Lock[]> {
    return call(this.#url, '/v1/locks')
  }

  /** What nobody has let go of, and who is still there: nothing, once an example has ended well. */
  async leftovers(): Promise<unknown[]> {
    const [agents, claims, locks] = await Promise.all([
      call<Session[]>(this.#url, '/v1/agents'),
      call<Claim[]>(this.#url, '/v1/claims?active_only=true'),
      call<Lock[]>(this.#url, '/v1/locks?active_only=true'),
    ])
    return [...agents.map(({ agent_id }) => agent_id), ...claims, ...locks]
  }
}
