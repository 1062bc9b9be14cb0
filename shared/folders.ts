import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The folder that holds the cookie and the Unix socket, the same for the daemon and its clients:
 * `/run/proxyd` for root, else `$XDG_RUNTIME_DIR/proxyd`, else a private folder under `$TMPDIR` or `/tmp`.
 */
export function runtimeDirectory(env: Record<string, string | undefined>, uid: number): string {
  if (uid === 0) return '/run/proxyd'
  if (env.XDG_RUNTIME_DIR) return join(env.XDG_RUNTIME_DIR, 'proxyd')
  return join(env.TMPDIR || '/tmp', `proxyd-${uid}`)
}

/** The person's own folder; undefined for a user without HOME that the system does not know, as in many a container. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined
  } catch {
    return undefined
  }
}
