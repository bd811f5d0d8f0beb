// What is seen and heard of the page: nothing lies over a text, each button says what it does and to what, agents keep
// their colours, pictures share their axis of time.

import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { until } from '../support/waiting.js'
import { browserTests, openPage } from './browser.js'
import { openRoom } from './room.js'

const test = await browserTests(t)

const LONG =
  'a long line that goes on to the very end of what the window has, wherever that may be, and then on. '

/** A room with all that has buttons, some of it twice. */
async function furnished(t: Test) {
  const room = await openRoom(t)
  const [alice, bob] = [await room.agent('alice'), await room.agent('bob')]
  for (const [i, agent] of [alice, bob, alice].entries()) {
    const task = await agent.post(`mend it ${i}. ${LONG}`, { kind: 'task', threadId: `roof-${i}` })
    const part = await agent.post('same words', { kind: 'task', parentTaskId: task.id })
    await agent.claim(part.id)
    await agent.post(LONG.repeat(2), { threadId: `roof-${i}`, replyTo: task.id })
    await agent.post('same words', { threadId: `roof-${i}` })
    await agent.post(`\`\`\`ts\n${'const x = 1\n'.repeat(30)}\`\`\``, {
      metadata: { a: i },
      attachments: [
        { type: 'json', content: Array(40).fill(i) },
        { type: 'text', content: 'line\n'.repeat(40) },
      ],
    })
    await agent.lock(`src/${i}.ts`)
  }
  const done = await bob.post('it is done', { kind: 'task' })
  await bob.completeTask(done.id)
  for (let i = 0; i < 6; i++) await alice.completeTask((await alice.post(`old ${i}`, { kind: 'task' })).id)
  return { ...room, alice, bob }
}

async function isFurnished(page: Page): Promise<void> {
  await page.locator('.message', { hasText: 'old 5' }).waitFor()
  await page.locator('.hold').nth(5).waitFor({ state: 'attached' })
  await page.locator('.task-done').first().waitFor({ state: 'attached' })
  await page.locator('.thread').nth(2).waitFor({ state: 'attached' })
}

/** Buttons that cover a text beside them in their row, shown or waiting for a pointer: gives both. */
const COVERED = `(() => {
  const found = []
  /** What of a text is to be seen: the rest is cut off. */
  const clipped = (r, element) => {
    for (let e = element; e && !e.matches('.scroller, aside'); e = e.parentElement) {
      if (getComputedStyle(e).overflowX === 'visible') continue
      const b = e.getBoundingClientRect()
      r = { left: Math.max(r.left, b.left), right: Math.min(r.right, b.right), top: Math.max(r.top, b.top), bottom: Math.min(r.bottom, b.bottom) }
    }
    return r
  }
  for (const row of document.querySelectorAll('.message, .row, .person, .link')) {
    if (!row.checkVisibility()) continue
    const texts = document.createTreeWalker(row, NodeFilter.SHOW_TEXT)
    const buttons = [...row.querySelectorAll('button')].filter((button) => button.checkVisibility())
    while (texts.nextNode()) {
      const { currentNode: text } = texts
      if (text.data.trim() === '') continue
      const range = document.createRange()
      range.selectNodeContents(text)
      for (const button of buttons) {
        if (button.contains(text)) continue
        const b = button.getBoundingClientRect()
        for (const whole of range.getClientRects()) {
          const r = clipped(whole, text.parentElement)
          const wide = Math.min(b.right, r.right) - Math.max(b.left, r.left)
          const high = Math.min(b.bottom, r.bottom) - Math.max(b.top, r.top)
          if (wide > 1 && high > 3) found.push(button.className + ' ' + button.innerText + ' over ' + text.data.slice(0, 40))
        }
      }
    }
  }
  return [...new Set(found)]
})()`

test('no button lies over a text: not on a phone, where all of them are shown, nor under a pointer', async (t, browser) => {
  const { hub } = await furnished(t)
  const phone = await openPage(t, browser, hub.url, { width: 390, height: 844, isPhone: true })
  await phone.locator('.message', { hasText: 'old 5' }).waitFor()
  for (const tab of ['Feed', 'Work', 'Room']) {
    await phone.locator('.tab', { hasText: tab }).tap()
    t.same(await phone.evaluate(COVERED), [], `phone, ${tab}`)
  }
  await phone.locator('.tab', { hasText: 'Feed' }).tap()
  const reply = phone.locator('.message', { hasText: 'old 5' }).getByRole('button', { name: /^Reply/ })
  t.ok(await reply.isVisible(), 'a finger finds the buttons without hovering')
  const { width, height } = (await reply.boundingBox()) ?? { width: 0, height: 0 }
  t.ok(width >= 24 && height >= 24, `and hits them: ${width} × ${height}`)
  for (const size of [
    { width: 390, height: 844 },
    { width: 1280, height: 800 },
  ]) {
    const page = await openPage(t, browser, hub.url, size)
    await isFurnished(page)
    t.same(await page.evaluate(COVERED), [], `a pointer, ${size.width} pixels`)
  }
})

