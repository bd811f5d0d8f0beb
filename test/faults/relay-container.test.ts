// Hubs as process 1 of a container, each in a namespace of process numbers of its own, as `docker run` with a fixed host
// name gives: one that was killed must not make the next one wait for its own mark.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Place, type Running } from '../support/arc-process.js'
import { FileAgent, postedIn } from '../support/file-agent.js'
import { until } from '../support/waiting.js'

const CONTAINER = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
/** Below the 15 seconds for which a host is believed whose process can't be seen. */
const AT_ONCE_MS = 10_000

function mayUnshare(): boolean {
  try {
    const [program = '', ...args] = CONTAINER
    execFileSync(program, [...args, 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const skip = mayUnshare() ? false : 'a namespace of process numbers needs root on Linux'

/** A hub as process 1, on a storage of its own and the common spool. */
async function hubIn(t: Test, place: Place, name: string): Promise<Running> {
  const folder = place.below(name)
  const args = ['--port', '0', '--spool-dir', place.path('spool')]
  const hub = place.start(args, { cwd: folder, prefix: CONTAINER, hangMs: 120_000 })
  t.teardown(() => hub.child.kill('SIGKILL'))
  await until('the hub to be up', () => {
    if (hub.child.exitCode !== null) throw new Error(hub.stderr)
    return existsSync(join(folder, '.arc', '.arc.pid'))
  })
  t.equal(place.pidFile(folder).pid, 1)
  return hub
}

t.test(
  'a hub that was killed as process 1 is followed at once by another one as process 1',
  { skip },
  async (t) => {
    const place = new Place(t)
    const first = await hubIn(t, place, 'first')
    const agent = new FileAgent(place.path('spool'), 'agent')
    agent.post('a', 'to the first')
    postedIn(await agent.responseTo('a'))
    first.child.kill('SIGKILL')
    await first.finished
    await hubIn(t, place, 'second')
    agent.post('b', 'to the second')
    const submittedAt = performance.now()
    t.equal(postedIn(await agent.responseTo('b')).body, 'to the second')
    const tookMs = Math.round(performance.now() - submittedAt)
    t.ok(tookMs < AT_ONCE_MS, `after ${tookMs} ms`)
  },
)

t.test(
  'of two hubs that live in two containers the later one serves, and the other stands by',
  { skip },
  async (t) => {
    const place = new Place(t)
    const first = await hubIn(t, place, 'first')
    await first.says(/relay serves/)
    const second = await hubIn(t, place, 'second')
    await second.says(/relay serves/)
    await first.says(/another host serves the spool .* stands by/)
    const agent = new FileAgent(place.path('spool'), 'agent')
    for (const stem of ['a', 'b', 'c']) {
      agent.post(stem, stem)
      t.equal(postedIn(await agent.responseTo(stem)).body, stem)
    }
    t.notMatch(second.stderr, /stands by/, 'they do not take it from each other again and again')
    second.child.kill('SIGKILL')
    await second.finished
    agent.post('d', 'to the first')
    t.equal(
      postedIn(await agent.responseTo('d')).body,
      'to the first',
      'which serves again when the other has gone',
    )
  },
)
