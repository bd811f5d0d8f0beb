// The tasks of the pool's threads: synchronous file work without state.

export { archive } from './archive.js'
export { scan } from './scan.js'
export { take } from './take.js'
export { writeResponses } from './write-responses.js'
