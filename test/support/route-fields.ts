// Finds the members that each route reads: it gives the route inputs that record each access. So tests that try all members of
// all routes include new ones.

import { type Route, routeTable } from '../../src/dispatch/routes.js'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.js'

export interface RouteFields {
  readonly method: string
  /** With `:name` for each parameter. */
  readonly path: string
  readonly params: readonly string[]
  readonly query: readonly string[]
  readonly body: readonly string[]
}

function fieldsOf(name: string, route: Route, params: string[]): Pick<RouteFields, 'query' | 'body'> {
  const [query, body] = [new Noted(name), new Noted(name)]
  const empty = Object.fromEntries(params.map((param) => [param, '']))
  try {
    route({ params: empty, query: query.input, body: body.input })
  } catch {
    // The inputs are empty, so the route refuses them.
  }
  return { query: query.fields, body: body.fields }
}

class Noted {
  readonly #route: string
  readonly #asked = new Set<string>()
  #isTakenWhole = false
  readonly input: Record<string, string>

  constructor(route: string) {
    this.#route = route
    this.input = new Proxy<Record<string, string>>(
      {},
      {
        get: (_, name) => {
          if (typeof name === 'string') this.#asked.add(name)
          return undefined
        },
        ownKeys: () => {
          this.#isTakenWhole = true
          return []
        },
      },
    )
  }

  /** @throws Error if the route copies a whole input, which hides the members that it reads */
  get fields(): string[] {
    if (this.#isTakenWhole) throw new Error(`${this.#route} copies an input as a whole: name what it reads`)
    return [...this.#asked]
  }
}

export const ROUTES: readonly RouteFields[] = Object.entries(
  routeTable({ limits: DEFAULT_LIMITS, listenHost: '127.0.0.1' }),
).map(([name, route]) => {
  const [method = '', path = ''] = name.split(' ')
  const params = [...path.matchAll(/:(\w+)/g)].map(([, param = '']) => param)
  return { method, path, params, ...fieldsOf(name, route, params) }
})
