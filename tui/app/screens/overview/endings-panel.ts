import { tallyEndings } from '../../store/endings.ts'
import { isStale } from '../../store/state.ts'
import { fitText } from '../../text.ts'
import type { Panel } from './panel.ts'

const minuteColumns = 6
const totalColumns = 8

/** Connections opened, ended and refused, by reason. */
export const endingsPanel: Panel = ({ state, look, width }) => {
  const row = (what: string, lastMinute: string, total: string) => {
    const numbers = lastMinute.padStart(minuteColumns) + total.padStart(totalColumns)
    return ` ${fitText(what, width - 1 - numbers.length, look.ellipsis)}${numbers}`
  }
  const style = isStale(state) ? look.theme.dim : undefined
  return [
    { text: row('Connections', '1 min', 'total'), style: look.theme.columns },
    ...tallyEndings(state.traffic.recent).map(({ what, lastMinute, total }) => ({
      text: row(look.text(what), String(lastMinute), String(total)),
      style,
    })),
  ]
}
