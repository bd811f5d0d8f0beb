// Bundles the program in dist/program/ from the compiled files in dist/src/.

import { rolldown } from 'rolldown'
import config from '../rolldown.config.js'

export async function bundle() {
  const bundled = await rolldown(config)
  await bundled.write(config.output)
  await bundled.close()
}
