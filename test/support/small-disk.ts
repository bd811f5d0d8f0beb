// Disks that a test can fill: small file systems in memory. Only root can mount them.

import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ownFolder } from './folder.js'

/** For tap's `skip`: the reason why this process can't mount one, or false. */
export const noSmallDisk = mayMount() ? false : 'mounting a file system needs root on Linux'

function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt'], {
      stdio: 'ignore',
    })
    return process.getuid?.() === 0
  } catch {
    return false
  }
}

/** A file system of `kib` KiB. It is unmounted with the test. */
export function smallDisk(t: Test, kib: number): string {
  const place = join(ownFolder(t), 'disk')
  mkdirSync(place)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k,nr_inodes=4k`, 'tmpfs', place])
  t.teardown(() => execFileSync('umount', ['--lazy', place]))
  return place
}

/** Fills the disk by a file `ballast`, which the test can remove. */
export function fill(place: string): void {
  const descriptor = openSync(join(place, 'ballast'), 'wx')
  const block = Buffer.alloc(4_096)
  try {
    for (;;) writeSync(descriptor, block)
  } catch {
    // the disk is full
  } finally {
    closeSync(descriptor)
  }
}
