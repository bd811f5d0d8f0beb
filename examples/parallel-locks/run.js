import { runRoom } from '../room.js'

await runRoom(import.meta.dirname, ['lead.js'], ['worker.js ann', 'worker.js ben', 'worker.js cas'])
