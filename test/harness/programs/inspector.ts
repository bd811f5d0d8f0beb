// The inspector of the Model Context Protocol, as a program of its own: it lists Arc's tools, and calls each of them.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { ArcClient } from '../../../src/sdk/index.js'
import { ARC } from './stage.js'

export const INSPECTOR = {
  harness: 'inspector',
  title: 'MCP inspector',
  packageName: '@modelcontextprotocol/inspector',
  version: '2.12.0',
} as const

const AGENT = 'bob'

interface Listed {
  readonly tools: readonly { name: string; annotations: object }[]
}

/** What was called, and what failed. @throws Error if the tools can't be listed */
export async function inspected(installed: string): Promise<{ called: string[]; failed: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'arc-inspector-'))
  const work = join(folder, 'work')
  mkdirSync(work)
  const env = { PATH: `${join(execPath, '..')}:/usr/bin:/bin`, HOME: folder, DO_NOT_TRACK: '1' }
  const options = { cwd: work, env, encoding: 'utf8', stdio: 'pipe' } as const
  const program = join(installed, 'node_modules/.bin/mcp-inspector')
  const inspect = <T>(method: string, ...more: string[]): T => {
    const args = ['--cli', execPath, ARC, 'mcp', '--agent', AGENT, '--method', method, ...more]
    return JSON.parse(execFileSync(execPath, [program, ...args], options)) as T
  }
  const { url } = JSON.parse(execFileSync(execPath, [ARC, 'ensure'], options)) as { url: string }
  const alice = await ArcClient.quickstart('alice', { baseUrl: url })
  const bob = await ArcClient.quickstart(AGENT, { baseUrl: url })
  try {
    const question = await alice.post('Which parser?', {
      to: AGENT,
      kind: 'task_request',
      threadId: 'parser',
    })
    await alice.createTask('count the files')
    // The session is bob's own, so a lock outlives the server of one call.
    const calls: Readonly<Record<string, readonly string[]>> = {
      arc_who: ['agent=alice'],
      arc_inbox: ['limit=5'],
      arc_post: ['text=hello', 'to=alice'],
      arc_ask: ['to=alice', 'text=Are you there?', 'wait=0'],
      arc_reply: [`id=${question.id}`, 'text=The new one.'],
      arc_message: [`id=${question.id}`],
      arc_hold: ['lock=src/parser.ts'],
      arc_release: ['lock=src/parser.ts'],
      arc_tasks: ['action=next'],
      arc_thread: ['id=parser'],
    }
    const names = inspect<Listed>('tools/list').tools.map(({ name }) => name)
    const failed = Object.keys(calls).filter((name) => !names.includes(name))
    for (const name of names) {
      const args = (calls[name] ?? []).flatMap((one) => ['--tool-arg', one])
      const { isError, content } = inspect<{ isError?: boolean; content: { text: string }[] }>(
        'tools/call',
        ...['--tool-name', name, ...args],
      )
      if (isError || !calls[name]) failed.push(`${name}: ${content[0]?.text}`)
    }
    return { called: names, failed }
  } finally {
    await bob.close()
    await alice.close()
    execFileSync(execPath, [ARC, 'stop'], options)
    rmSync(folder, { recursive: true, force: true })
  }
}
