// What `arc post` takes: a text, a pipe, files; and whom it refuses to write to.

import { mkdirSync, writeFileSync } from 'node:fs'
import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { json, Place } from '../support/arc-process.js'
import { startV1Hub } from '../support/v1-hub.js'

const place = new Place(t)
await place.ensure(['--port', '0', '--no-relay'])
const post = (...args: string[]) => place.arc(['post', '--agent', 'me', ...args])
/** Runs a line of a shell; `arc` is this one. */
const shell = (line: string) =>
  place.arc(['post', '--agent', 'me'], { prefix: ['sh', '-c', line.replaceAll('arc post', '"$@"'), 'sh'] })

t.test('a pipe or a file of the shell is read where no text is given', async (t) => {
  t.equal(json<Message>(await shell("printf 'line 1\\nline 2\\n' | arc post")).body, 'line 1\nline 2\n')
  t.equal(json<Message>(await shell('echo from a dash | arc post -')).body, 'from a dash\n')
  writeFileSync(place.path('log'), 'of a file\n')
  t.equal(json<Message>(await shell('arc post <log')).body, 'of a file\n')
  t.equal(json<Message>(await shell('echo ignored | arc post "a text"')).body, 'a text', 'a text goes first')
})

t.test('an empty pipe, a closed input and no input are a mistake', async (t) => {
  t.match(await shell(': | arc post'), {
    status: 2,
    stderr: /standard input must not be empty; see arc post --help/,
  })
  t.match(await shell('arc post </dev/null'), { status: 2, stderr: /TEXT is required/ })
  t.match(await shell('arc post <&-'), { status: 2, stderr: /TEXT is required/ })
  t.match(
    await post(),
    { status: 2, stderr: /TEXT is required/ },
    'an input that stays open is not waited for',
  )
})

