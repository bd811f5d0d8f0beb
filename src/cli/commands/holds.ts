// `arc holds`: what is held, and by whom: claims and locks, and scopes and slots where the hub has them.

import { view, viewArguments } from '../agent-arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'
import { ifSupported } from '../unsupported.js'

export default command({
  args: viewArguments,
  examples: [['arc holds', 'who has what, and until when']],
  async run(given) {
    const client = await view(given)
    const [claims, locks, scopes, slots] = await Promise.all([
      client.listClaims({ activeOnly: true }),
      client.listLocks({ activeOnly: true }),
      ifSupported(client.listScopes()),
      ifSupported(client.listSlots()),
    ])
    const rows = [...claims, ...locks, ...(scopes?.result ?? []), ...(slots?.result ?? [])]
    await show(given, rows, (texts) => texts.leases(rows))
  },
})
