// A model that follows a script, for the real programs: it speaks the four wire formats that they use, on loopback, and keeps
// every request. A step answers one request that offers tools; the last step repeats. Other requests (titles, probes) get a word.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, inflateSync } from 'node:zlib'

/** `shell` calls the shell tool of the program, `write` its tool that makes a file, `tool` one of Arc's, `text` ends the turn. */
export type Step =
  /** `background`: the program does not wait for the command, and tells its model when it has ended. */
  (
    | { readonly shell: string; readonly background?: true }
    | { readonly write: string }
    | { readonly tool: string; readonly args: object }
    | { readonly text: string }
  ) & { readonly delayMs?: number }

interface Tool {
  readonly name: string
  readonly namespace?: string
  readonly isCustom: boolean
  readonly parameters: {
    readonly properties?: Record<string, { type?: unknown }>
    readonly required?: string[]
  }
}

interface Turn {
  readonly text?: string
  readonly call?: { readonly tool: Tool; readonly args: unknown }
}

type Json = Record<string, unknown>

const SHELLS = [
  'exec_command',
  'shell_command',
  'shell',
  'local_shell',
  'run_shell_command',
  'Bash',
  'bash',
  'exec',
]

const EDITORS = ['Write', 'write_file', 'write', 'create', 'apply_patch']
/** What they write. */
export const CONTENT = 'changed by the model'

export interface ScriptedModel {
  readonly port: number
  /** The texts of the requests that offered tools, in their order. */
  readonly requests: readonly string[]
  /** Arc's tools as the program names them to the model. */
  readonly toolNames: ReadonlySet<string>
  close(): void
}

