import { inspect } from 'node:util'
import { followDaemon, type Target } from '../client/index.ts'
import { exitStatus } from '../exec/failure.ts'
import { Daemon } from './link/daemon.ts'
import { lookOf } from './look.ts'
import { placeOf } from './place.ts'
import { Store } from './store/store.ts'
import { settleColors, terminalProblem } from './terminal.ts'

interface AppOptions {
  /** Where the daemon may be, tried in this order. */
  readonly targets: readonly [Target, ...Target[]]
}

/** Run the terminal app until the person quits. Resolves to the exit status. */
export async function runApp({ targets }: AppOptions): Promise<number> {
  const problem = terminalProblem(process)
  if (problem !== null) {
    process.stderr.write(`proxy-tui: ${problem}\n`)
    return exitStatus.usage
  }
  const look = lookOf(process.env)
  settleColors(process.env, look.color)
  const store = new Store()
  const resize = () => {
    // Some terminals know their size only later, and say 0 until then.
    const { columns, rows } = process.stdout
    store.dispatch({ type: 'resize', columns: columns || 80, rows: rows || 24 })
  }
  resize()
  // Before Ink hears of it, so that Ink already finds the frame in the new size.
  process.stdout.on('resize', resize)
  // It connects while Ink is loaded.
  const daemon = new Daemon(followDaemon(targets, { name: 'proxy-tui' }), store)
  const [{ render }, { Root }] = await Promise.all([import('ink'), import('./root.tsx')])

  // Ink does so after its first frame, into which the terminal would echo what is typed before.
  process.stdin.setRawMode(true)
  const screen = render(<Root store={store} daemon={daemon} look={look} place={placeOf(targets)} />, {
    alternateScreen: true,
    incrementalRendering: true,
    // CI in the environment must not turn a real terminal into a log.
    interactive: true,
  })
  const faults: unknown[] = []
  process.on('uncaughtException', (fault) => {
    faults.push(fault)
    screen.unmount()
  })
  // It rejects if a component throws.
  await screen.waitUntilExit().catch((fault) => faults.push(fault))
  daemon.stop()
  if (faults.length === 0) return exitStatus.done
  process.stderr.write(`proxy-tui: a fault of ours: ${inspect(faults[0])}\n`)
  return exitStatus.refused
}
