#!/usr/bin/env node
// The script of `arc`, `dist/program/main.cjs`: loads the command line.

import { fileURLToPath } from 'node:url'
import { loadCached } from '../code-cache.js'

loadCached(fileURLToPath(new URL('./command-line.cjs', import.meta.url)))
