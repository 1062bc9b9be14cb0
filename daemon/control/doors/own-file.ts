import { lstatSync, rmSync } from 'node:fs'

/** Removes the file at `path` if it is still the one of this inode. */
export function removeIfSame(path: string, inode: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true })
}
