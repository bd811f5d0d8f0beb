// The tasks of the pool's threads: synchronous file work without state.

export { answer } from './answer.js'
export { archive } from './archive.js'
export { drain } from './drain.js'
export { scan } from './scan.js'
