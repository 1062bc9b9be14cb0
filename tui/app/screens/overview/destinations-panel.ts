import { formatRate } from '../../../../shared/format/bytes.ts'
import { busiestDestinations, type Destination } from '../../store/destinations.ts'
import { lackOfRights } from '../../store/rights.ts'
import { isStale, type State } from '../../store/state.ts'
import { fitText } from '../../text.ts'
import type { Panel } from './panel.ts'

const numberColumns = 12

/** Where most is moved to and from now. */
export const destinationsPanel: Panel = ({ state, look, width, height }) => {
  const row = (what: string, ...numbers: string[]) => {
    const cells = numbers.map((number) => number.padStart(numberColumns)).join('')
    return ` ${fitText(what, width - 2 - cells.length, look.ellipsis)}${cells}`
  }
  const heading = { text: row('Busiest destinations', 'Conns', 'Down/s', 'Up/s'), style: look.theme.columns }
  const lack = lackOfRights(state, 'operator')
  if (lack !== null) return [heading, { text: ` They are ${lack}.`, style: look.theme.dim }]
  const style = isStale(state) ? look.theme.dim : undefined
  return [
    heading,
    ...destinations(state, height - 1).map(({ destination, connections, down, up }) => ({
      text: row(
        look.text(destination),
        String(connections),
        ...[down, up].map((rate) => formatRate(rate, state.rateUnit)),
      ),
      style,
    })),
  ]
}

function destinations({ connections: { now, before } }: State, most: number): readonly Destination[] {
  return busiestDestinations(now, before).slice(0, most)
}
