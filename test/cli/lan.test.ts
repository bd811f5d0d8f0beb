// A hub for other machines of a network. Runs in a network of its own, whose one machine has a second address: who calls from
// there is a stranger to the hub.

import { spawnSync } from 'node:child_process'
import t from 'tap'
import { json, Place } from '../support/arc-process.js'
import { needsOwnNetwork, ownNetwork } from '../support/no-network.js'

const ADDRESS = '10.0.0.5'
const URL_THERE = `http://${ADDRESS}:6969`

t.test('a hub is opened to other machines on purpose', { skip: needsOwnNetwork }, async (t) => {
  const prefix = await ownNetwork(t)
  const [command = '', ...words] = [...prefix, 'ip', 'addr', 'add', `${ADDRESS}/32`, 'dev', 'lo']
  spawnSync(command, words)
  const place = new Place(t)
  const arc = (args: string[], env: Record<string, string> = {}) =>
    place.arc(args, { prefix, env, cwd: place.below(env.ARC_BASE_URL ? 'there' : 'here') })
  const open = ['ensure', '--host', '0.0.0.0', '--allow-remote', '--allow-host', 'box.lan']
  const there = { ARC_BASE_URL: URL_THERE }

  await arc(['ensure', '--host', '0.0.0.0'])
  for (const line of [['ensure'], ['status']]) {
    const { error } = json<{ error: string }>(await arc(line, there))
    t.match(error, `the hub at ${URL_THERE} refuses this command: this hub serves its own machine only`)
  }
  const late = await arc(open)
  t.match(json(late), { running: true, started: false })
  t.match(late.stderr, 'serves this machine alone; to open it, arc stop, then the same command again')

  await arc(['stop'])
  const opened = await arc(open)
  t.match(json(opened), { running: true, started: true })
  t.match(json(await arc(['post', '--agent', 'bob', 'from there'], there)), { body: 'from there' })
  t.match(json(await arc(['ensure'], there)), { running: true, started: false, url: URL_THERE })
  t.match(json(await arc(['ensure', '--allow-remote'])), { running: true, started: false })
  t.equal((await arc(['ensure', '--allow-remote'])).stderr, '')
})
