// `arc prompt`: what it tells an agent to run is run here, word for word, by a shell: in a room, over files alone, and for an
// agent whose name a shell would take apart.

import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { PROGRAM } from '../../src/package.js'
import { Place } from '../support/arc-process.js'

/** A place with an `arc` that a shell finds. */
function placeWithArc(t: Test): { place: Place; env: Record<string, string> } {
  const place = new Place(t)
  const bin = place.below('bin')
  writeFileSync(join(bin, 'arc'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`)
  chmodSync(join(bin, 'arc'), 0o755)
  return { place, env: { PATH: `${bin}:${process.env.PATH}`, HOME: place.folder } }
}

/** The lines that the prompt shows as commands, of one part of it. */
function commands(prompt: string, part: string): string {
  const [, rest = ''] = prompt.split(`\n## ${part}`)
  const [text = ''] = rest.split('\n## ')
  return text
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .map((line) => line.slice(4))
    .join('\n')
}

for (const agent of ['bob', "o'neil & sons"]) {
  t.test(`${agent}: the commands of cases A and B do what the prompt says`, async (t) => {
    const { place, env } = placeWithArc(t)
    await place.ensure(['--port', '0'])
    const prompt = execFileSync('arc', ['prompt', '--agent', agent], {
      env,
      cwd: place.folder,
      encoding: 'utf8',
    })
    const run = (script: string, cwd = place.folder): SpawnSyncReturns<string> =>
      spawnSync('sh', ['-c', script], { env, cwd, encoding: 'utf8', timeout: 40_000 })

    const test = run(commands(prompt, 'First'))
    t.equal(test.status, 0, test.stderr)
    t.match(JSON.parse(test.stdout), { session: { agent_id: agent } }, 'case A')
    const proof = run(commands(prompt, 'Hard rules'))
    t.equal(proof.status, 0, proof.stderr)
    t.equal(proof.stdout.split(`${agent} is here`).length, 3, 'posted, and seen to come back')
    for (const line of prompt.split('\n').filter((line) => /^- .*: arc (agents|poll|task next)/.test(line))) {
      const command = (/(arc (?:agents|poll|task next) .*?)(?:\.(?: |$)|$)/.exec(line) ?? [])[1] as string
      const { status, stderr } = run(command)
      t.ok(status === 0 || (status === 124 && /next/.test(command)), `${command}: ${stderr}`) // 124: there is no task
    }

    const files = commands(prompt, 'Case B').replace('LAST_ID', '0').replace('timeout=30', 'timeout=0')
    const answers = run(files)
    t.equal(answers.status, 0, answers.stderr)
    const bodies = answers.stdout
      .trim()
      .split(/(?<=\})\s*(?=\{"request_id")/)
      .map((text) => JSON.parse(text).body)
    t.match(bodies, [
      { ok: true, result: { agent_id: agent } },
      { ok: true, result: { body: `${agent} is here` } },
      { ok: true, result: [{ from_agent: agent }, { from_agent: agent }] },
      { ok: true, result: [] },
    ])
  })
}

t.test('the cases, the hard rules, and what is special in a program', async (t) => {
  const { place } = placeWithArc(t)
  const promptFor = async (...args: string[]) =>
    (await place.arc(['prompt', '--agent', 'bob', ...args])).stdout
  const prompt = await promptFor()
  for (const pattern of [
    /^A\. It prints a JSON object with "session"/m,
    /^B\. .*connection refused.*network unreachable.*\.arc-relay/m,
    /^C\. Neither: stop\./m,
    /^1\. Never start a hub/m,
    /^2\. Never change from one way to the other on your own/m,
    /^3\. .*post one line to the channel general, and see it come back/m,
    /arc wait --agent bob --timeout 50/,
  ])
    t.match(prompt, pattern)
  t.match(await promptFor('--harness', 'codex'), /CODEX_SANDBOX_NETWORK_DISABLED/)
  t.match(await promptFor('--harness', 'claude'), /arc wait --agent bob as a background command/)
  t.match(await promptFor('--port', '7000'), /arc whoami --agent bob --port 7000\n/)
  const unknown = await place.arc(['prompt', '--agent', 'bob', '--harness', 'emacs'])
  t.match(unknown, { status: 2, stderr: /there is no harness "emacs"/ })
  t.match(await place.arc(['prompt']), { status: 2 })
})
