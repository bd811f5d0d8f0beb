// What the pool's threads run: file work, synchronous, without state and without anything left behind.

export { answer } from './answer.js'
export { archive } from './archive.js'
export { drain } from './drain.js'
export { scan } from './scan.js'
