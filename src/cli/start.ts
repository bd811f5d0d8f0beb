#!/usr/bin/env node
// The script of `arc`, `dist/program/main.cjs`: loads the command line.

import { join } from 'node:path'
import { loadCached } from '../code-cache.js'

loadCached(join(import.meta.dirname, 'command-line.cjs'), process.argv[2])
