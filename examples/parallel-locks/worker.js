import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { ArcClient } from 'arc-hub'

const me = await ArcClient.quickstart(process.argv[2])

// Each task is given to one agent only.
for (let taken = await me.nextTask(); taken; taken = await me.nextTask()) {
  const { task, fence } = taken
  const [route] = task.title.match(/\/\w+/)

  // All of them edit one file. Each waits in line for its lock, so no edit is lost.
  await me.withLock('routes.txt', async () => {
    const before = readFileSync('routes.txt', 'utf8')
    await pause(20) // a model thinks here, for a minute or two
    writeFileSync('routes.txt', `${before}${route} by ${me.agentId}\n`)
  })

  // Were the task another's by now, the hub would refuse this.
  await me.completeTask(task.task_id, { under: { claim: task.task_id, fence } })
  console.log(`${route} is done`)
}

await me.close()
