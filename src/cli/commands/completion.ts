// `arc completion`: the script by which a shell completes `arc`.

import { usageError } from '../arguments.js'
import { silentCommand } from '../command.js'
import { completionFor, SHELLS } from '../completion.js'
import { print } from '../output.js'

export default silentCommand({
  args: {
    shell: { type: 'positional', required: true, description: `One of ${SHELLS.join(', ')}` },
  },
  examples: [
    ['source <(arc completion bash)', 'in this bash, or in ~/.bashrc'],
    ['source <(arc completion zsh)', 'in this zsh, or in ~/.zshrc'],
    ['arc completion fish | source', 'in this fish'],
  ],
  async run(given, _, all) {
    const asked = given.shell
    const shell = SHELLS.find((known) => known === asked)
    if (!shell) throw usageError(`SHELL must be one of ${SHELLS.join(', ')}, not "${asked}"`)
    print(await completionFor(shell, all))
  },
})
