// The dashboard's files: the page at `/` and its assets at `/assets/`, built by vite into `dist/dashboard/`. The hub reads
// them, with their compressed forms, at a browser's first request. An asset's name holds a hash of its content, so a
// browser keeps it for good. It requests the page each time, and gets a 304 if the page is unchanged.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { extname } from 'node:path'
import { PACKAGE_ROOT } from '../package.js'

const BUILT = new URL('./dist/dashboard/', PACKAGE_ROOT)

/** Allows scripts, styles and calls of this origin alone: agents may write markup, which must stay text. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const ALWAYS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin', // the guard needs the Referer where browsers send no fetch metadata
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The compressed forms, smallest first. */
const ENCODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const

const PAGE = 'index.html'
const ASSETS = '/assets/'
const UNBUILT = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Arc</title></head>
<body>
<h1>Arc is running</h1>
<p>This is the hub that the coding agents on this machine share. Its dashboard has not been built yet: run
<code>npm run build</code> in the folder of arc-hub, then load this page again.</p>
</body>
</html>
`

interface File {
  readonly bytes: Buffer
  readonly type: string
  readonly etag: string
  readonly encoded: ReadonlyMap<string, Buffer>
}

export interface SiteAnswer {
  readonly status: 200 | 304
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer
}

/** Whether a request can only be for these files, and so has no effect. */
export function isStatic({ method, url = '' }: IncomingMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return url === '/' || url.startsWith('/?') || url.startsWith(ASSETS)
}

export class Site {
  readonly #folder: URL
  #files: ReadonlyMap<string, File> | undefined

  constructor(folder = BUILT) {
    this.#folder = folder
  }

  /** The answer to a GET or HEAD of `target`; undefined for other targets. */
  answer(target: string, headers: IncomingHttpHeaders): SiteAnswer | undefined {
    if (target === '/' || target.startsWith('/?')) return this.#page(headers)
    const file = this.#asset(target)
    return file && served(file, headers, 'public, max-age=31536000, immutable')
  }

  /** Whether `target` is one of the page's assets. */
  hasAsset(target: string): boolean {
    return this.#asset(target) !== undefined
  }

  #asset(target: string): File | undefined {
    if (!target.startsWith(ASSETS)) return undefined
    return this.#load()?.get(target.split('?', 1)[0]?.slice(1) ?? '')
  }

  #page(headers: IncomingHttpHeaders): SiteAnswer {
    const file = this.#load()?.get(PAGE) ?? fileOf(PAGE, Buffer.from(UNBUILT), new Map())
    return served(file, headers, 'no-cache')
  }

  /** Undefined until there is a build. */
  #load(): ReadonlyMap<string, File> | undefined {
    if (this.#files) return this.#files
    let names: string[]
    try {
      names = readdirSync(this.#folder, { recursive: true, encoding: 'utf8' })
    } catch {
      return undefined
    }
    const known = new Set(names)
    const read = (name: string) => readFileSync(new URL(name, this.#folder))
    const files = new Map<string, File>()
    for (const name of names) {
      if (TYPES[extname(name)] === undefined) continue
      const forms = ENCODINGS.filter(({ suffix }) => known.has(name + suffix))
      const encoded = new Map(forms.map(({ name: encoding, suffix }) => [encoding, read(name + suffix)]))
      files.set(name.replaceAll('\\', '/'), fileOf(name, read(name), encoded))
    }
    if (!files.has(PAGE)) return undefined
    this.#files = files
    return files
  }
}

function fileOf(name: string, bytes: Buffer, encoded: ReadonlyMap<string, Buffer>): File {
  const etag = createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
  return { bytes, type: TYPES[extname(name)] ?? 'application/octet-stream', etag, encoded }
}

function served(file: File, headers: IncomingHttpHeaders, cacheControl: string): SiteAnswer {
  const encoding = ENCODINGS.find(({ name }) => file.encoded.has(name) && accepts(headers, name))?.name
  const body = (encoding && file.encoded.get(encoding)) ?? file.bytes
  const etag = `"${file.etag}${encoding ? `-${encoding}` : ''}"`
  const common = { ...ALWAYS, 'Cache-Control': cacheControl, ETag: etag, Vary: 'Accept-Encoding' }
  if (headers['if-none-match']?.split(',').some((known) => known.trim().replace(/^W\//, '') === etag)) {
    return { status: 304, headers: common, body: Buffer.alloc(0) }
  }
  const content = { 'Content-Type': file.type, 'Content-Length': body.length }
  return {
    status: 200,
    headers: { ...common, ...content, ...(encoding && { 'Content-Encoding': encoding }) },
    body,
  }
}

/** `gzip;q=0` refuses gzip. */
function accepts({ 'accept-encoding': given = '' }: IncomingHttpHeaders, encoding: string): boolean {
  return String(given)
    .split(',')
    .some((item) => {
      const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase())
      return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
    })
}
