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
 * Bits of colour that the terminal says it can show: 1 for none, 4, 8 or 24. FORCE_COLOR wins, then COLORTERM, which is
 * how terminals tell of 24; what else is told by TERM's name. Terminals without any colour are hardly found any more.
 */
export function colourDepth({ FORCE_COLOR, COLORTERM, TERM = '' }: NodeJS.ProcessEnv): number {
  const forced = Object.entries(levels).find(([, level]) => level === FORCE_COLOR)
  if (forced) return Number(forced[0])
  if (/truecolor|24bit/.test(COLORTERM ?? '') || TERM.endsWith('-direct')) return 24
  if (/-mono$|-m$/.test(TERM)) return 1
  return /256/.test(TERM) ? 8 : 4
}

/** What FORCE_COLOR says for so many bits, as chalk, which colours for Ink, understands it. */
const levels: Readonly<Record<number, string>> = { 1: '0', 4: '1', 8: '2', 24: '3' }

/**
 * Make Ink use as much colour as we do: it heeds FORCE_COLOR only, and only as it stands when Ink is loaded. NO_COLOR
 * goes, because Node warns, into the screen, about the two together.
 */
export function settleColors(env: NodeJS.ProcessEnv, depth: number): void {
  delete env.NO_COLOR
  env.FORCE_COLOR = levels[depth] ?? '1'
}
