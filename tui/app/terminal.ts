/** Why the app cannot run here, in words; null if it can. */
export function terminalProblem({
  stdin,
  stdout,
  env,
}: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'env'>): string | null {
  if (!stdin.isTTY || !stdout.isTTY) return 'the terminal app needs a terminal as input and output; scripts use --exec'
  if (env.TERM === 'dumb')
    return 'this terminal (TERM=dumb) cannot place text, which the terminal app needs; --exec works'
  return null
}

/**
 * Make Ink follow the person's wish about colors: it heeds FORCE_COLOR only, and only as it stands when Ink is loaded.
 * NO_COLOR goes, because Node warns, into the screen, about the two together.
 */
export function settleColors(env: NodeJS.ProcessEnv, color: boolean): void {
  if (color) return
  delete env.NO_COLOR
  env.FORCE_COLOR = '0'
}
