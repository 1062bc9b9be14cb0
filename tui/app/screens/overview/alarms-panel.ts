import { alarms } from '../../store/alarms.ts'
import type { Panel } from './panel.ts'

/** What is wrong, a row each; the last row tells how many more there are. */
export const alarmsPanel: Panel = ({ state, look, height }) => {
  const all = alarms(state)
  const shown = all.length > height ? all.slice(0, height - 1) : all
  const rest = all.length - shown.length
  const texts = rest > 0 ? [...shown, `and ${rest} more`] : shown
  return texts.map((text) => ({ text: ` ! ${look.text(text)}`, style: look.theme.alarm }))
}
