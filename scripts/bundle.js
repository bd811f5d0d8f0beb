// Makes the program in dist/program/ of what the compiler left in dist/src/.

import { rolldown } from 'rolldown'
import config from '../rolldown.config.js'

export async function bundle() {
  const bundled = await rolldown(config)
  await bundled.write(config.output)
  await bundled.close()
}
