// What `arc bench` uses of the benchmarks. They are a bundle of their own (`rolldown.config.js`).

export { useServer } from './databases.js'
export { htmlReport } from './html.js'
export type { Address } from './hubs.js'
export { runBench } from './main.js'
export { SCENARIOS } from './scenarios.js'
export { scenarioTable, tableReport } from './table.js'
