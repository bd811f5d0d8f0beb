// Builds the dashboard (src/dashboard) for the hub: hashed assets and one page, each with its brotli and gzip form beside it, so
// that the hub compresses nothing while it runs.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

/** Smaller files stay uncompressed: they would save less than the header costs. */
const MIN_BYTES = 512

function precompress(): Plugin {
  return {
    name: 'precompress',
    // It compresses the written files, because other plugins change chunks until the end.
    writeBundle({ dir = '' }, bundle) {
      for (const fileName of Object.keys(bundle)) {
        const file = join(dir, fileName)
        const bytes = readFileSync(file)
        if (bytes.length < MIN_BYTES) continue
        const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }))
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
      }
    },
  }
}

export default defineConfig({
  root: 'src/dashboard',
  publicDir: false,
  plugins: [precompress()],
  worker: { format: 'es' },
  build: {
    outDir: '../../dist/dashboard',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the content security policy allows no inline script or style
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
})
