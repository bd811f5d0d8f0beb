// How the page does in numbers: how fast a message that is posted over files appears in it, and what it weighs after
// many thousands of them. The figures are told; at full size (ARC_TEST_SIZE=full) the limits are asserted.

import { join } from 'node:path'
import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { Calls } from '../support/calls.js'
import { isFull, rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { percentile, until } from '../support/waiting.js'
import { browserTests, openPage } from './browser.js'
import { openRoom } from './room.js'

const RELAYED = rounds(20, 200)
/** Messages that are not counted: the first ones wake up the relay's threads. */
const WARM_UP = 3
const P95_MS = 200
const POSTED = rounds(3_000, 50_000)
const AT_ONCE = 32
const MAX_HEAP_MB = 60
const MAX_ROWS = 320
/** How long the page may be busy at one time, so that it does not answer. */
const MAX_TASK_MS = 500

const test = await browserTests(t, ['--js-flags=--expose-gc'])

test('a message over the relay appears in the page at once', async (t, browser) => {
  const spoolDir = join(ownFolder(t), 'spool')
  const { hub } = await openRoom(t, { spoolDir })
  const alice = ArcClient.overRelay('alice', { spoolDir })
  t.teardown(() => alice.close())
  const page = await openPage(t, browser, hub.url)
  await page.locator('.connection-live').waitFor()
  // The page notes when a message is in it; both clocks are this machine's.
  await page.evaluate(`(() => {
    const seen = {}
    const asked = {}
    new MutationObserver(() => {
      const now = Date.now()
      for (const { textContent: text } of [...document.querySelectorAll('.message .body')].slice(-3)) {
        seen[text] ??= now
        asked[text]?.(seen[text])
      }
    }).observe(document.querySelector('.messages'), { childList: true, subtree: true })
    window.whenSeen = (text) => seen[text] ?? new Promise((resolve) => { asked[text] = resolve })
  })()`)
  const took: number[] = []
  for (let i = -WARM_UP; i < RELAYED; i++) {
    const text = `over the relay ${i}`
    const postedAt = Date.now()
    await alice.post(text)
    const seenAt = await page.evaluate<number>(`window.whenSeen(${JSON.stringify(text)})`)
    if (i >= 0) took.push(seenAt - postedAt)
  }
  const [p50, p95] = [percentile(took, 0.5), percentile(took, 0.95)]
  t.comment(`relay to page, ${RELAYED} messages: p50 ${p50} ms, p95 ${p95} ms`)
  t.equal(took.length, RELAYED)
  if (isFull) t.ok(p95 < P95_MS, `p95 ${p95} ms`)
})

test('left open over many messages, its memory stays bounded and it answers to keys', async (t, browser) => {
  const { hub } = await openRoom(t)
  const calls = new Calls(t, hub.url)
  const page = await openPage(t, browser, hub.url)
  await page.locator('.connection-live').waitFor()
  const devtools = await page.context().newCDPSession(page)
  const heapMb = async () => {
    await devtools.send('HeapProfiler.collectGarbage')
    return Math.round(((await devtools.send('Runtime.getHeapUsage')).usedSize / 1e6) * 10) / 10
  }
  const responseMs = async () => {
    const before = performance.now()
    await page.fill('#composer', '')
    await page.press('#composer', 'x')
    await until('the key to show', async () => (await page.inputValue('#composer')) === 'x')
    return Math.round(performance.now() - before)
  }
  const atFirst = await heapMb()
  const heaps: number[] = []
  const responses: number[] = []
  await page.evaluate(`(() => {
    window.longestTask = 0
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longestTask = Math.max(window.longestTask, duration)
    }).observe({ entryTypes: ['longtask'] })
  })()`)
  const filler = 'A line of what agents say to each other, of common length. '.repeat(4)
  let sent = 0
  for (let round = 0; round < 5; round++) {
    const upTo = Math.round((POSTED * (round + 1)) / 5)
    const posting = Array.from({ length: AT_ONCE }, async () => {
      while (sent < upTo) {
        const number = ++sent
        await calls.say({ from_agent: `agent-${number % 6}`, body: `${number} ${filler}` })
      }
    })
    const measuring = responseMs()
    await Promise.all(posting)
    responses.push(await measuring)
    const last = (await calls.say({ from_agent: 'agent-1', body: `end of round ${round}` })).id
    await page.locator(`.message[data-id="${last}"]`).waitFor({ timeout: 60_000 })
    heaps.push(await heapMb())
  }
  responses.push(await responseMs())
  const rows = await page.locator('.message').count()
  const longestMs = Math.round(await page.evaluate<number>('window.longestTask'))
  t.comment(
    `after ${POSTED} messages: heap ${atFirst} MB at first, then ${heaps.join(', ')} MB; ${rows} rows; busy for ${longestMs} ms at most; a key shows within ${responses.join(', ')} ms`,
  )
  t.ok(rows <= MAX_ROWS, `${rows} rows`)
  t.ok(
    heaps.every((mb) => mb < MAX_HEAP_MB),
    `below ${MAX_HEAP_MB} MB`,
  )
  if (!isFull) return
  const [, , third = 0, , fifth = 0] = heaps
  t.ok(fifth < third * 1.25 + 2, 'level, once the page holds what it holds at most')
  t.ok(longestMs < MAX_TASK_MS, 'it answers: it is never busy for long')
})
