import { formatBytes } from '../format/bytes.ts'
import { verb } from './verb.ts'

/** All that is kept, taken elsewhere. */
export const transferVerbs = {
  backup: verb({
    arguments: 'FILE',
    role: 'admin',
    summary: "copy the store into FILE of the daemon's machine",
    hints: { exists: 'a backup takes the place of no file' },
    prepare:
      ([file]) =>
      async ({ call }) => {
        const { bytes } = await call('transfer.backup', { file })
        return { data: { file, bytes }, view: `copied the store into ${file}, ${formatBytes(bytes)}` }
      },
  }),
}