/** `arrived` is called with the number of each request that offers tools, from 1 on, before it is answered. */
export async function scriptedModel(
  script: readonly Step[],
  arrived: (request: number) => void,
): Promise<ScriptedModel> {
  const requests: string[] = []
  const toolNames = new Set<string>()
  const server = createServer((request, response) => {
    void read(request).then(async (text) => {
      const body = parsed(text)
      const tools = toolsOf(body)
      const isMain = request.method === 'POST' && tools.some(({ name }) => name !== 'respond_in_schema')
      if (!isMain) {
        answer(request, response, body, { text: 'Lab' })
        return
      }
      const step = script[Math.min(requests.push(text), script.length) - 1] as Step
      for (const { name, namespace } of tools)
        if (/(^|[_-])arc_[a-z]+$/.test(name))
          toolNames.add(namespace === undefined ? name : `${namespace} ${name}`)
      arrived(requests.length)
      if (step.delayMs) await new Promise((resolve) => setTimeout(resolve, step.delayMs))
      answer(request, response, body, turnOf(step, tools))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    toolNames,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const encoding = request.headers['content-encoding']
  return (
    encoding === 'gzip' ? gunzipSync(bytes) : encoding === 'deflate' ? inflateSync(bytes) : bytes
  ).toString('utf8')
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return {}
  }
}

/** The offered tools, in any of the four formats. */
function toolsOf({ tools }: Json): Tool[] {
  const found: Tool[] = []
  const add = (given: Json, namespace?: string) => {
    const parameters = (given.parametersJsonSchema ??
      given.parameters ??
      given.input_schema ??
      {}) as Tool['parameters']
    const tool = { name: String(given.name), isCustom: given.type === 'custom', parameters }
    found.push(namespace === undefined ? tool : { ...tool, namespace })
  }
  for (const tool of Array.isArray(tools) ? (tools as Json[]) : []) {
    if (Array.isArray(tool.functionDeclarations))
      for (const one of tool.functionDeclarations) add(one as Json)
    else if (tool.type === 'namespace')
      for (const one of (tool.tools ?? []) as Json[]) add(one, String(tool.name))
    else if (typeof tool.function === 'object') add(tool.function as Json)
    else if (tool.name !== undefined) add(tool)
  }
  return found
}

function turnOf(step: Step, tools: readonly Tool[]): Turn {
  if ('text' in step) return { text: step.text }
  if ('tool' in step) {
    const isIt = ({ name }: Tool) => name === step.tool || new RegExp(`[_-]${step.tool}$`).test(name)
    const tool = tools.find(isIt)
    return tool ? { call: { tool, args: step.args } } : { text: `no ${step.tool} among the tools` }
  }
  if ('write' in step) {
    const tool = EDITORS.map((name) => tools.find((one) => one.name === name)).find(
      (one) => one !== undefined,
    )
    if (!tool) return { text: `no edit tool among ${tools.map(({ name }) => name).join(' ')}` }
    return { call: { tool, args: writing(tool, step.write) } }
  }
  const tool = SHELLS.map((name) => tools.find((one) => one.name === name)).find((one) => one !== undefined)
  if (!tool) return { text: `no shell among ${tools.map(({ name }) => name).join(' ')}` }
  return { call: { tool, args: argumentsOf(tool, step.shell, step.background === true) } }
}

function argumentsOf({ isCustom, parameters }: Tool, command: string, isBackground: boolean): unknown {
  if (isCustom) return command
  const { properties = {}, required = [] } = parameters
  if (properties.cmd) return { cmd: command }
  const isList = /^array$/i.test(String(properties.command?.type))
  return {
    command: isList ? ['bash', '-lc', command] : command,
    ...(properties.description && { description: 'a step of the test' }),
    ...((isBackground || required.includes('is_background')) &&
      properties.is_background && { is_background: isBackground }),
    ...(isBackground && properties.mode && { mode: 'async' }),
    ...(isBackground && properties.run_in_background && { run_in_background: true }),
  }
}

function writing({ name, isCustom, parameters: { properties = {} } }: Tool, path: string): unknown {
  const patch = `*** Begin Patch\n*** Add File: ${path}\n+${CONTENT}\n*** End Patch`
  if (isCustom) return patch
  if (name === 'apply_patch') return { [Object.keys(properties)[0] ?? 'input']: patch }
  const member = (...names: string[]) => names.find((one) => one in properties) ?? (names[0] as string)
  return {
    [member('file_path', 'filePath', 'path')]: path,
    [member('content', 'file_text')]: CONTENT,
  }
}

function answer(request: IncomingMessage, response: ServerResponse, body: Json, turn: Turn): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://model')
  const isStream = body.stream === true
  if (pathname.endsWith('/responses')) responses(response, body, turn, body.stream !== false)
  else if (pathname.endsWith('/chat/completions')) chat(response, body, turn, isStream)
  else if (pathname.endsWith(':streamGenerateContent'))
    gemini(response, turn, searchParams.get('alt') === 'sse')
  else if (pathname.endsWith(':generateContent')) json(response, candidates(turn))
  else if (pathname.endsWith('/messages')) anthropic(response, body, turn, isStream)
  else if (/count_?tokens$/i.test(pathname)) json(response, { input_tokens: 10, totalTokens: 10 })
  else
    json(
      response,
      pathname.endsWith('/models') ? { object: 'list', data: [{ id: 'lab-model', object: 'model' }] } : {},
    )
}

function json(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function events(response: ServerResponse, list: readonly (Json | string)[], isNamed = false): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const one of list) {
    const name = isNamed && typeof one === 'object' ? `event: ${one.type}\n` : ''
    response.write(`${name}data: ${typeof one === 'string' ? one : JSON.stringify(one)}\n\n`)
  }
  response.end()
}

let ids = 0
const newId = (kind: string) => `${kind}_${++ids}`

/** OpenAI Responses. */
function responses(response: ServerResponse, body: Json, { text, call }: Turn, isStream: boolean): void {
  const status = 'completed'
  const item: Json = call
    ? {
        ...(call.tool.isCustom
          ? { type: 'custom_tool_call', input: call.args }
          : { type: 'function_call', arguments: JSON.stringify(call.args) }),
        id: newId('item'),
        call_id: newId('call'),
        name: call.tool.name,
        status,
        ...(call.tool.namespace !== undefined && { namespace: call.tool.namespace }),
      }
    : {
        type: 'message',
        id: newId('msg'),
        role: 'assistant',
        status,
        content: [{ type: 'output_text', text, annotations: [] }],
      }
  const details = {
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  }
  const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15, ...details }
  const done = { id: newId('resp'), object: 'response', status, model: body.model, output: [item], usage }
  if (!isStream) {
    json(response, done)
    return
  }
  const list: Json[] = [
    { type: 'response.created', response: { ...done, status: 'in_progress', output: [], usage: null } },
    {
      type: 'response.output_item.added',
      output_index: 0,
      item: { ...item, ...(text !== undefined && { content: [] }) },
    },
    ...(text === undefined
      ? []
      : [
          {
            type: 'response.output_text.delta',
            item_id: item.id,
            output_index: 0,
            content_index: 0,
            delta: text,
          },
        ]),
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: done },
  ]
  events(
    response,
    list.map((event, sequence_number) => ({ ...event, sequence_number })),
    true,
  )
}

