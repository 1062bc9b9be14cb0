import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { showTimesIn } from '../../shared/format/time.ts'
import { followDaemon } from '../client/index.ts'
import { exitStatus } from '../exec/failure.ts'
import { judgeFor } from '../judge/judge.ts'
import type { AppOptions } from '../options/command-line.ts'
import { type NamedDaemon, titleOf } from '../options/daemons.ts'
import { targetsAt } from '../options/passwords.ts'
import { Daemon } from './link/daemon.ts'
import { Login } from './link/login.ts'
import { reacher } from './link/reach.ts'
import { rememberPreferences } from './preferences/remember.ts'
import { Store } from './store/store.ts'
import { settleColors, terminalProblem } from './terminal/abilities.ts'
import { backgroundBy, backgroundQuery } from './terminal/background.ts'
import { layGround } from './terminal/frame.ts'
import { TerminalInput } from './terminal/terminal-input.ts'
import { groundFor } from './themes/ground.ts'
import { lookOf } from './themes/look.ts'

/** Milliseconds between looks at the clock. */
const second = 1000

/**
 * How much larger than what is kept the heap may grow, in percent, before V8 looks for garbage. By itself it lets it grow to
 * four times that: each change among thousands of connections leaves tables behind that have lived long enough.
 */
const heapGrowth = 50

/** Run the terminal app until the person quits. Resolves to the exit status. */
export async function runApp({ daemons: named, colour, refresh, theme, mini, utc }: AppOptions): Promise<number> {
  const problem = terminalProblem(process)
  if (problem !== null) {
    process.stderr.write(`proxy-tui: ${problem}\n`)
    return exitStatus.usage
  }
  setFlagsFromString(`--heap-growing-percent=${heapGrowth}`)
  if (!utc) showTimesIn('local')
  const look = lookOf(process.env, colour)
  settleColors(process.env, look.depth)
  const store = new Store(named.map(titleOf), refresh)
  if (mini) store.dispatch({ type: 'mini' })
  const keepPreferences = rememberPreferences(store, process.env, theme)
  // Before Ink hears of a change, so that the frame for it has it.
  store.subscribe(() => layGround(groundFor(store.state.theme, store.state.background, look.depth)))
  const tick = () => store.feed(store.state.current, { type: 'tick', at: Date.now() })
  tick()
  const clock = setInterval(tick, second)
  const resize = () => {
    // Some terminals know their size only later, and say 0 until then.
    const { columns, rows } = process.stdout
    store.dispatch({ type: 'resize', columns: columns || 80, rows: rows || 24 })
  }
  resize()
  // Before Ink hears of it, so that Ink already finds the frame in the new size.
  process.stdout.on('resize', resize)
  // It connects while Ink is loaded.
  const login = new Login(store)
  const open = ({ places, readOnly }: NamedDaemon, at: number, ask: Login['ask']) => {
    const targets = targetsAt(places, (place) => ask(at, place))
    const judge = judgeFor((gap) => store.feed(at, { type: 'gap', gap }))
    return new Daemon(followDaemon(targets, { name: 'proxy-tui', judge }), store, at, readOnly)
  }
  const known = [...named]
  const daemons = known.map((daemon, at) => open(daemon, at, (...asked) => login.ask(...asked)))
  const reach = reacher({
    ...{ store, known },
    add(daemon) {
      const at = daemons.length
      known.push(daemon)
      store.dispatch({ type: 'addDaemon', place: titleOf(daemon) })
      daemons.push(open(daemon, at, login.reuse(at)))
      return at
    },
  })
  // Else the terminal would echo what is typed before Ink's first frame, and its answer.
  process.stdin.setRawMode(true)
  const input = new TerminalInput(process.stdin)
  store.dispatch({ type: 'background', background: backgroundBy(process.env) })
  // It answers while Ink is loaded, or later, or never: nothing waits for it.
  input.onBackground((background) => {
    store.dispatch({ type: 'background', background })
  })
  process.stdout.write(backgroundQuery(process.env))
  const [{ render }, { Root }] = await Promise.all([import('ink'), import('./root.tsx')])
  const screen = render(<Root store={store} daemons={daemons} login={login} reach={reach} look={look} />, {
    // It looks like a terminal, as far as Ink asks.
    stdin: input as unknown as NodeJS.ReadStream,
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
  clearInterval(clock)
  keepPreferences()
  for (const daemon of daemons) daemon.stop()
  if (faults.length === 0) return exitStatus.done
  process.stderr.write(`proxy-tui: a fault of ours: ${inspect(faults[0])}\n`)
  return exitStatus.refused
}
