import { ArcClient } from 'arc-hub'

const migrator = await ArcClient.quickstart('migrator')

const held = await migrator.lock('db/schema.sql')
console.log(`the schema is mine alone: ${held.acquired}`)

const { body } = await migrator.call('pat', 'May I drop the column users.fax? 12 of 40,000 rows have one.', {
  timeout: 300,
})
console.log(`the person says: ${body}`)
await migrator.post(body.startsWith('yes') ? 'I have dropped users.fax.' : 'users.fax stays.', {
  under: { lock: 'db/schema.sql', fence: held.fence },
})

await migrator.unlock('db/schema.sql')
await migrator.close()
