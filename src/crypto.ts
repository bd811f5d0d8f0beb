// Node's crypto, loaded at its first use: that takes about four milliseconds, and most commands need none of it.

export const crypto = (): typeof import('node:crypto') => process.getBuiltinModule('node:crypto')
