// Names the lease under which something is done, with its fence (PROTOCOL §19).

import { claimKey } from './leases.js'
import type { Under } from './options.js'
import { plainPath } from './paths.js'

export function underOf(under: Under | { readonly fence: number }): object {
  const { fence } = under
  if ('lock' in under) return { fence, file_path: plainPath(under.lock) }
  return 'claim' in under ? { fence, claim_key: claimKey(under.claim) } : { fence }
}
