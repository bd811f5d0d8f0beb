// Bundles the program in dist/program/ from the compiled files in dist/src/ and dist/bench/.

import { rolldown } from 'rolldown'
import configs from '../rolldown.config.js'

export async function bundle() {
  for (const config of configs) {
    const bundled = await rolldown(config)
    await bundled.write(config.output)
    await bundled.close()
  }
}
