import { runRoom } from '../room.js'

// The designer has left before the builder comes.
await runRoom(import.meta.dirname, ['designer.js'], ['builder.js'])
