import { runRoom } from '../room.js'

await runRoom(import.meta.dirname, ['migrator.js', 'person.sh'])
