import type { ReactElement } from 'react'
import { formatTime } from '../../../shared/format/time.ts'
import type { LogEntry } from '../../../shared/protocol/methods.ts'
import { Line } from '../components/line.tsx'
import { useLook } from '../components/look-context.ts'
import { entryText } from '../store/log.ts'
import { wrapText } from '../text.ts'

/** Rows for what was said. */
const textRows = 6

/** All of one entry of the log, as far as it fits. */
export function Entry({ entry, width }: { readonly entry: LogEntry; readonly width: number }): ReactElement {
  const look = useLook()
  return (
    <>
      <Line
        text={`${formatTime(entry.time)}  ${entry.level}  no. ${entry.seq}`}
        width={width}
        {...look.theme.heading}
      />
      {wrapText(look.text(entryText(entry)), width, textRows, look.ellipsis).map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is nothing but its place
        <Line key={at} text={line} width={width} />
      ))}
    </>
  )
}
