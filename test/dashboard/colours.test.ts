// The colours of base.css: every text on every ground that it can lie on has the contrast of WCAG AA, light and dark. A test in
// the browser judges what a page really shows; it can't have every row hovered over, selected and found.

import { readFileSync } from 'node:fs'
import t from 'tap'
import { PACKAGE_ROOT } from '../../src/package.js'

const CONTRAST = 4.5
const TEXTS = ['text', 'soft', 'accent', 'good', 'warn', 'bad', 'hue-system']
const HUES = Array.from({ length: 8 }, (_, i) => `hue-${i}`)
const GROUNDS = ['ground', 'side', 'raised', 'hover', 'selected', 'code-ground']
/** Grounds of one text alone. */
const PAIRS = [
  ['accent-text', 'accent'],
  ['text', 'mark'],
  ['warn', 'warn-ground'],
  ['bad', 'bad-ground'],
] as const

const css = readFileSync(new URL('src/dashboard/styles/base.css', PACKAGE_ROOT), 'utf8')
const [light = '', dark = ''] = css.split(/@media \(prefers-color-scheme: dark\)/)

/** WCAG's relative luminance of a colour `#rrggbb`. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

for (const [scheme, block] of Object.entries({ light, dark })) {
  t.test(`${scheme}: every text stands out on every ground`, async (t) => {
    const colours = new Map(
      [...block.matchAll(/--([\w-]+): (#[\da-f]{6});/g)].map(([, name, value]) => [name, value]),
    )
    const pairs = [...TEXTS, ...HUES].flatMap((text) => GROUNDS.map((ground) => [text, ground] as const))
    for (const [text, ground] of [...pairs, ...PAIRS]) {
      const [a, b] = [luminance(colours.get(text) ?? ''), luminance(colours.get(ground) ?? '')]
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      t.ok(contrast >= CONTRAST, `${text} on ${ground}: ${contrast.toFixed(2)}`)
    }
  })
}
