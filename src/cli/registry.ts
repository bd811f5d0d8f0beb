// Which commands there are, by name, and how each is loaded: only the one that runs is. A name of two words is a verb of a noun,
// as in `arc channel create`.

import type { Commands, Entry } from './command.js'

/** The headings of `arc --help`, and the commands below each. */
export const GROUPS = {
  Commands: {
    ensure: {
      load: () => import('./commands/ensure.js'),
      summary: 'start a hub in the background unless one is running',
    },
    stop: { load: () => import('./commands/stop.js'), summary: 'stop the hub and wait until it is gone' },
    reset: { load: () => import('./commands/reset.js'), summary: 'stop the hub and delete its database' },
    serve: { load: () => import('./commands/hub.js'), summary: 'run the hub in the foreground' },
    status: { load: () => import('./commands/status.js'), summary: 'show which hub runs where' },
    open: { load: () => import('./commands/open.js'), summary: 'show the dashboard in your browser' },
    logs: { load: () => import('./commands/logs.js'), summary: 'show the log of the background hub' },
    export: { load: () => import('./commands/export.js'), summary: 'write the room into a file' },
    import: {
      load: () => import('./commands/import.js'),
      summary: 'read a room from a file into a new storage',
    },
  },
  Messages: {
    whoami: {
      load: () => import('./commands/whoami.js'),
      summary: 'register as an agent and show what it sees',
    },
    post: { load: () => import('./commands/post.js'), summary: 'post a message as an agent' },
    poll: {
      load: () => import('./commands/poll.js'),
      summary: 'read what is new for an agent, or wait for it',
    },
    wait: {
      load: () => import('./commands/wait.js'),
      summary: 'wait until something for the agent is there',
    },
    inbox: { load: () => import('./commands/inbox.js'), summary: 'show what is for the agent and unread' },
    reply: { load: () => import('./commands/reply.js'), summary: 'answer a message' },
    ack: { load: () => import('./commands/ack.js'), summary: 'acknowledge a message' },
    message: { load: () => import('./commands/message.js'), summary: 'show one message whole' },
    receipts: {
      load: () => import('./commands/receipts.js'),
      summary: 'show how far a message has come to whom',
    },
    undelivered: {
      load: () => import('./commands/undelivered.js'),
      summary: 'show what nobody has read yet of what the agent sent',
    },
    call: { load: () => import('./commands/call.js'), summary: 'ask another agent and wait for its answer' },
    tail: {
      load: () => import('./commands/tail.js'),
      summary: 'show the last messages; -f follows the room',
    },
  },
  'The room': {
    leave: { load: () => import('./commands/leave.js'), summary: "end the agent's session" },
    agents: { load: () => import('./commands/agents.js'), summary: 'show who is here' },
    'wake-test': {
      load: () => import('./commands/wake-test.js'),
      summary: 'prove that a message reaches an agent, and by what way',
    },
    agent: { load: () => import('./commands/agent.js'), summary: 'show one agent whole' },
    resume: {
      load: () => import('./commands/resume.js'),
      summary: 'show what the agent has to know to go on',
    },
    channels: { load: () => import('./commands/channels.js'), summary: 'show the channels' },
    'channel create': {
      load: () => import('./commands/channel-create.js'),
      summary: 'create a channel',
    },
    thread: {
      load: () => import('./commands/thread.js'),
      summary: 'show a thread with all that is in it',
    },
  },
  Work: {
    tasks: { load: () => import('./commands/tasks.js'), summary: 'show the tasks' },
    'task add': { load: () => import('./commands/task-add.js'), summary: 'post a task' },
    'task next': { load: () => import('./commands/task-next.js'), summary: 'take the next task' },
    'task done': { load: () => import('./commands/done.js'), summary: 'complete a task' },
    'task reopen': { load: () => import('./commands/task-reopen.js'), summary: 'open a done task again' },
    'task assign': { load: () => import('./commands/task-assign.js'), summary: 'give a task to an agent' },
    done: { load: () => import('./commands/done.js'), summary: 'complete a task, like arc task done' },
    claim: { load: () => import('./commands/claim.js'), summary: 'take a claim, or see who has it' },
    release: { load: () => import('./commands/release.js'), summary: 'release a claim' },
    lock: { load: () => import('./commands/lock.js'), summary: 'lock a file, or see who has it' },
    unlock: { load: () => import('./commands/unlock.js'), summary: 'release a lock' },
    scope: { load: () => import('./commands/scope.js'), summary: 'take all paths that globs match' },
    holds: { load: () => import('./commands/holds.js'), summary: 'show what is held, and by whom' },
    run: { load: () => import('./commands/run.js'), summary: 'hold a lock while a command runs' },
  },
  'Coding programs': {
    setup: {
      load: () => import('./commands/setup.js'),
      summary: 'let Claude Code, Codex and others hear the room',
    },
    doctor: {
      load: () => import('./commands/doctor.js'),
      summary: 'show what is still missing for these programs',
    },
    prompt: {
      load: () => import('./commands/prompt.js'),
      summary: 'print instructions for an agent without hooks',
    },
    hook: { load: () => import('./commands/hook.js'), summary: 'what such a program calls; it never fails' },
    mcp: {
      load: () => import('./commands/mcp.js'),
      summary: 'serve the room as MCP tools on standard input and output',
    },
  },
  'Proofs and relays': {
    relay: {
      load: () => import('./commands/relay.js'),
      summary: 'serve a folder in front of any hub, for agents without a network',
    },
    smoke: {
      load: () => import('./commands/smoke.js'),
      summary: 'prove that agents reach each other by HTTP and by files',
    },
    'smoke-agent': {
      load: () => import('./commands/smoke-agent.js'),
      summary: 'play one role of the smoke run',
    },
    completion: {
      load: () => import('./commands/completion.js'),
      summary: 'print what makes a shell complete arc',
    },
    bench: {
      load: () => import('./commands/bench.js'),
      summary: 'measure a hub beside bare baselines of the same work',
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Entry>>>>

export const COMMANDS: Commands = new Map(
  Object.values(GROUPS).flatMap((group: Readonly<Record<string, Entry>>) => Object.entries(group)),
)

export const HUB: Entry = {
  load: () => import('./commands/hub.js'),
  summary: 'run the hub in the foreground',
}

/** The name of the command at the beginning of the line, of one word or two. */
export function commandAt([first = '', second = '']: readonly string[]): string | undefined {
  return [`${first} ${second}`, first].find((name) => COMMANDS.has(name))
}

/** The verbs of a noun that is no command by itself. */
export function verbsOf(noun: string): string[] {
  return [...COMMANDS.keys()].filter((name) => name.startsWith(`${noun} `))
}
