// A hub that cannot live must not pretend to: when its storage fails at every start, the restart intensity
// runs out, and the process ends with a status other than 0 and the reason in its log.

import t from 'tap'
import { ownFolder } from '../support/folder.js'
import { reportOf, startScript } from '../support/processes.js'

const SCRIPT = new URL('./hub-on-a-broken-file.js', import.meta.url)

t.test('a hub whose storage fails at every start gives up, and says why', async (t) => {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  const script = startScript(t, SCRIPT, [storagePath])
  const { url } = await reportOf<{ url: string }>(script)
  const exit = await script.exited
  t.strictSame(exit, { code: 1, signal: null }, 'it ends by itself, with status 1')

  const lines = script.log.map((line) => JSON.parse(line) as Record<string, unknown>)
  t.equal(lines.filter(({ msg }) => /could not be restarted/.test(`${msg}`)).length, 5, 'five tries')
  const last = lines.findLast(({ level }) => level === 'error')
  t.match(last, { actor: 'storage', msg: /gives up/ })
  t.match(last?.msg, /not an SQLite database/, 'what is wrong')
  t.match(last?.msg, /--storage/, 'and what to do')
  await t.rejects(fetch(`${url}/v1/hub-info`), 'nothing listens any more')
})
