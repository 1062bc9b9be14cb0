import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { unixSocketName } from '../../shared/protocol/limits.ts'
import { type Client, connect } from '../../tui/client/index.ts'
import type { Running } from './servers.ts'

/** Manage a server of ours, as an admin. It may still be about to listen for that. */
export async function managed<T>(running: Running, act: (client: Client) => Promise<T>): Promise<T> {
  const path = join(running.folder, 'run', unixSocketName)
  while (!existsSync(path)) await setTimeout(20)
  const client = await connect({ kind: 'unix', path }, { timeoutMs: 30_000 })
  try {
    return await act(client)
  } finally {
    client.close()
  }
}
