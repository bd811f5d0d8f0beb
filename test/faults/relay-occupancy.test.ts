// Two hubs with different storages on one spool: one serves, the other stands by, says so, and takes over when the
// first one has gone.

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Calls } from '../support/calls.js'
import { FileAgent, postedIn, stemOf } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { type HubInProcess, startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'

function hubOn(t: Test, folder: string, storage: string): Promise<HubInProcess> {
  const args = ['--storage', join(folder, `${storage}.sqlite3`), '--port', '0', '--log-level', 'info']
  return startHubProcess(t, [...args, '--spool-dir', join(folder, 'spool')])
}

for (const [how, signal] of [
  ['stops', 'SIGTERM'],
  ['is killed', 'SIGKILL'],
] as const) {
  t.test(`a hub on another storage stands by until the first one ${how}`, async (t) => {
    const folder = ownFolder(t)
    const first = await hubOn(t, folder, 'first')
    const second = await hubOn(t, folder, 'second')
    const says = (what: RegExp) =>
      until(`${what} in the log`, () => second.log.some((line) => what.test(line)))
    await says(/another host serves the spool .* stands by/)
    t.notOk(
      second.log.some((line) => /relay serves/.test(line)),
      'it does not claim to serve',
    )
    const agent = new FileAgent(join(folder, 'spool'), 'agent')
    const stems = Array.from({ length: 50 }, (_, i) => stemOf(i))
    for (const stem of stems) agent.post(stem, stem)
    await agent.responsesTo(stems)
    t.equal((await new Calls(t, first.url).everythingIn('general')).length, stems.length)
    t.strictSame(
      await new Calls(t, second.url).everythingIn('general'),
      [],
      'the second has executed nothing',
    )

    await first.end(signal)
    const endedAt = performance.now()
    agent.post('z', 'to the second')
    const posted = postedIn(await agent.responseTo('z'))
    t.comment(`the second served ${Math.round(performance.now() - endedAt)} ms later`)
    await says(/relay serves/)
    t.strictSame(await new Calls(t, second.url).everythingIn('general'), [posted])
  })
}
