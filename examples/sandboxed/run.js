import { runRoom } from '../room.js'

await runRoom(import.meta.dirname, ['host.js', 'sandbox.sh'])
