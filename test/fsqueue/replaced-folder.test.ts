// A folder that was deleted and made again is another one, although file systems like to give it the same number: who
// watches it has to know.

import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { SafeFolder } from '../../src/fsqueue/safe-folder.js'
import { ownFolder } from '../support/folder.js'

t.test('a folder in the place of another has another identity', async (t) => {
  const path = join(ownFolder(t), 'folder')
  const identities = new Set<string>()
  const makeAndLook = () => {
    mkdirSync(path)
    using folder = SafeFolder.open(path)
    identities.add(folder.identity)
    using again = SafeFolder.open(path)
    t.equal(again.identity, folder.identity, 'which it keeps')
  }
  for (let i = 0; i < 5; i++) {
    makeAndLook()
    rmdirSync(path)
    await pause(10) // a kernel's clock may stand still for as long: nobody replaces a spool faster
  }
  t.equal(identities.size, 5)
})
