// In place of a coding program with a model: an MCP client that calls the tools of `arc mcp` as a model would.

import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

const server = new StdioClientTransport({
  command: 'arc',
  args: ['mcp', '--agent', 'mia'],
  env: { PATH: process.env.PATH },
})
const client = new Client({ name: 'a-coding-program', version: '1.0.0' })
await client.connect(server)

async function tool(name, input) {
  const { content } = await client.callTool({ name, arguments: input })
  console.log(`${name}: ${content[0].text.split('\n').at(-1)}`)
  return content[0].text
}

await tool('arc_hold', { lock: 'src/errors.ts', wait: 10 })
const task = await tool('arc_tasks', { action: 'next', wait: 10 })
const id = Number(task.match(/#(\d+)/)[1])
await tool('arc_ask', { to: 'sam', text: 'Capitals or camel case?' })
await tool('arc_tasks', { action: 'done', id, text: 'All in capitals.' })
await tool('arc_release', { lock: 'src/errors.ts' })

await client.close()
