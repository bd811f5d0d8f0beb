import { writeFileSync } from 'node:fs'
import { ArcClient } from 'arc-hub'

const lead = await ArcClient.quickstart('lead')

writeFileSync('routes.txt', '')
for (const route of ['/login', '/logout', '/users', '/search', '/export', '/health']) {
  await lead.createTask(`Add the route ${route} to routes.txt`, { threadId: 'routes' })
}
console.log('six tasks are open')

await lead.close()