t.test('--file is the text', async (t) => {
  writeFileSync(place.path('plan.md'), '# Plan\n')
  t.equal(json<Message>(await post('--file', 'plan.md')).body, '# Plan\n')
  t.match(await post('--file', 'plan.md', 'text'), { status: 2, stderr: /give TEXT or --file, not both/ })
  t.match(await post('--file', 'nowhere'), { status: 2, stderr: /nowhere can't be read: ENOENT/ })
  writeFileSync(place.path('binary'), Buffer.from([0xff, 0xfe, 0]))
  t.match(await post('--file', 'binary'), {
    status: 2,
    stderr: /binary is no text in UTF-8; give a file with --attach/,
  })
})

t.test('leaving by a name that is not here says so', async (t) => {
  t.match(await place.arc(['leave', '--agent', 'neverwas']), {
    status: 0,
    stderr: /^arc: no agent of that name is here, and it holds nothing/,
  })
  await place.arc(['lock', '--agent', 'was', 'held.ts'])
  t.match(await place.arc(['leave', '--agent', 'was']), { status: 0, stderr: '' })
})

t.test('asking, and giving a task to, a name that no agent has had says so at once', async (t) => {
  const asked = await place.arc(['call', '--agent', 'me', '--timeout', '1', 'nobdy', 'are you there?'])
  t.match(asked, { status: 124, stderr: /^arc: nobody of the name nobdy has signed in yet/ })
  const { id } = json<Message>(await post('--kind', 'task', 'the parser'))
  const given = await place.arc(['task', 'assign', '--agent', 'me', `${id}`, 'nobdy'])
  t.match(given, { status: 0, stderr: /^arc: nobody of the name nobdy has signed in yet/ })
})

t.test('a name with a line end forges no line on standard error', async (t) => {
  const forged = 'evil\narc: all is well'
  await place.arc(['lock', '--agent', forged, 'forged.ts'])
  const done = await place.arc(['lock', '--agent', 'me', 'forged.ts'])
  t.match(done, { status: 1, stderr: /^evil arc: all is well has forged\.ts until [^\n]+\n$/ })
})

t.test('a glob that is none, and a channel that is not there', async (t) => {
  t.match(await place.arc(['scope', '--agent', 'me', '[bad']), {
    status: 2,
    stderr: /has a \[ without its \].*; see arc scope --help\n$/,
  })
  t.match(await post('--channel', 'nope', 'x'), {
    status: 1,
    stderr: /channel "nope" does not exist; create it first with .*arc channel create\n$/,
  })
})

t.test('standard input that is no text is refused', async (t) => {
  const done = await shell("printf '\\377\\376' | arc post")
  t.match(done, { status: 2, stderr: /standard input is no text in UTF-8/ })
})

t.test('paths count from the root of the project, wherever they are typed', async (t) => {
  mkdirSync(place.path('deep', 'down'), { recursive: true })
  writeFileSync(place.path('here.txt'), 'here\n')
  const arc = (...args: string[]) =>
    place.arc([...args, '--agent', 'me'], { cwd: place.path('deep', 'down') })
  const lockOf = async (path: string) =>
    json<{ lock: { file_path: string } }>(await arc('lock', path)).lock.file_path
  t.equal(await lockOf('src/a.ts'), 'src/a.ts')
  t.equal(await lockOf(place.path('src', 'a.ts')), 'src/a.ts')
  t.equal(await lockOf('../../src/a.ts'), 'src/a.ts')
  t.equal(await lockOf('/elsewhere/a.ts'), '/elsewhere/a.ts')
  t.match(json(await arc('unlock', place.path('src', 'a.ts'))), { released: 'src/a.ts' })
  t.match(json(await arc('scope', place.path('docs', '**'))), { scope: { globs: ['docs/**'] } })
  const posted = json<Message>(await arc('post', '--attach', '../../here.txt'))
  t.match(posted.attachments, [{ type: 'file_ref', path: 'here.txt' }, { type: 'text' }])
})

t.test('--attach adds a file: where it is, and its text as it is now', async (t) => {
  mkdirSync(place.path('src'))
  writeFileSync(place.path('src', 'a.ts'), 'let a = 1\n')
  writeFileSync(place.path('build.log'), 'all pass\n')
  const both = json<Message>(await post('--attach', './src//a.ts', '--attach', 'build.log', 'look'))
  t.strictSame(both.attachments, [
    { type: 'file_ref', path: 'src/a.ts' },
    { type: 'code', content: 'let a = 1\n', language: 'ts' },
    { type: 'file_ref', path: 'build.log' },
    { type: 'text', content: 'all pass\n' },
  ])
  t.match(json(await post('--attach', 'build.log')), {
    body: '',
    attachments: [{}, { content: 'all pass\n' }],
  })
  t.match(await post('--attach', 'nowhere', 'x'), { status: 2, stderr: /nowhere can't be attached: ENOENT/ })
  const reply = await place.arc(['reply', '--agent', 'me', `${both.id}`, '--attach', 'build.log', 'see'])
  t.match(json(reply), { reply_to: both.id, attachments: [{ path: 'build.log' }, {}] })
})

t.test('what is no text or too large is attached by its path alone', async (t) => {
  writeFileSync(place.path('picture.png'), Buffer.from([0x89, 0x50, 0, 0xff]))
  writeFileSync(place.path('large.txt'), 'x'.repeat(256_001))
  for (const [name, why] of [
    ['picture.png', 'no text'],
    ['large.txt', 'too large to send'],
  ] as const) {
    const done = await post('--attach', name, 'x')
    t.strictSame(json<Message>(done).attachments, [{ type: 'file_ref', path: name }])
    t.equal(done.stderr, `arc: ${name} is ${why}: the message has its path alone\n`)
  }
})

t.test('--expect-known posts nothing to an agent that never signed in, and names near ones', async (t) => {
  await place.arc(['whoami', '--agent', 'bobby'])
  t.match(await post('--to', 'bobbi', '--expect-known', 'hi'), {
    status: 1,
    stdout: '',
    stderr: /bobbi.*did you mean "bobby"/,
  })
  t.match(json(await post('--to', 'bobby', '--expect-known', 'hi')), { to_agent: 'bobby' })
  t.match(await post('--expect-known', 'hi'), { status: 2, stderr: /--expect-known goes with --to/ })
})

t.test('at a hub of version 1, --expect-known posts nothing, since that hub would not look', async (t) => {
  const { url } = await startV1Hub(t)
  const done = await post('--base-url', url, '--to', 'bobby', '--expect-known', 'hi')
  t.match(done, { status: 1, stdout: '', stderr: /does not announce arc:mailbox/ })
  const inbox = await fetch(`${url}/v1/inbox/bobby`)
  t.match(await inbox.json(), { result: [] })
})
