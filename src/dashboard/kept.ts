// What this browser remembers of the room from one load to the next; nothing, where it keeps nothing.

export interface Kept<T> {
  read(): Readonly<Record<string, T>>
  write(values: Readonly<Record<string, T>>): void
}

/** What is read may have been written by anybody: its members are for the reader to check. */
export function keptIn<T>(name: string): Kept<T> {
  return {
    read() {
      try {
        const found = JSON.parse(localStorage.getItem(name) ?? '{}')
        return typeof found === 'object' && found !== null ? found : {}
      } catch {
        return {}
      }
    },
    write(values) {
      try {
        localStorage.setItem(name, JSON.stringify(values))
      } catch {
        // it keeps nothing, or no more
      }
    },
  }
}
