#!/usr/bin/env node
// The script of `arc`, `dist/program/main.cjs`: loads the command line, of which the ground is the largest part.

import { fileURLToPath } from 'node:url'
import { loadCached } from '../code-cache.js'

for (const name of ['./arc-shared-ground.cjs', './command-line.cjs'])
  loadCached(fileURLToPath(new URL(name, import.meta.url)))
