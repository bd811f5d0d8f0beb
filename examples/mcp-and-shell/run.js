import { runRoom } from '../room.js'

await runRoom(import.meta.dirname, ['sam.sh', 'mia.js'])
