// Reports how often a database in WAL mode has been committed to, as SQLite counts it: `iChange`, "incremented
// each transaction", the third number in the header of the index of its log (sqlite.org/walformat.html).
//
//   node read-wal-changes.js <storage path>

import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'

const I_CHANGE = 8
const [storagePath = ''] = process.argv.slice(2)
const index = readFileSync(`${storagePath}-shm`)
process.send?.(endianness() === 'LE' ? index.readUInt32LE(I_CHANGE) : index.readUInt32BE(I_CHANGE))
process.disconnect()
