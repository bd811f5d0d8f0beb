// The table of docs/SDK.md: each endpoint with the methods that use it, and their signatures from the compiled types. A test
// compares it with the file; run as a program (`npm run docs`) it writes the file.

import { readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { ROUTES } from '../support/route-fields.js'

const FILE = new URL('../../../docs/SDK.md', import.meta.url)
const TYPES = ['client', 'reading', 'holding', 'working'].map(
  (name) => new URL(`../../src/sdk/${name}.d.ts`, import.meta.url),
)
const [BEGIN, END] = ['<!-- endpoints: npm run docs -->', '<!-- /endpoints -->']
/** A declaration ends on its line, or on the line that closes the type of its result. */
const METHOD = /^ {4}(?:static )?([a-z][A-Za-z]*)(?:<[A-Z]>)?\((?:.*;$|.*\{$[^}]*^ {4}\}.*;$)/gm

/** The methods that use an endpoint, or why there is none. */
export const ENDPOINTS: Readonly<Record<string, readonly string[] | string>> = {
  'GET /': 'a page for a browser',
  'GET /v1/hub-info': ['hubInfo'],
  'GET /v1/status': ['status'],
  'POST /v1/sessions': ['register', 'quickstart', 'whoami'],
  'POST /v1/sessions/:agent_id/rename': ['rename'],
  'POST /v1/sessions/:agent_id/alive': 'an open client calls it by itself',
  'DELETE /v1/sessions/:session_id': ['close'],
  'GET /v1/agents': ['listAgents'],
  'GET /v1/agents/:agent_id': ['agent'],
  'GET /v1/bootstrap': ['bootstrap'],
  'GET /v1/channels': ['listChannels'],
  'POST /v1/channels': ['createChannel'],
  'POST /v1/messages': ['post', 'dm', 'createTask', 'call', 'serve'],
  'GET /v1/messages': ['listMessages'],
  'GET /v1/messages/:id': ['message'],
  'GET /v1/messages/:id/receipts': ['receipts'],
  'POST /v1/messages/:id/ack': ['ack'],
  'GET /v1/undelivered': ['undelivered'],
  'GET /v1/mailboxes/:agent_id': ['mailbox'],
  'GET /v1/mailboxes/:agent_id/wake': ['wake'],
  'POST /v1/hooks/claude/:agent_id': 'Claude Code calls it by itself',
  'GET /v1/held-wakes': ['heldWakes'],
  'POST /v1/mailboxes/:agent_id/offer': ['poll', 'messages', 'onMessage', 'offer'],
  'POST /v1/mailboxes/:agent_id/shown': 'a client that reads its mailbox says it by itself',
  'GET /v1/events': ['poll', 'messages'],
  'GET /v1/stream': ['changes'],
  'GET /v1/inbox/:agent_id': ['inbox'],
  'GET /v1/threads': ['listThreads'],
  'GET /v1/threads/:thread_id': ['getThread'],
  'GET /v1/claims': ['listClaims'],
  'POST /v1/claims': ['claim'],
  'POST /v1/claims/refresh': ['refreshClaim'],
  'POST /v1/claims/release': ['release'],
  'GET /v1/locks': ['listLocks'],
  'POST /v1/locks': ['lock', 'withLock'],
  'POST /v1/locks/refresh': ['refreshLock'],
  'POST /v1/locks/release': ['unlock'],
  'GET /v1/scopes': ['listScopes'],
  'POST /v1/scopes': ['scope'],
  'POST /v1/scopes/refresh': ['refreshScope'],
  'POST /v1/scopes/release': ['releaseScope'],
  'GET /v1/slots': ['listSlots'],
  'POST /v1/slots/:name': ['slot'],
  'POST /v1/slots/:name/refresh': ['refreshSlot'],
  'POST /v1/slots/:name/release': ['releaseSlot'],
  'GET /v1/tasks': ['listTasks'],
  'POST /v1/tasks/next': ['nextTask'],
  'POST /v1/tasks/:task_id/complete': ['completeTask'],
  'POST /v1/tasks/:task_id/reopen': ['reopenTask'],
  'POST /v1/tasks/:task_id/assign': ['assignTask'],
  'GET /v1/shutdown': "the person's, by the page or `arc stop`",
  'POST /v1/shutdown': "the person's, by the page or `arc stop`",
  'POST /v1/shutdown/cancel': "the person's, by the page",
  'POST /v1/network': "the person's, by the page",
}

/** Public methods with their signatures, as the types have them. */
export function signatures(): Map<string, string> {
  const found = new Map<string, string>()
  for (const file of TYPES) {
    for (const [line, name] of readFileSync(file, 'utf8').matchAll(METHOD)) {
      if (name !== 'constructor') found.set(name as string, shortened(line))
    }
  }
  return found
}

/** Patterns of destructured options become the name `given`. */
function shortened(line: string): string {
  return line
    .trim()
    .replace(/;$/, '')
    .replace(/\(\{[^}]*\}(\??):/g, '(given$1:')
    .replace(/, \{[^}]*\}(\??):/g, ', given$1:')
    .replace(/\s+/g, ' ')
    .replaceAll('options.', '')
}

export function table(): string {
  const known = signatures()
  const rows = ROUTES.map(({ method, path }) => {
    const route = `${method} ${path}`
    const uses = ENDPOINTS[route] ?? '**none**'
    const what =
      typeof uses === 'string'
        ? `none: ${uses}`
        : uses
            .map((name) => `\`${(known.get(name) ?? `${name}: missing`).replaceAll('|', '\\|')}\``)
            .join('<br>')
    return `| \`${route.replaceAll(/:(\w+)/g, '{$1}')}\` | ${what} |`
  })
  return ['| Endpoint | Method of `ArcClient` |', '|---|---|', ...rows].join('\n')
}

/** The file as it is, and as it should be. */
export function compare(): { readonly is: string; readonly shouldBe: string } {
  const is = readFileSync(FILE, 'utf8')
  const [head = '', rest = ''] = is.split(BEGIN)
  const tail = rest.split(END)[1] ?? ''
  return { is, shouldBe: `${head}${BEGIN}\n\n${table()}\n\n${END}${tail}` }
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FILE, compare().shouldBe)
