// Bundles the program that `arc` runs: the command line, and one file for each kind of thread of the hub. Most of a
// start is finding and compiling modules, and of some packages only a small part is used. What other packages import
// stays as it was compiled.

import { chmodSync } from 'node:fs'
import { defineConfig } from 'rolldown'

export default defineConfig({
  input: {
    main: 'dist/src/cli/main.js',
    hub: 'dist/src/actors/hub.js',
    'storage.actor': 'dist/src/actors/storage.actor.js',
    'gateway.actor': 'dist/src/actors/gateway.actor.js',
    'relay.actor': 'dist/src/actors/relay.actor.js',
    'files.worker': 'dist/src/fsqueue/files.worker.js',
  },
  platform: 'node',
  // One has a binary, one starts threads on a file of its own, one is large and seldom needed; and the bench
  // starts its own files.
  external: [/^better-sqlite3/, /^piscina/, /^undici/, /\/dist\/bench\//],
  output: {
    dir: 'dist/program',
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  },
  plugins: [
    { name: 'executable', writeBundle: () => chmodSync('dist/program/main.js', 0o755) },
  ],
})
