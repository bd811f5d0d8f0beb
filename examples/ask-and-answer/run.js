import { runRoom } from '../room.js'

await runRoom(import.meta.dirname, ['author.js', 'reviewer.js'])