/** OpenAI Chat Completions. */
function chat(response: ServerResponse, body: Json, { text, call }: Turn, isStream: boolean): void {
  const calls = call && [
    {
      id: newId('call'),
      type: 'function',
      function: { name: call.tool.name, arguments: JSON.stringify(call.args) },
    },
  ]
  const finish = calls ? 'tool_calls' : 'stop'
  const base = { id: newId('chatcmpl'), created: 1, model: body.model }
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
  const message = { role: 'assistant', content: text ?? null, ...(calls && { tool_calls: calls }) }
  if (!isStream) {
    const choices = [{ index: 0, message, finish_reason: finish }]
    json(response, { ...base, object: 'chat.completion', choices, usage })
    return
  }
  const chunk = (delta: Json, finish_reason: string | null) => ({
    ...base,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason }],
  })
  const delta = { ...message, ...(calls && { tool_calls: calls.map((one, index) => ({ index, ...one })) }) }
  const end = { ...base, object: 'chat.completion.chunk', choices: [], usage }
  events(response, [chunk(delta, null), chunk({}, finish), end, '[DONE]'])
}

/** Gemini generateContent. */
function candidates({ text, call }: Turn): Json {
  const part = call ? { functionCall: { name: call.tool.name, args: call.args, id: newId('fc') } } : { text }
  return {
    candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    modelVersion: 'scripted',
    responseId: newId('r'),
  }
}

function gemini(response: ServerResponse, turn: Turn, isSse: boolean): void {
  if (isSse) events(response, [candidates(turn)])
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([candidates(turn)]))
}

/** Anthropic Messages. */
function anthropic(response: ServerResponse, body: Json, { text, call }: Turn, isStream: boolean): void {
  const block = call
    ? { type: 'tool_use', id: newId('toolu'), name: call.tool.name, input: call.args }
    : { type: 'text', text }
  const base = { id: newId('msg'), type: 'message', role: 'assistant', model: body.model }
  const stop = { stop_reason: call ? 'tool_use' : 'end_turn', stop_sequence: null }
  const usage = {
    input_tokens: 10,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 5,
  }
  if (!isStream) {
    json(response, { ...base, content: [block], ...stop, usage })
    return
  }
  const empty = call ? { ...block, input: {} } : { type: 'text', text: '' }
  const delta = call
    ? { type: 'input_json_delta', partial_json: JSON.stringify(call.args) }
    : { type: 'text_delta', text }
  const none = { stop_reason: null, stop_sequence: null }
  const list = [
    {
      type: 'message_start',
      message: { ...base, content: [], ...none, usage: { ...usage, output_tokens: 1 } },
    },
    { type: 'content_block_start', index: 0, content_block: empty },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: stop, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ]
  events(response, list, true)
}
