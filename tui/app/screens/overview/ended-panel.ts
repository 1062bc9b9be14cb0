import { formatTime } from '../../../../shared/format/time.ts'
import { wordFor } from '../../store/endings.ts'
import { lackOfRights } from '../../store/rights.ts'
import { isStale } from '../../store/state.ts'
import { fitText } from '../../text.ts'
import { nameOf } from './name-of.ts'
import type { Panel } from './panel.ts'

/** Terminal columns of when and why. */
const timeColumns = 9
const reasonColumns = 15

/** The connections that ended last, newest first: when, why, whose and where to. */
export const endedPanel: Panel = ({ state, look, width, height }) => {
  const userColumns = Math.floor((width - 2 - timeColumns - reasonColumns) * 0.4)
  const row = (time: string, reason: string, user: string, destination: string) => {
    const cells = [
      fitText(time, timeColumns, look.ellipsis),
      fitText(reason, reasonColumns, look.ellipsis),
      fitText(user, userColumns, look.ellipsis),
    ]
    return ` ${cells.join('')} ${destination}`
  }
  const heading = { text: row('Ended', 'Reason', 'User', 'Destination'), style: look.theme.columns }
  const lack = lackOfRights(state, 'operator')
  if (lack !== null) return [heading, { text: ` They are ${lack}.`, style: look.theme.dim }]
  const style = isStale(state) ? look.theme.dim : undefined
  const lines = (state.closed ?? []).slice(0, height - 1).map(({ ended, reason, user, destination }) => ({
    text: row(
      formatTime(ended).slice(11, 19),
      wordFor(reason),
      look.text(nameOf({ name: user })),
      look.text(destination ?? '-'),
    ),
    style,
  }))
  return [heading, ...lines]
}
