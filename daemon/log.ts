import { type Level, type Logger, pino } from 'pino'
import { safeText } from '../shared/format/safe-text.ts'
import type { LogEntry } from '../shared/protocol/methods.ts'
import type { Settings } from '../shared/settings.ts'
import { LogRing } from './log-ring.ts'
import { openOutput } from './output.ts'

/** The daemon's log: on stderr from a level on, and its newest lines in memory, from info on whatever that level is. */
export interface DaemonLog {
  readonly logger: Logger
  /** Its lines tell what operators did, and are marked so: they are for admins, as the audit is. */
  readonly audited: Pick<Logger, 'info'>
  readonly recorded: LogRing
  /** From now on. */
  setLevel(level: Settings['log-level']): void
}

/** The log on stderr: for people when that is a terminal, one JSON object a line otherwise. */
export async function openLog(level: Settings['log-level']): Promise<DaemonLog> {
  const { stderr } = process
  const { values } = pino.levels
  const format: (entry: Line) => string = stderr.isTTY
    ? await formatForPeople(stderr)
    : (entry) => `${JSON.stringify(entry)}\n`
  const output = openOutput(stderr, (lines) => logger.warn(`stderr did not take these lines of the log: ${lines}`))
  const recorded = new LogRing()
  let shown = level
  const logger: Logger = pino(
    {
      level: recordedFrom(level),
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line) {
        const entry = parseSafely(line)
        const isShown = values[entry.level] >= values[shown]
        if (isShown) output.write(format(entry))
        recorded.add(entryOf(entry))
      },
    },
  )
  return {
    logger,
    audited: logger.child({ audit: true }),
    recorded,
    setLevel(next) {
      shown = next
      logger.level = recordedFrom(next)
    },
  }
}

async function formatForPeople(terminal: NodeJS.WriteStream): Promise<(entry: Line) => string> {
  const { prettyFactory } = await import('pino-pretty')
  return prettyFactory({ colorize: terminal.hasColors(), translateTime: 'SYS:HH:MM:ss', ignore: 'audit' })
}

/** A line as pino writes it: its level, time and message, and what else was said. */
interface Line {
  readonly level: Level
  readonly time: string
  readonly msg?: string
  readonly audit?: true
  readonly [field: string]: unknown
}

/** Names, ids and messages come from others too: here is where all of them pass on their way to people. */
function parseSafely(line: string): Line {
  return JSON.parse(line, (name, value) => {
    if (typeof value !== 'string') return value
    return name === 'stack' ? value.split('\n').map(safeText).join('\n') : safeText(value)
  })
}

function recordedFrom(level: Settings['log-level']): 'debug' | 'info' {
  return level === 'debug' ? 'debug' : 'info'
}

function entryOf({ level, time, msg = '', audit, ...rest }: Line): Omit<LogEntry, 'seq'> {
  const fields = Object.entries(rest).map(([name, value]) => [name, textOf(value)])
  return {
    time: Date.parse(time),
    level: level === 'fatal' ? 'error' : level === 'trace' ? 'debug' : level,
    message: msg,
    ...(audit && { audit }),
    ...(fields.length > 0 && { fields: Object.fromEntries(fields) }),
  }
}

/** An error as what people read of it, which is its stack. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  const stack = typeof value === 'object' && value !== null && 'stack' in value ? value.stack : undefined
  return typeof stack === 'string' ? stack : JSON.stringify(value)
}
