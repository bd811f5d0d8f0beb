import { runRoom } from '../room.js'

await runRoom(import.meta.dirname, ['planner.js', 'coder.js dot', 'coder.js eve'])
