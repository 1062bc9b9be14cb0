import { type Logger, pino } from 'pino'
import { prettyFactory } from 'pino-pretty'

/** Bytes of log that a stuck reader of stderr may leave waiting; what comes after is lost rather than waited for. */
const maxUnwritten = 1024 * 1024

/** The log on stderr: for people when that is a terminal, one JSON object a line otherwise. */
export function openLog(level: string): Logger {
  const { stderr } = process
  const format = stderr.isTTY ? prettyFactory({ colorize: stderr.hasColors(), translateTime: 'SYS:HH:MM:ss' }) : String
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => void (stderr.writableLength < maxUnwritten && stderr.write(format(line))) },
  )
}
