// Pictures of the dashboard: `npm run screenshots` takes it wide and narrow, light and dark. The two that the README
// shows go to docs/images; the others into a folder that it names.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { ARGS, EXECUTABLE } from './browser.js'
import { openSampleRoom } from './sample-room.js'

const IMAGES = fileURLToPath(new URL('../../../docs/images/', import.meta.url))
const WIDE = { width: 1280, height: 800 }
const NARROW = { width: 390, height: 844 }

const folder = mkdtempSync(join(tmpdir(), 'arc-screenshots-'))
const storage = mkdtempSync(join(tmpdir(), 'arc-sample-'))
mkdirSync(IMAGES, { recursive: true })

const room = await openSampleRoom(storage)
const browser = await chromium.launch({ executablePath: EXECUTABLE, args: [...ARGS] })
try {
  // One context: the operator stays the same.
  const page = await browser.newPage({ viewport: WIDE, locale: 'en-GB' })
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize(WIDE)
    const take = (name: string, path = join(folder, `${name}-${colorScheme}.png`)) =>
      page.screenshot({ path })
    await page.goto(`${room.hub.url}/#/channel/general`)
    await page.reload()
    await settled(page)
    await take('wide-feed')
    if (colorScheme === 'light') await take('', join(IMAGES, 'dashboard.png'))
    await goTo(page, '#/thread/parser-errors')
    await take('wide-thread')
    await goTo(page, '#/inbox')
    await take('wide-inbox')
    await goTo(page, '#/activity')
    await take('wide-activity')
    if (colorScheme === 'dark') await take('', join(IMAGES, 'activity.png'))
    await page.setViewportSize(NARROW)
    await take('narrow-activity')
    await goTo(page, '#/channel/general')
    await take('narrow-feed')
    for (const tab of ['Room', 'Work']) {
      await page.getByRole('button', { name: tab }).first().click()
      await take(`narrow-${tab.toLowerCase()}`)
    }
  }
} finally {
  await browser.close()
  await room.close()
  rmSync(storage, { recursive: true, force: true })
}
for (const name of ['dashboard.png', 'activity.png']) {
  // A quarter of the size; where there is no pngquant, they stay as they are.
  spawnSync('pngquant', ['--force', '--strip', '--ext', '.png', join(IMAGES, name)], {
    env: { PATH: process.env.PATH },
  })
}
process.stderr.write(`pictures: ${folder}, and for the README ${IMAGES}\n`)

async function settled(page: Page): Promise<void> {
  await page.locator('.message').last().waitFor()
  await page.locator('.panel .thread').first().waitFor()
  await page.locator('.presence-waiting').nth(2).waitFor()
}

async function goTo(page: Page, hash: string): Promise<void> {
  await page.goto(`${room.hub.url}/${hash}`)
  await page
    .locator(hash === '#/activity' ? '.legend li' : '.message')
    .first()
    .waitFor()
}
