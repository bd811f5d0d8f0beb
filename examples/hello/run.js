import { runRoom } from '../room.js'

await runRoom(import.meta.dirname, ['alice.js', 'bob.js'])
