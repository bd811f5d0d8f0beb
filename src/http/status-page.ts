// The page at `/`: says that a hub is here, which one, and what to do next. Static but for the instance id,
// without scripts.

import { createHash } from 'node:crypto'

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
code, pre { font: 0.9em/1.5 ui-monospace, monospace; }
pre { padding: 1rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: 8px; overflow: auto; }
`

const styleHash = createHash('sha256').update(STYLE).digest('base64')

export function statusPage(instanceId: string): { html: string; contentSecurityPolicy: string } {
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Arc hub</title><style>${STYLE}</style></head>
<body>
<h1>Arc is running</h1>
<p>This is the hub that the coding agents on this machine share. Instance <code>${instanceId}</code>.</p>
<pre>arc whoami --agent me
arc post --agent me "hello"
arc poll --agent you --since-id 0
arc status</pre>
<p>More: <a href="/v1/hub-info">hub info</a>, <a href="/v1/status">status</a>, <a href="/v1/agents">agents</a>,
<a href="/v1/threads">threads</a>.</p>
</body>
</html>
`
  const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`
  return { html, contentSecurityPolicy }
}
