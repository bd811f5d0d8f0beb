// `arc open`: shows the dashboard in the default browser, or prints where it is when there is none.

import { type ChildProcess, spawn } from 'node:child_process'
import { command } from '../command.js'
import { wantedArguments, wantedFrom } from '../hub-arguments.js'
import { findMeantHub } from '../other-project.js'
import { ExitStatus, say, showFacts } from '../output.js'

const args = {
  ...wantedArguments,
  print: { type: 'boolean', description: 'Only print the address' },
} as const

/** Milliseconds in which an opener without a browser fails. One that still runs has found a browser. */
const FAILS_WITHIN_MS = 1_500

export default command({
  args,
  examples: [
    ['arc open', 'in your browser'],
    ['arc open --print', 'where it is'],
  ],
  async run(given) {
    const found = await findMeantHub(wantedFrom(given))
    if (!found.hub) {
      await showFacts(given, { opened: false, error: found.error })
      throw new ExitStatus(1)
    }
    const url = new URL(found.hub.url).href
    const opened = given.print === true ? false : await openInBrowser(url)
    await showFacts(given, { opened, url })
    if (!opened && given.print !== true) say(`there is no browser to open here; the dashboard is at ${url}`)
  },
})

function openInBrowser(url: string): Promise<boolean> {
  const opener = startOpener(url)
  if (!opener) return Promise.resolve(false)
  return new Promise((resolve) => {
    const settle = (opened: boolean) => {
      clearTimeout(timer)
      opener.unref()
      resolve(opened)
    }
    const timer = setTimeout(() => settle(true), FAILS_WITHIN_MS)
    opener.once('error', () => settle(false))
    opener.once('exit', (status) => settle(status === 0))
  })
}

/** Undefined without a desktop. The opener outlives this command, since the browser may be its child. */
function startOpener(url: string): ChildProcess | undefined {
  const settings = { detached: true, stdio: 'ignore' } as const
  if (process.platform === 'darwin') return spawn('open', [url], settings)
  // The empty text is the window's title. Without it, `start` would read an address in quotes as the title.
  if (process.platform === 'win32') return spawn('cmd', ['/c', 'start', '', url], settings)
  const { DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME, BROWSER } = process.env
  if (!DISPLAY && !WAYLAND_DISPLAY && !WSL_DISTRO_NAME && !BROWSER) return undefined
  return spawn('xdg-open', [url], settings)
}