/** Names of buttons that do not do the same: gives them, with what they do. */
const AMBIGUOUS = `(() => {
  const targets = new Map()
  for (const button of document.querySelectorAll('button')) {
    if (!button.checkVisibility()) continue
    const name = button.getAttribute('aria-label') ?? button.textContent.trim()
    const { id, task, key } = button.closest('[data-id], [data-task], .hold')?.dataset ?? {}
    const verb = button.matches('.thread-link, .link, .thread, .panel-action') ? 'view' : button.className + button.textContent
    targets.set(name, new Set([...(targets.get(name) ?? []), verb + ' ' + (verb === 'view' ? '' : id ?? task ?? key ?? '')]))
  }
  return [...targets].filter(([name, of]) => name === '' || of.size > 1).map(([name, of]) => name + ' = ' + [...of].join(' | '))
})()`

test('each button says what it does and to what: no two that do different things have one name', async (t, browser) => {
  const { hub, agent } = await furnished(t)
  const own = await agent('operator')
  await own.lock('mine.ts')
  await own.lock('mine too.ts')
  await own.close()
  const page = await openPage(t, browser, hub.url)
  await isFurnished(page)
  t.same(await page.evaluate(AMBIGUOUS), [])
  const named = (name: RegExp) => page.getByRole('button', { name, includeHidden: true })
  t.equal(await named(/^Complete task \d+: mend it 0/).count(), 2, 'in the feed and beside it')
  t.equal(await named(/^Reply to message \d+ by bob: mend it 1/).count(), 1)
  t.equal((await named(/^Open thread roof-2$/).count()) > 0, true)
  t.equal(await named(/^Show all of [\d,]+ characters: attachment 2 of message \d+ by alice/).count(), 2)
  t.equal(await named(/^metadata of message \d+ by bob/).count(), 1)
})

test('agents have the same colours at each load, whoever is seen first', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const names = ['claude', 'codex', 'cursor', 'gemini', 'reviewer', 'tester']
  for (const name of names) await (await agent(name)).post(`from ${name}`)
  const tester = await agent('aaron')
  await tester.createChannel('other')
  for (const name of [...names].reverse())
    await (await agent(name)).post(`from ${name} again`, { channel: 'other' })
  const page = await openPage(t, browser, hub.url)
  const coloursIn = async (channel: string) => {
    await page.goto('about:blank')
    await page.goto(`${hub.url}/#/channel/${channel}`)
    await page.locator('.message').nth(5).waitFor()
    await page.locator('[data-agent=tester]').waitFor()
    return Promise.all(
      names.map((name) => page.locator(`[data-agent=${name}] .avatar`).getAttribute('class')),
    )
  }
  const before = await coloursIn('general')
  t.equal(new Set(before).size, names.length, 'six agents, six colours')
  await tester.post('listed first, and new')
  t.same(await coloursIn('other'), before)
  t.same(await coloursIn('general'), before)
})

test('both activity pictures have one axis of time', async (t, browser) => {
  const { hub, agent } = await openRoom(t)
  const alice = await agent('alice')
  await alice.post('said when the lock was taken')
  await alice.lock('src/a.ts')
  for (const width of [1280, 390]) {
    const page = await openPage(t, browser, `${hub.url}/#/activity`, { width })
    await page.locator('[data-lane]').waitFor()
    await page.locator('[data-total="1"]').first().waitFor({ state: 'attached' })
    for (const range of ['15 min', '1 hour', '6 hours']) {
      await page.getByRole('button', { name: range }).click()
      const scales = async () =>
        page
          .locator('.activity .plot')
          .evaluateAll((plots) =>
            plots.map((plot: Drawing) =>
              [...plot.querySelectorAll('.tick[text-anchor=middle]')].map((tick) => [
                tick.textContent,
                Math.round(tick.getBoundingClientRect().left),
              ]),
            ),
          )
      await until('the pictures to be drawn', async () => (await scales()).length === 2)
      const [messages = [], holds] = await scales()
      t.same(messages, holds, `${width} pixels, ${range}: the same times at the same places`)
      t.ok(messages.length >= 3, `${messages.length} times`)
      t.ok(
        messages.slice(0, -1).every(([time]) => /^\d\d:\d\d$/.test(String(time))),
        'told by the clock',
      )
    }
    await page.getByRole('button', { name: '1 hour' }).click()
    const box = async (selector: string) => {
      const found = await page.locator(`.activity ${selector}`).first().boundingBox()
      return { from: found?.x ?? 0, to: (found?.x ?? 0) + (found?.width ?? 0) }
    }
    const bar = await box('[data-total="1"] .plot-hover')
    const hold = await box('[data-lane] .bar')
    t.ok(
      hold.from > bar.from - 2 && hold.from < bar.to + 2,
      'what happened at one time stands above each other',
    )
  }
})

interface Drawing {
  querySelectorAll(selector: string): Iterable<Drawing>
  getBoundingClientRect(): { left: number }
  readonly textContent: string
}
