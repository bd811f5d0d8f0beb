// Another process's commits are noticed, while this one rests and while it commits all the time. The other is a second
// connection here: to SQLite that is the same.

import t, { type Test } from 'tap'
import { openDatabase } from '../../src/storage/sqlite/database.js'
import { ForeignCommits } from '../../src/storage/sqlite/foreign-commits.js'
import { ownFolder } from '../support/folder.js'
import { until } from '../support/waiting.js'

function open(t: Test) {
  const path = `${ownFolder(t)}/arc.sqlite3`
  const [ours, other] = [openDatabase(path), openDatabase(path)]
  ours.exec('CREATE TABLE noise (n)')
  let noticed = 0
  const commits = new ForeignCommits(ours, () => noticed++)
  t.teardown(() => {
    commits.close()
    for (const db of [ours, other]) db.close()
  })
  return {
    commits,
    noticed: () => noticed,
    commitOurs: () => {
      ours.exec('INSERT INTO noise VALUES (1)')
      commits.committed()
    },
    /** Commits as another hub does; resolves when that has been noticed. */
    commitOther: async () => {
      const before = noticed
      other.exec('INSERT INTO noise VALUES (2)')
      await until('the commit is noticed', () => noticed > before, 10_000)
    },
  }
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

t.test('at rest the folder is watched, and nothing of our own is noticed', async (t) => {
  const { commits, noticed, commitOurs, commitOther } = open(t)
  t.ok(commits.isWatching)
  commitOurs()
  await commitOther()
  t.equal(noticed(), 1)
  t.ok(commits.isWatching)
})

t.test('a hub that commits all the time looks instead, and watches again at rest', async (t) => {
  const { commits, noticed, commitOurs, commitOther } = open(t)
  for (let round = 1; round <= 3; round++) {
    const before = noticed()
    await until('it is busy', () => {
      commitOurs()
      return !commits.isWatching
    })
    const keepBusy = setInterval(commitOurs, 2)
    for (let i = 0; i < 10; i++) await commitOther()
    t.notOk(commits.isWatching, 'it is busy still')
    t.equal(noticed(), before + 10, 'each once, and nothing of our own')
    clearInterval(keepBusy)
    await until('it watches again', () => commits.isWatching)
    await commitOther()
  }
})

t.test('a few commits do not make it busy', async (t) => {
  const { commits, commitOurs } = open(t)
  for (let i = 0; i < 5; i++) commitOurs()
  t.ok(commits.isWatching)
})

t.test('closed while it is busy, it looks no more and holds nothing open', async (t) => {
  const { commits, commitOurs } = open(t)
  await until('it is busy', () => {
    commitOurs()
    return !commits.isWatching
  })
  const before = timers()
  commits.close()
  t.equal(timers(), before - 1)
  commitOurs()
  t.equal(timers(), before - 1)
  t.notOk(commits.isWatching)
})
