import { type IPty, spawn } from '@lydell/node-pty'
import xterm, { type Terminal as Emulator } from '@xterm/headless'
import { longestWait } from './patience.ts'

export interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  /** The folder that it runs in; this process' own unless told. */
  readonly cwd?: string
  /** Added to the environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** How a program left its terminal. */
export interface Exit {
  readonly status: number
  /** The number of the signal that ended it; 0 if none did. */
  readonly signal: number
}

/** Run a program in a pseudo-terminal of its own. Dispose of it (`await using`) to end what still runs. */
export function openTerminal(program: string, args: readonly string[], options: TerminalOptions = {}): Terminal {
  return new Terminal(program, args, options)
}

/** A pseudo-terminal, and an emulator that shows what a person would see. */
export class Terminal {
  /** Resolves when all that the program wrote is on the screen, too. */
  readonly ended: Promise<Exit>
  /** All that the program wrote. */
  output = ''
  readonly emulator: Emulator
  readonly #pty: IPty
  readonly #waiting = new Set<() => void>()

  constructor(
    program: string,
    args: readonly string[],
    { columns = 80, rows = 24, cwd = process.cwd(), env = {} }: TerminalOptions,
  ) {
    this.emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true })
    this.#pty = spawn(program, [...args], {
      name: env.TERM ?? 'xterm-256color',
      cols: columns,
      rows,
      cwd,
      env: environment(env),
    })
    this.#pty.onData((data) => {
      this.output += data
      this.emulator.write(data, () => this.#look())
    })
    // Programs ask the terminal things; its answers come as if typed.
    this.emulator.onData((answer) => this.#pty.write(answer))
    this.ended = new Promise((resolve) =>
      this.#pty.onExit(({ exitCode, signal }) =>
        this.emulator.write('', () => resolve({ status: exitCode, signal: signal ?? 0 })),
      ),
    )
  }

  get pid(): number {
    return this.#pty.pid
  }

  /** The rows of the screen, without the spaces at their ends. */
  get lines(): string[] {
    const { active } = this.emulator.buffer
    return Array.from(
      { length: this.emulator.rows },
      (_, row) =>
        active
          .getLine(active.viewportY + row)
          ?.translateToString(true)
          .trimEnd() ?? '',
    )
  }

  get screen(): string {
    return this.lines.join('\n')
  }

  /** Whether a full-screen program has the screen. */
  get isAlternate(): boolean {
    return this.emulator.buffer.active.type === 'alternate'
  }

  /** Whether the cursor is to be seen (DECTCEM). */
  get hasCursor(): boolean {
    return this.output.lastIndexOf('\u001b[?25h') >= this.output.lastIndexOf('\u001b[?25l')
  }

  type(keys: string): void {
    this.#pty.write(keys)
  }

  resize(columns: number, rows: number): void {
    this.emulator.resize(columns, rows)
    this.#pty.resize(columns, rows)
  }

  /** Signal the program that was started. */
  signal(signal: NodeJS.Signals): void {
    this.#pty.kill(signal)
  }

  /** Wait until the screen has this; resolves to the match. Rejects with the screen if the program ends or time is up. */
  async shows(expected: RegExp): Promise<RegExpExecArray> {
    const match = () => expected.exec(this.screen)
    await this.until(() => match() !== null, `shows ${expected}`)
    return match() as RegExpExecArray
  }

  /** Wait until something holds of the screen; looked at after each output. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = () => {
      if (holds()) resolve()
    }
    const fail = (why: string) => reject(new Error(`${why}, and it never held that it ${what}:\n${this.screen}`))
    const timer = setTimeout(fail, longestWait, `${longestWait} ms went by`)
    void this.ended.then(({ status }) => fail(`the program ended with ${status}`))
    this.#waiting.add(look)
    this.#look()
    await promise.finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(look)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
    this.emulator.dispose()
  }

  /** Half a frame (between the marks of synchronized output) is not looked at. */
  #look(): void {
    if (this.emulator.modes.synchronizedOutputMode) return
    for (const look of this.#waiting) look()
  }
}

/**
 * CI, NO_COLOR and FORCE_COLOR are about the terminal that the tests run in, not about this one. What a person chose there
 * is not, either: no folder can be made below a device.
 */
function environment(changes: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const { CI, NO_COLOR, FORCE_COLOR, COLORTERM, COLORFGBG, ...rest } = process.env
  const wanted = Object.entries({ ...rest, LANG: 'C.UTF-8', XDG_STATE_HOME: '/dev/null', ...changes })
  // A variable that is undefined would be handed over as that word.
  return Object.fromEntries(wanted.filter(([, value]) => value !== undefined))
}
